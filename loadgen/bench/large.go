package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gazua.example/loadgen/fill"
	"gazua.example/loadgen/internal/throwaway"
)

// What becomes of rate and p99 when the tables grow:
//
//	a stack of its own ─► for each size, from the smallest: fill up to it ─► warm up ─► open model, n times ─► closed, n times
//	                                                                        ─► looks at filled payments
//	                  ─► p99 of the largest over that of the smallest
//
// The sizes come one after another, since a table grows and does not shrink: what drifts on the machine meanwhile is in the
// ratio, and no taking of turns removes it. Therefore the disk is measured at each size, and the open rate is to be so low
// that nothing queues: the p99 then is that of the work, and not of the queue before it. The server is not restarted between
// fill and measurement, and finds itself as steady trade leaves it (large_warm.go).

// LargeOptions of `loadgen bench-large`.
type LargeOptions struct {
	Bin      string // our programs
	Servers  string // the folder of a stack whose downloaded servers are used
	Folder   string // of the bench; it is made
	Payments []int64
	Days     int
	Repeats  int
	Duration time.Duration // of a measurement
	Rate     int           // of the open model, payments/s
	Clients  int           // of the closed model
	Looks    int           // of 100 payments, those that are looked at once
	Old      int           // looks at filled payments
	Cold     bool          // payments find their keys' pages on the disk (see large_warm.go)
	Keep     bool          // the stack's folder
	Command  []string
	Progress io.Writer
}

// RunLarge measures. An error means that nothing was measured; what ends it later is in the report, which is marked incomplete
// then.
func RunLarge(ctx context.Context, o LargeOptions) (r *LargeReport, err error) {
	if o.Folder, err = filepath.Abs(o.Folder); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(o.Folder, "scenarios"), 0o755); err != nil {
		return nil, fmt.Errorf("make the bench's folder: %w", err)
	}
	r = &LargeReport{
		Schema: LargeSchema, Folder: o.Folder, Command: o.Command, Start: time.Now().UTC(), Days: o.Days, Repeats: o.Repeats, Duration: o.Duration.Seconds(),
		Rate: o.Rate, Clients: o.Clients, Looks: o.Looks, Cold: o.Cold, Incomplete: true,
	}
	if r.Machine, err = readMachine(o.Folder); err != nil {
		return nil, err
	}
	l := &large{LargeOptions: o, began: time.Now(), report: r}
	l.say("%s", r.Machine)
	if err := l.start(ctx); err != nil {
		return nil, err
	}
	l.drive(ctx)
	l.finish()
	return r, r.save()
}

// large is one on its way.
type large struct {
	LargeOptions
	began  time.Time
	stack  *throwaway.Stack
	report *LargeReport
}

// start brings the stack up as it is: its workers keep the filled days (RETENTION_DAYS, 90), and sweep keys as they get old.
func (l *large) start(ctx context.Context) error {
	offset, err := throwaway.FreeOffset()
	if err != nil {
		return err
	}
	l.stack, err = throwaway.Start(ctx, filepath.Join(l.Folder, "stack"), l.Bin, l.Servers, offset, settings(System, ""))
	return err
}

// drive goes through the sizes, and writes what is known after each.
func (l *large) drive(ctx context.Context) {
	for _, payments := range l.Payments {
		s := &Size{Payments: payments}
		l.report.Sizes = append(l.report.Sizes, s)
		err := l.size(ctx, s)
		l.report.conclude()
		if saved := l.report.save(); err == nil {
			err = saved
		}
		if ctx.Err() != nil {
			err = fmt.Errorf("stopped by hand")
		}
		if err != nil {
			l.report.Because = append(l.report.Because, err.Error())
			l.say("it ends here: %v", err)
			return
		}
	}
	l.report.Incomplete = false
}

// size fills up to one and measures there.
func (l *large) size(ctx context.Context, s *Size) error {
	l.say("filling up to %d payments", s.Payments)
	db, end, err := fill.Open(l.stack.File())
	if err != nil {
		return err
	}
	defer end()
	o := fill.Usual
	o.Payments, o.Days, o.Say = s.Payments, l.Days, l.Progress
	if s.Fill, err = fill.Fill(ctx, db, o); err != nil {
		return fmt.Errorf("fill up to %d payments: %w", s.Payments, err)
	}
	l.say("filled in %.0f s, %.0f bytes a payment", s.Fill.Seconds, s.Fill.BytesPerPayment())
	if l.report.Server, err = readServer(ctx, db); err != nil {
		return err
	}
	fsync, err := fsyncMedian(l.Folder)
	if err != nil {
		return err
	}
	s.Fsync = float64(fsync) / float64(time.Microsecond)
	open, closed := l.place(s, 0), l.place(s, l.Clients)
	if _, err := l.run(ctx, open, largeWarmUp, "--no-monitor"); err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	for _, p := range []Place{open, closed} {
		c := &LargeCell{Cell: Cell{Place: p}}
		s.Cells = append(s.Cells, c)
		for n := range l.Repeats {
			if err := l.measure(ctx, db, c, n+1); err != nil {
				return fmt.Errorf("measure %s at %d payments: %w", p.load(), s.Payments, err)
			}
		}
	}
	s.Old, err = l.lookAtOld(ctx, db)
	return err
}

// largeWarmUp is a load that is not measured: connections, and the pages that every payment needs.
const largeWarmUp = 5 * time.Second

func (l *large) place(s *Size, clients int) Place {
	p := Place{Section: fmt.Sprintf("large-%d", s.Payments), Mode: Sync, Legs: 1, Clients: clients, Contestant: System}
	if clients == 0 {
		p.Rate = float64(l.Rate)
	}
	return p
}

// finish ends the stack and concludes. The folders of the runs stay, the stack's goes: it holds gigabytes.
func (l *large) finish() {
	l.say("ending the stack")
	if err := l.stack.End(); err != nil {
		l.report.Because = append(l.report.Because, fmt.Sprintf("the stack did not end well: %v", err))
		l.say("%v", err)
	} else if !l.Keep {
		if err := l.stack.Remove(); err != nil {
			l.say("%v", err)
		}
	}
	l.report.Seconds = time.Since(l.began).Seconds()
	l.report.conclude()
}

func (l *large) say(format string, args ...any) {
	if l.Progress != nil {
		fmt.Fprintf(l.Progress, "%5.0f s  %s\n", time.Since(l.began).Seconds(), fmt.Sprintf(format, args...))
	}
}
