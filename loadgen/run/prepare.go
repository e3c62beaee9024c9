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
	plan, err := pace.New(o.Scenario.Stages)
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
	database, err := verify.OpenDatabase(ctx, o.Stack.MySQL)
	if err != nil {
		return nil, fmt.Errorf("the run could not be verified, so nothing was sent: %w", err)
	}
	r = &runner{
		stack: o.Stack, live: o.Live, out: o.Out, plan: plan, client: c, database: database, tally: record.NewTally(), receiver: receiver,
	}
	scope, err := preflight(ctx, &o.Stack, c, merchants, database)
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	scope.ReviewExpected, scope.LateBound = o.Scenario.LeadsToReview(), lateBound(o.Scenario.LongestLate())
	start := time.Now().Add(warmUp)
	folder, err := makeFolder(o.Runs, o.Scenario.Name, start)
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	r.result = &report.Result{
		Schema: report.Schema, Verdict: report.Unfinished, Run: newRunID(o.Scenario.Name), Folder: folder, Command: o.Command,
		Host: host(), Scenario: o.Scenario, Target: o.Stack.Target, Start: start.UTC(), Scope: scope,
	}
	if r.journal, err = record.Create(filepath.Join(folder, "journal.jsonl"), r.result.Run, start); err != nil {
		return nil, errors.Join(err, database.Close())
	}
	// Written now as well: a run whose process is killed can still be verified from its folder.
	if err := errors.Join(os.WriteFile(filepath.Join(folder, "scenario.yaml"), asRun(o), 0o644),
		report.Save(filepath.Join(folder, "result.json"), r.result)); err != nil {
		return nil, errors.Join(err, r.journal.Close(), database.Close())
	}
	r.logs, r.health = markLogs(o.Stack.Logs), startHealth()
	r.engine = NewEngine(&r.result.Scenario, plan, r.result.Run, merchants, c, r.journal, r.tally, start)
	receiver.Serve(r.engine.Called)
	return r, nil
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
