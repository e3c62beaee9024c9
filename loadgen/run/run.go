package run

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"gazua.example/loadgen/callback"
	"gazua.example/loadgen/client"
	"gazua.example/loadgen/pace"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/report"
	"gazua.example/loadgen/scenario"
	"gazua.example/loadgen/verify"
)

// Options of a run.
type Options struct {
	Scenario scenario.Scenario
	Text     []byte // the scenario's file, as it was read
	Stack    Stack
	Runs     string   // folder of runs
	Command  []string // as it was called
	Live     *report.Live
	Out      io.Writer // the report for people
}

// Run carries the scenario out. When load ends early the arrivals stop, and all the rest goes on: the wait for
// quiescence, the verification, the report. An error means that nothing was sent, or that there is no report.
func Run(load context.Context, o Options) (*report.Result, error) {
	r, err := prepare(load, o)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.database.Close() }() // it only read
	defer r.client.Close()
	r.live.Say("run %s: %d payments planned over %s against %s; its folder is %s",
		r.result.Run, r.plan.Total(), r.plan.Duration().Round(time.Millisecond), o.Stack.Target, r.result.Folder)

	r.drive(load)
	r.measure()
	r.judge()
	return r.result, r.write(o)
}

// runner is a run on its way.
type runner struct {
	stack    Stack
	live     *report.Live
	out      io.Writer
	plan     pace.Plan
	client   *client.Client
	database *verify.Database
	journal  *record.Journal
	tally    *record.Tally
	engine   *Engine
	receiver *callback.Receiver
	health   health
	logs     logMarks
	result   *report.Result
	spoilt   []string // why the run says nothing
}

// drive sends the load and waits for quiescence, showing how it goes.
func (r *runner) drive(load context.Context) {
	settle, abandon := context.WithCancel(context.Background())
	defer abandon()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.engine.Run(load, settle)
	}()
	watch := watcher{runner: r, begun: time.Now()}
	watch.until(r.engine.Arrived())
	r.result.Load = time.Since(r.result.Start).Seconds()
	r.result.Stopped = load.Err() != nil
	if r.result.Stopped {
		r.live.Say("stopped by hand: no more arrivals; waiting for quiescence, then verifying (once more: abort)")
	}
	r.result.Quiet = watch.settle()
	r.result.Settle = time.Since(r.result.Start).Seconds() - r.result.Load
	abandon()
	<-ended
	r.receiver.Close()
}

// measure closes the books of the generator itself and decides whether it spoilt the run.
func (r *runner) measure() {
	result, gate := r.result, r.result.Scenario.Gate
	if err := r.journal.Close(); err != nil {
		r.spoil("the journal is not complete: %v", err)
	}
	result.Counts = r.tally.Counts()
	result.Faults = r.tally.Groups()
	result.Latency = report.Latencies{
		SyncResponse: r.tally.SyncResponse.Whole(), Response: r.tally.Response.Whole(), Completion: r.tally.Completion.Whole(),
	}
	result.Generator = r.health.figures(r.tally.Lateness.Whole(), result.Counts.Requests())
	result.Rate = float64(result.Counts.Sent) / max(min(result.Load, r.plan.Duration().Seconds()), 0.001)

	if late := result.Generator.Lateness.P99; late > milliseconds(gate.LatenessP99) {
		r.spoil("the generator was late: p99 of planned → sent is %.1f ms, the bound is %s", late, gate.LatenessP99)
	}
	if c := result.Counts; float64(c.Unsent) > gate.Unsent*float64(c.Planned) {
		r.spoil("%d of %d arrivals found no place in the generator (max_in_flight, max_open), the bound is %.2f %%", c.Unsent, c.Planned, gate.Unsent*100)
	}
	if result.Counts.Accepted == 0 {
		r.spoil("not one payment was accepted, so nothing was tested")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	added, err := verify.Book{Admin: r.stack.PGAdmin}.AddedP99(ctx)
	if err != nil {
		r.spoil("what the mock PG added is not known: %v", err)
	}
	if result.PGAddedP99 = milliseconds(added); added > gate.PGAddedP99 {
		r.spoil("the mock PG was the bottleneck, so the run is void: it added %.1f ms at p99, the bound is %s", result.PGAddedP99, gate.PGAddedP99)
	}
}

// judge has the verifier look at what the run left behind.
func (r *runner) judge() {
	r.live.Say("verifying")
	ctx := context.Background()
	newest, err := r.database.NewestPayment(ctx)
	if err != nil {
		r.spoil("the run could not be verified: %v", err)
	} else {
		r.result.Scope.ToID = newest
		verdict, err := Judge(ctx, r.result, r.database, &r.stack)
		if err != nil {
			r.spoil("the run could not be verified: %v", err)
		} else {
			report.Table(r.out, verdict)
		}
	}
	r.result.Conclude(r.spoilt)
}

// Judge verifies a run's folder, writes verify.json and takes the findings into the result.
func Judge(ctx context.Context, result *report.Result, database *verify.Database, stack *Stack) (*verify.Verdict, error) {
	verdict, err := verify.Verify(ctx, verify.Sources{
		Journal: filepath.Join(result.Folder, "journal.jsonl"), Database: database, Book: verify.Book{Admin: stack.PGAdmin},
		Statement: verify.Statement{URL: stack.PG},
	}, result.Scope)
	if err != nil {
		return nil, err
	}
	result.Judged(verdict)
	return verdict, report.Save(filepath.Join(result.Folder, "verify.json"), verdict)
}

func (r *runner) write(o Options) error {
	if err := copyLogs(o.Stack.Logs, filepath.Join(r.result.Folder, "logs"), r.logs); err != nil {
		r.live.Say("not all logs could be copied: %v", err)
	}
	report.Text(o.Out, r.result)
	report.Reasons(o.Out, r.result)
	return report.Save(filepath.Join(r.result.Folder, "result.json"), r.result)
}

func (r *runner) spoil(format string, args ...any) {
	r.spoilt = append(r.spoilt, fmt.Sprintf(format, args...))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
