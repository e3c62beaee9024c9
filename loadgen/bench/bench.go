// Package bench sets the system beside what it is to be measured by, in one run on one machine: the raw ceiling, the plain
// way, the system before. docs/bench.md tells what each of them is.
//
//	plan (pure) ─► turns: switch the programs ─► warm up ─► measurements, each a whole `loadgen run` with its verdict
//	                    └─ raw: no switch, `loadgen bench-raw` writes the rows
//	           ─► cells: mean and interval of the repeats ─► ratios by pairs ─► bench.json, a text, a page
//
// Everything happens on one throw-away stack: all contestants meet the same server, the same disk and tables of the same
// size. No throughput is told without its verdict.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gazua.example/loadgen/internal/throwaway"
)

// Options of a bench.
type Options struct {
	Bin         string // our programs
	Servers     string // the folder of a stack whose downloaded servers are used
	Folder      string // of the bench; it is made
	Repeats     int
	Duration    time.Duration // of a measurement
	Clients     []int
	Legs        []int
	Modes       []string
	Contestants []string
	Sections    []string
	Quick       bool
	Keep        bool // the stack's folder
	Command     []string
	Progress    io.Writer
}

// Run carries the plan out. An error means that nothing was measured; what ends it later is in the report, which is marked
// incomplete then. When ctx ends, the measurement that goes on is dropped.
func Run(ctx context.Context, o Options) (r *Report, err error) {
	folder, err := filepath.Abs(o.Folder)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(folder, "scenarios"), 0o755); err != nil {
		return nil, fmt.Errorf("make the bench's folder: %w", err)
	}
	b := &bench{Options: o, began: time.Now(), turns: plan(o), report: &Report{
		Schema: Schema, Folder: o.Folder, Command: o.Command, Start: time.Now().UTC(), Quick: o.Quick, Repeats: o.Repeats,
		Duration: o.Duration.Seconds(), Contestants: map[string]string{}, Skipped: map[string]string{}, Incomplete: true,
	}}
	b.Folder = folder
	for _, t := range b.turns {
		b.report.Contestants[t.contestant] = what[t.contestant]
	}
	if b.report.Machine, err = readMachine(folder); err != nil {
		return nil, err
	}
	b.say("%s", b.report.Machine)
	if err := b.start(ctx); err != nil {
		return nil, err
	}
	b.drive(ctx)
	b.finish()
	return b.report, b.report.save()
}

// bench is one on its way.
type bench struct {
	Options
	began   time.Time
	up      time.Time // the stack was
	turns   []turn
	stack   *throwaway.Stack
	sink    *sink
	running string // the contestant whose programs run, "" when nobody knows
	done    int    // measurements
	report  *Report
}

// start brings the stack up with the programs of whoever is first.
func (b *bench) start(ctx context.Context) (err error) {
	offset, err := throwaway.FreeOffset()
	if err != nil {
		return err
	}
	if b.sink, err = startSink(); err != nil {
		return err
	}
	b.say("starting a stack of its own; %d measurements, about %s", b.measurements(), (takes(b.turns, b.Options, "") + 10*time.Second).Round(10*time.Second))
	first := System
	for _, t := range b.turns {
		if t.contestant == System || t.contestant == Plain {
			first = t.contestant
			break
		}
	}
	b.stack, err = throwaway.Start(ctx, filepath.Join(b.Folder, "stack"), b.Bin, b.Servers, offset, settings(first, b.sink.url))
	if err != nil {
		b.sink.stop()
		return err
	}
	b.running, b.up = first, time.Now()
	return nil
}

// drive carries the turns out, and writes what is known after each measurement.
func (b *bench) drive(ctx context.Context) {
	warm := ""
	for i, t := range b.turns {
		if ctx.Err() != nil {
			b.stopped("stopped by hand")
			return
		}
		if _, skipped := b.report.Skipped[t.contestant]; skipped {
			b.done += len(t.steps)
			continue
		}
		if t.contestant != Raw {
			if err := b.switchTo(ctx, t.contestant); err != nil {
				if !b.mayMiss(ctx, t.contestant, err) {
					b.stopped(err.Error())
					return
				}
				b.done += len(t.steps)
				continue
			}
			if warm != t.contestant {
				b.warmUp(ctx, t)
				warm = t.contestant
			}
		}
		for k, s := range t.steps {
			if err := b.measure(ctx, s); err != nil {
				if ctx.Err() != nil {
					err = errors.New("stopped by hand")
				}
				b.stopped(err.Error())
				return
			}
			b.tell(s, append([]turn{{t.contestant, t.steps[k+1:]}}, b.turns[i+1:]...))
		}
	}
	b.report.Incomplete = false
}

// mayMiss says whether the bench goes on without this one: legacy is of the past, and the rest is worth having without it.
func (b *bench) mayMiss(ctx context.Context, contestant string, err error) bool {
	b.running = ""
	if contestant != Legacy || ctx.Err() != nil {
		return false
	}
	b.report.Skipped[contestant] = err.Error()
	b.say("without legacy: %v", err)
	return true
}

func (b *bench) stopped(why string) {
	b.report.Because = append(b.report.Because, why)
	b.say("it ends here: %s", why)
}

// finish ends the stack and concludes. The folders of the runs stay, the stack's goes: it holds gigabytes.
func (b *bench) finish() {
	b.sink.stop()
	b.say("ending the stack (a second Ctrl-C would leave it running: STACK_DIR=%s bin/stack down)", b.stack.Folder)
	if err := b.stack.End(); err != nil {
		b.report.Because = append(b.report.Because, fmt.Sprintf("the stack did not end well: %v", err))
		b.say("%v", err)
	} else if !b.Keep {
		if err := b.stack.Remove(); err != nil {
			b.say("%v", err)
		}
	}
	b.report.Seconds = time.Since(b.began).Seconds()
	b.report.conclude()
}
