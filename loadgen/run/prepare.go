package run

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gazua.example/loadgen/callback"
	"gazua.example/loadgen/client"
	"gazua.example/loadgen/pace"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/report"
	"gazua.example/loadgen/verify"
)

// warmUp lies between the start of the run's clock and its first arrival.
const warmUp = 50 * time.Millisecond

func prepare(ctx context.Context, o Options) (r *runner, err error) {
	system := report.Renewed
	if o.Legacy {
		system = report.Legacy
		if err := fitsLegacy(&o.Scenario); err != nil {
			return nil, err
		}
	}
	plan, err := pace.New(o.Scenario.Stages, o.Scenario.Seed)
	if err != nil {
		return nil, err
	}
	merchants, err := readMerchants(o.Stack.MerchantsFile, o.Scenario.Merchants)
	if err != nil {
		return nil, err
	}
	keys, called := make([]string, len(merchants)), make([]callback.Merchant, len(merchants))
	for i, m := range merchants {
		keys[i], called[i] = m.Key, callback.Merchant{ID: m.ID, Secret: m.Secret}
	}
	c, err := client.New(o.Stack.Target, keys, o.Scenario.Client)
	if err != nil {
		return nil, err
	}
	receiver, err := callback.Listen(o.Stack.Callbacks, called, o.Scenario.Refuse)
	if err != nil {
		return nil, fmt.Errorf("nothing was sent: %w", err)
	}
	defer func() {
		if err != nil {
			receiver.Close()
		}
	}()
	database, err := OpenDatabase(ctx, o.Stack.MySQL, system)
	if err != nil {
		return nil, fmt.Errorf("the run could not be verified, so nothing was sent: %w", err)
	}
	r = &runner{
		stack: o.Stack, live: o.Live, out: o.Out, plan: plan, client: c, database: database, tally: record.NewTally(), receiver: receiver,
	}
	scope, err := preflight(ctx, &o.Stack, c, merchants, database)
	if err == nil && !o.Legacy { // whose payments are never archived
		scope.Census, err = takeCensus(ctx, database)
	}
	if err == nil {
		scope.ReviewExpected, scope.LateBound = o.Scenario.LeadsToReview(), lateBound(o.Scenario.LongestLate())
		scope.RescueExpected = o.Scenario.Away
		err = r.begin(o, merchants, scope)
	}
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	return r, nil
}

// begin makes the run's folder with all that is written as it goes on, and the engine.
func (r *runner) begin(o Options, merchants []Merchant, scope verify.Scope) (err error) {
	r.result = &report.Result{
		Schema: report.Schema, Verdict: report.Unfinished, Tag: o.Tag, Run: newRunID(o.Scenario.Name), Command: o.Command, System: systemOf(r.database),
		Model: string(o.Scenario.Model), Scenario: o.Scenario, Target: o.Stack.Target, Scope: scope,
		Host: host(o.Stack.BedCPUs, o.Stack.MySQL), Stack: processes(o.Stack.RunDir), // hashes files: before the clock starts
	}
	start := time.Now().Add(warmUp)
	r.result.Start = start.UTC()
	if r.result.Folder, err = makeFolder(o.Runs, o.Scenario.Name, start); err != nil {
		return err
	}
	if r.journal, err = record.Create(filepath.Join(r.result.Folder, "journal.jsonl"), r.result.Run, start); err != nil {
		return err
	}
	series, err := record.CreateSeries(r.result.Folder, r.result.Run, start, r.tally)
	if err != nil {
		return errors.Join(err, r.journal.Close())
	}
	// Written now as well: a run whose process is killed can still be verified from its folder.
	if err := errors.Join(
		os.WriteFile(filepath.Join(r.result.Folder, "scenario.yaml"), asRun(o), 0o644),
		report.Save(filepath.Join(r.result.Folder, "result.json"), r.result),
		markStages(r.result.Folder, r.plan),
		markFaults(r.result.Folder, o.Scenario.Faults),
		planFaults(verify.Addresses(o.Stack.PGAdmin), o.Scenario.Faults, start),
	); err != nil {
		return errors.Join(err, series.Close(), r.journal.Close())
	}
	r.logs, r.health = markLogs(o.Stack.Logs), startHealth()
	r.engine = NewEngine(&r.result.Scenario, r.plan, r.result.Run, merchants, r.client, r.journal, r.tally, start)
	r.startMonitor(o.MonitorStack, start)
	r.dumper = newDumper(o.MonitorStack, r.result.Folder)
	r.sampler = startSampler(series, r.engine, r.plan, start)
	r.receiver.Serve(r.engine.Called)
	return nil
}

// markStages marks where each stage begins and ends on the time axis.
func markStages(folder string, plan pace.Plan) error {
	begun := time.Duration(0)
	for _, stage := range plan.Stages() {
		end := begun + stage.Duration
		if err := record.AppendMarker(folder, record.Marker{T: begun.Seconds(), Until: end.Seconds(), Kind: record.StageMarker, Text: stage.Name}); err != nil {
			return err
		}
		begun = end
	}
	return nil
}

// lateBound is what the verifier is told of charges that come late: nothing, where its own bound is wide enough.
func lateBound(late time.Duration) time.Duration {
	if late <= 10*time.Second {
		return 0
	}
	return late
}

// asRun is the scenario's file with the call above it, which may have changed what the file says; result.json has both
// put together.
func asRun(o Options) []byte {
	return append([]byte("# as run by: "+strings.Join(o.Command, " ")+"\n"), o.Text...)
}

// newRunID keeps the order ids and keys of two runs apart, also of two that start in the same moment elsewhere.
func newRunID(scenario string) string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails
	return scenario + "-" + hex.EncodeToString(b[:])
}
