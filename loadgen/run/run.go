package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"gazua.example/loadgen/callback"
	"gazua.example/loadgen/client"
	"gazua.example/loadgen/monitor"
	"gazua.example/loadgen/pace"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/report"
	"gazua.example/loadgen/report/page"
	"gazua.example/loadgen/scenario"
	"gazua.example/loadgen/verify"
)

// Options of a run.
type Options struct {
	Scenario scenario.Scenario
	Text     []byte // the scenario's file, as it was read
	Stack    Stack
	Runs     string // folder of runs
	Tag      string // name of what this run is a repeat of, may be empty
	Legacy   bool   // the target is the system before the renewal

	// MonitorStack is the stack's file for the monitor, a process that is started beside the run. Empty: there is none.
	MonitorStack string

	Begun func(*report.Result) // called when the run has its folder and its clock, before the first arrival; may be nil

	Command []string // as it was called
	Live    *report.Live
	Out     io.Writer // the report for people
}

// ErrEnough is the cause with which a caller ends the load as planned: the run is not one that was stopped by hand.
var ErrEnough = errors.New("the load has lasted as long as it should")

// Run carries the scenario out. When load ends early the arrivals stop, and all the rest goes on: the wait for
// quiescence, the verification, the report. An error means that nothing was sent, or that there is no report.
func Run(load context.Context, o Options) (*report.Result, error) {
	r, err := prepare(load, o)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.database.Close() }() // it only read
	defer r.client.Close()
	r.live.Say("run %s: %s planned over %s against %s; its folder is %s",
		r.result.Run, r.engine.planned(), r.plan.Duration().Round(time.Millisecond), o.Stack.Target, r.result.Folder)

	if o.Begun != nil {
		o.Begun(r.result)
	}
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
	sampler  *sampler
	monitor  *monitor.Child // nil: there is none
	dumper   *dumper
	logs     logMarks
	result   *report.Result
	spoilt   []string // why the run says nothing
}

// drive sends the load and waits for quiescence, showing how it goes.
func (r *runner) drive(load context.Context) {
	settle, abandon := context.WithCancel(context.Background())
	defer abandon()
	ended, before := make(chan struct{}), readStalls()
	go func() {
		defer close(ended)
		r.engine.Run(load, settle)
	}()
	watch := watcher{runner: r}
	watch.until(r.engine.Arrived())
	r.sampler.arrived(time.Now())
	r.result.Pressure = readStalls().since(before)
	r.result.Load = time.Since(r.result.Start).Seconds()
	r.result.Stopped = load.Err() != nil && !errors.Is(context.Cause(load), ErrEnough)
	if r.result.Stopped {
		r.live.Say("stopped by hand: no more arrivals; waiting for quiescence, then verifying (once more: abort)")
	}
	r.result.Quiet = watch.settle()
	r.result.Settle = time.Since(r.result.Start).Seconds() - r.result.Load
	abandon()
	<-ended
	if err := r.dumper.wait(); err != nil {
		r.live.Say("the goroutines could not be dumped when the alarm rang: %v", err)
	}
	r.receiver.Close()
	if err := r.sampler.stop(); err != nil {
		r.spoil("the series is not complete: %v", err)
	}
	r.stopMonitor()
	if err := endFaults(verify.Addresses(r.stack.PGAdmin), r.result.Scenario.Faults); err != nil {
		r.live.Say("%v", err)
	}
}

// measure closes the books of the generator itself and decides whether it spoilt the run.
func (r *runner) measure() {
	result := r.result
	if err := r.journal.Close(); err != nil {
		r.spoil("the journal is not complete: %v", err)
	}
	result.Counts, result.Faults, result.Async = r.tally.Counts(), r.tally.Groups(), r.sampler.async
	result.Latency = report.Latencies{
		SyncResponse: r.tally.SyncResponse.Whole(), Response: r.tally.Response.Whole(), Completion: r.tally.Completion.Whole(),
		Own: r.tally.Own.Whole(),
	}
	result.Generator = r.health.figures(r.tally.Lateness.Whole(), result.Counts.Requests())
	result.Rate = float64(result.Counts.Sent) / max(min(result.Load, r.plan.Duration().Seconds()), 0.001)
	if result.Counts.Accepted == 0 {
		r.spoil("not one payment was accepted, so nothing was tested")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	added, err := verify.Book{Admin: verify.Addresses(r.stack.PGAdmin)}.AddedP99(ctx)
	if err != nil {
		r.spoil("what the mock PG added is not known: %v", err)
	}
	result.PGAddedP99 = milliseconds(added)
	if result.Efficiency, err = report.MeasureEfficiency(result.Folder, result.Load, result.Counts.Sent); err != nil {
		r.live.Say("the monitor's figures cannot be read, so what a payment costs is not known: %v", err)
	}
	result.Hold(result.Scenario.Gate)
	open, errands := r.engine.Open()
	result.Conserve(report.Balance(result.Counts, open, errands)...)
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
			r.result.Conserve(report.Journaled(r.result.Counts, verdict)...)
			report.Table(r.out, verdict)
		}
	}
	r.result.Conclude(r.spoilt)
}

// Judge verifies a run's folder, writes verify.json and takes the findings into the result.
func Judge(ctx context.Context, result *report.Result, database *verify.Database, stack *Stack) (*verify.Verdict, error) {
	verdict, err := verify.Verify(ctx, verify.Sources{
		Journal: filepath.Join(result.Folder, "journal.jsonl"), Database: database, Book: verify.Book{Admin: verify.Addresses(stack.PGAdmin)},
		Statement: verify.Statement{URL: verify.Addresses(stack.PG)}, Kafka: verify.Kafka{Brokers: verify.Addresses(stack.Kafka)}, Archive: stack.Archive,
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
	if err := report.Save(filepath.Join(r.result.Folder, "result.json"), r.result); err != nil {
		return err
	}
	path, err := page.Write(r.result.Folder)
	if err != nil {
		r.live.Say("the run's page could not be written, `loadgen report` tries again: %v", err)
		return nil // the result stands
	}
	fmt.Fprintf(o.Out, "\n  page: %s\n", path)
	return nil
}

func (r *runner) spoil(format string, args ...any) {
	r.spoilt = append(r.spoilt, fmt.Sprintf(format, args...))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
