package run

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/report"
	"gazua.example/loadgen/scenario"
)

func options(t *testing.T, x *system, s scenario.Scenario) (Options, *bytes.Buffer) {
	out := &bytes.Buffer{}
	progress, err := os.Create(filepath.Join(t.TempDir(), "progress"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = progress.Close() })
	// A busy machine is no fault of what is tested here.
	s.Gate = scenario.Gate{LatenessP99: time.Hour, Unsent: s.Gate.Unsent, PGAddedP99: s.Gate.PGAddedP99, CPUPressure: 1, GeneratorCPU: 100, GCPause: time.Hour}
	return Options{
		Scenario: s, Text: []byte("name: small\n"), Stack: x.stack, Runs: filepath.Join(t.TempDir(), "runs"),
		Live: report.NewLive(progress, time.Second), Out: out,
	}, out
}

var lastLine = regexp.MustCompile(`^verdict=\w+ payments=\d+ rate=[\d.]+ p99_ms=[\d.]+ lost=\d+ duplicated=\d+ unsettled=\d+ violations=\d+ report=\S+/result\.json$`)

func TestRun_HonestSystem_PassesAndWritesItsFolder(t *testing.T) {
	x := newSystem(t)
	o, _ := options(t, x, small(100, 500*time.Millisecond, 0.5))
	o.Stack.Logs = t.TempDir()
	log := filepath.Join(o.Stack.Logs, "payment-api-1.log")
	if err := os.WriteFile(log, []byte("before the run\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	x.slow = func(int) { _ = os.WriteFile(log, []byte("before the run\nduring the run\n"), 0o644) }
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if result.Verdict != report.Pass || result.ExitCode() != 0 || result.Counts.Paid != 100 || !result.Quiet {
		t.Fatalf("%s, exit %d, %d paid, reasons %q", result.Verdict, result.ExitCode(), result.Counts.Paid, result.Reasons)
	}
	if !lastLine.MatchString(result.Line()) {
		t.Errorf("the last line is %q", result.Line())
	}
	for _, file := range []string{"result.json", "verify.json", "journal.jsonl", "scenario.yaml"} {
		if _, err := os.Stat(filepath.Join(o.Runs, "latest", file)); err != nil {
			t.Error(err)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(result.Folder, "logs", "payment-api-1.log")); string(text) != "during the run\n" {
		t.Errorf("the copied log is %q", text)
	}
	saved, err := report.Load(filepath.Join(o.Runs, "latest"))
	if err != nil || saved.Verdict != report.Pass || !reflect.DeepEqual(saved.Scope, result.Scope) {
		t.Errorf("read back: %+v, %v", saved, err)
	}
}

func TestRun_PGChargedTwice_FailsAndNamesThePayment(t *testing.T) {
	x := newSystem(t)
	x.charges = func(number int) int {
		if number == 20 {
			return 2
		}
		return 1
	}
	o, out := options(t, x, small(50, 250*time.Millisecond, 0))
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if result.Verdict != report.Fail || result.ExitCode() != 1 || result.Violated(1) != 1 {
		t.Fatalf("%s, exit %d: %+v", result.Verdict, result.ExitCode(), result.Invariants)
	}
	if want := "payment 1125899990728704"; !strings.Contains(out.String(), want) {
		t.Errorf("the report does not name %s:\n%s", want, out)
	}
}

// All that merchants do, against a system that keeps its promises: judged by the verifier, with nothing to be said.
func TestRun_EverySequel_OfAnHonestSystemPasses(t *testing.T) {
	x := newSystem(t)
	s := small(150, time.Second, 0.5)
	s.Cancel, s.Replay, s.ReuseKey, s.SameOrder, s.Refuse = 0.6, 0.4, 0.2, 0.2, 0.3
	s.Client.Timeout, s.Client.Deadline, s.Settle = 30*time.Second, time.Minute, time.Minute // a busy machine is no fault
	o, out := options(t, x, s)
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if result.Verdict != report.Pass || !result.Quiet {
		t.Fatalf("%s, quiet %v, reasons %q, faults %+v\n%s", result.Verdict, result.Quiet, result.Reasons, result.Faults, out)
	}
	c := result.Counts
	if c.Paid != 150 || c.Cancels.Succeeded == 0 || c.Cancels.Rejected == 0 || c.Cancels.Pending+c.Cancels.GaveUp+c.Cancels.Failed != 0 ||
		c.Probes.Answered == 0 || c.Probes.Answered != c.Probes.Sent || c.Callbacks.Refused == 0 || c.Callbacks.Untaken != 0 {
		t.Errorf("%+v", c)
	}
	if c.Callbacks.Received < 75 || len(result.Faults) > 0 {
		t.Errorf("%d callbacks, faults %+v", c.Callbacks.Received, result.Faults)
	}
}

func TestRun_PGGivesBackTooMuch_Fails(t *testing.T) {
	x := newSystem(t)
	x.refunds = func(number int) int64 { return int64(number / 20) }
	s := small(30, 200*time.Millisecond, 0)
	s.Cancel = 1
	o, _ := options(t, x, s)
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if result.Verdict != report.Fail || result.Violated(4) == 0 {
		t.Errorf("%s: %+v", result.Verdict, result.Invariants)
	}
}

func TestRun_CallbackOutstanding_IsNotQuiescent(t *testing.T) {
	x := newSystem(t)
	s := small(5, 20*time.Millisecond, 0)
	s.Settle = 1500 * time.Millisecond
	o, _ := options(t, x, s)
	x.slow = func(int) {
		x.exec(`REPLACE INTO callback (payment_id, version, merchant_id, type, body, state, created_at) VALUES (?, 99, 1, '-', '{}', 'PENDING', NOW(6))`, systemFirstID)
	}
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if result.Quiet {
		t.Error("a callback is still to be sent, and the run counts as settled")
	}
}

// When all has ended a charge may still be on its way: a book that is read before it has arrived says too little.
func TestRun_LateCharges_AreWaitedFor(t *testing.T) {
	x := newSystem(t)
	s := small(5, 20*time.Millisecond, 0)
	s.Means[scenario.PG] = scenario.Behaviour{
		Delay: "fixed/1ms", Wants: map[string][]scenario.Outcome{"charge": {{Text: "late/1500ms", Share: 0.5}}},
	}
	o, _ := options(t, x, s)
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !result.Quiet || result.Settle < 1.5 {
		t.Errorf("quiet %v after %.1f s, and a charge may come 1.5 s late", result.Quiet, result.Settle)
	}
}

func TestRun_GeneratorOutOfPlaces_IsInvalid(t *testing.T) {
	x := newSystem(t)
	x.slow = func(int) { time.Sleep(20 * time.Millisecond) }
	s := small(50, 100*time.Millisecond, 0)
	s.Client.MaxInFlight = 2
	o, _ := options(t, x, s)
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if result.Verdict != report.Invalid || result.ExitCode() != 3 || !strings.Contains(strings.Join(result.Reasons, " "), "max_in_flight") {
		t.Errorf("%s, exit %d, reasons %q", result.Verdict, result.ExitCode(), result.Reasons)
	}
}

func TestRun_StoppedByHand_StillVerifiesAndReports(t *testing.T) {
	x := newSystem(t)
	o, _ := options(t, x, small(20_000, 100*time.Second, 0.5))
	load, stop := context.WithCancel(t.Context())
	defer stop()
	x.slow = func(answered int) {
		if answered == 30 {
			stop()
		}
	}
	result, err := Run(load, o)
	if err != nil {
		t.Fatal(err)
	}
	if !result.Stopped || result.Verdict != report.Pass || result.Counts.Sent == 0 || result.Counts.Pending != 0 {
		t.Errorf("stopped %v, %s, %+v, reasons %q", result.Stopped, result.Verdict, result.Counts, result.Reasons)
	}
}

func TestRun_NeverQuiescent_EndsAtTheBoundAndFails(t *testing.T) {
	x := newSystem(t)
	s := small(10, 50*time.Millisecond, 0)
	s.Settle = 1200 * time.Millisecond
	o, _ := options(t, x, s)
	x.slow = func(int) { x.exec("REPLACE INTO open_payment (payment_id, due_at) VALUES (?, NOW(6))", systemFirstID) }
	began := time.Now()
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if result.Quiet || result.Verdict != report.Fail || result.Violated(6) != 1 {
		t.Errorf("quiet %v, %s: %+v", result.Quiet, result.Verdict, result.Invariants)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the bound is 1.2 s, it took %v", took)
	}
}

func TestRun_PartThatDoesNotAnswer_SendsNothing(t *testing.T) {
	for name, spoil := range map[string]func(o *Options){
		"does not answer (refused)":   func(o *Options) { o.Stack.Target = "http://127.0.0.1:1" },
		"refuses the API key":         func(o *Options) { o.Stack.MerchantsFile = wrongKeys(t) },
		"book cannot be read":         func(o *Options) { o.Stack.PGAdmin = "http://127.0.0.1:1" },
		"statements cannot be read":   func(o *Options) { o.Stack.PG = "http://127.0.0.1:1" },
		"could not be verified":       func(o *Options) { o.Stack.MySQL = "verifier:x@tcp(127.0.0.1:1)/payment" },
		"which CALLBACK_LISTEN names": func(o *Options) { o.Stack.Callbacks = strings.TrimPrefix(o.Stack.Target, "http://") },
		"MERCHANTS_FILE":              func(o *Options) { o.Stack.MerchantsFile = "/nowhere" },
	} {
		x := newSystem(t)
		o, _ := options(t, x, small(10, 50*time.Millisecond, 0))
		spoil(&o)
		_, err := Run(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want an error with %q, got %v", name, err)
		}
		if len(x.answers) > 0 {
			t.Errorf("%s: something was sent", name)
		}
		if _, err := os.Stat(o.Runs); err == nil {
			t.Errorf("%s: a run's folder was made", name)
		}
	}
}

func wrongKeys(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "merchants.json")
	if err := os.WriteFile(path, []byte(`[{"id":1,"name":"a","api_key":"x"},{"id":2,"name":"b","api_key":"y"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
