package run

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/report"
	"gazua.example/loadgen/scenario"
)

// What a run leaves behind: each of its files can be read, and they agree with each other.
func TestRun_FilesAgreeWithTheResult(t *testing.T) {
	x := newSystem(t)
	s := small(120, 1200*time.Millisecond, 0.5)
	s.Cancel, s.Replay = 0.5, 0.3
	o, _ := options(t, x, s)
	o.Tag = "nightly"
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	holdsSchema(t, filepath.Join(result.Folder, "result.json"))
	if result.Tag != "nightly" || result.Model != "open" || !result.Conservation.Holds || len(result.Gate) != 6 || result.Host.Versions["go"] == "" {
		t.Errorf("%+v", result)
	}
	agreesWithSeries(t, result)
	for name, f := range map[string]record.Figures{
		"sync": result.Latency.SyncResponse, "response": result.Latency.Response, "completion": result.Latency.Completion,
		"own": result.Latency.Own, "lateness": result.Generator.Lateness,
	} {
		whole, err := record.Whole(result.Folder, name)
		if err != nil || whole.TotalCount() != f.Count || f.Count > 0 && float64(whole.ValueAtQuantile(99)/1000)/1000 != f.P99 {
			t.Errorf("%s: the log has %v, the result %+v, %v", name, whole, f, err)
		}
	}
	markers, err := record.ReadMarkers(result.Folder)
	want := []record.Marker{{T: 0, Until: 1.2, Kind: record.StageMarker, Text: s.Stages[0].Name}}
	if err != nil || !reflect.DeepEqual(markers, want) {
		t.Errorf("markers %+v, %v", markers, err)
	}
}

func holdsSchema(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.JSONSchema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("result.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("result.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(document); err != nil {
		t.Errorf("%s: %v", file, err)
	}
}

// agreesWithSeries: the counts of all intervals are the counts of the run, and at the end nothing is on its way.
func agreesWithSeries(t *testing.T, result *report.Result) {
	t.Helper()
	var sum record.Seen
	var last record.Point
	phases := []string{}
	head, err := record.ReadSeries(result.Folder, func(p record.Point) error {
		if p.T <= last.T {
			t.Errorf("the point at %g comes after that at %g", p.T, last.T)
		}
		if !slices.Contains(phases, p.Phase) {
			phases = append(phases, p.Phase)
		}
		sum.Planned, sum.Sent, sum.Paid, sum.Attempts = sum.Planned+p.Planned, sum.Sent+p.Sent, sum.Paid+p.Paid, sum.Attempts+p.Attempts
		sum.Callbacks, sum.AsyncRequested, sum.AsyncCompleted = sum.Callbacks+p.Callbacks, sum.AsyncRequested+p.AsyncRequested, sum.AsyncCompleted+p.AsyncCompleted
		last = p
		return nil
	})
	if err != nil || head.Run != result.Run || !head.Start.Equal(result.Start) {
		t.Fatalf("%+v, %v", head, err)
	}
	c := result.Counts
	if sum.Planned != c.Planned || sum.Sent != c.Sent || sum.Paid != c.Paid || sum.Attempts != c.Attempts || sum.Callbacks != c.Callbacks.Received {
		t.Errorf("the series sums up to %+v, the result has %+v", sum, c)
	}
	if a := result.Async; sum.AsyncRequested != a.Requested || sum.AsyncCompleted != a.Completed || a.Requested == 0 || a.Requested != a.Completed || a.Drain <= 0 {
		t.Errorf("the series sums up to %+v, the result has %+v", sum, a)
	}
	if last.Open != 0 || last.Backlog != 0 || last.InFlight != 0 || last.OldestPending != 0 || !slices.Equal(phases, []string{"load", "settle"}) {
		t.Errorf("phases %q, the last point %+v", phases, last)
	}
}

// A count that is off by one anywhere makes the run INVALID and names both numbers.
func TestRun_TotalsThatDoNotAgree_AreInvalid(t *testing.T) {
	for want, spoil := range map[string]func(r *runner){
		"payments planned: planned is 21, sent + unsent is 20":            func(r *runner) { r.tally.Planned.Add(1) },
		"payments sent: the client's count is 21, the journal's is 20":    func(r *runner) { r.tally.Sent.Add(1); r.tally.Paid.Add(1); r.tally.Planned.Add(1) },
		"payments sent: sent is 20, paid + failed + rejected + given up":  func(r *runner) { r.tally.Paid.Add(-1) },
		"callbacks: the client's count is":                                func(r *runner) { r.tally.Callbacks.Add(1) },
		"cancellations: the client's count is 1, the journal's is 0":      func(r *runner) { r.tally.Cancels.Begun.Add(1); r.tally.Cancels.Done.Add(1) },
		"attempts of probes: the client's count is 1, the journal's is 0": func(r *runner) { r.tally.Probes.Attempts.Add(1) },
	} {
		o, _ := options(t, newSystem(t), small(20, 100*time.Millisecond, 0))
		r, err := prepare(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		r.drive(t.Context())
		spoil(r)
		r.measure()
		r.judge()
		r.client.Close()
		_ = r.database.Close()
		if said := strings.Join(r.result.Reasons, "; "); r.result.Verdict != report.Invalid || r.result.ExitCode() != 3 || !strings.Contains(said, want) {
			t.Errorf("want %q: %s, %q", want, r.result.Verdict, said)
		}
	}
}

// Of each group of faults one request can be found: its payment is in the journal, and its trace is the payment's.
func TestRun_FaultsHaveASampleThatCanBeFound(t *testing.T) {
	target := newTarget(t)
	target.script = func(attempt int, w http.ResponseWriter, _ *http.Request, order string) {
		if attempt == 1 && strings.HasSuffix(order, "-7") {
			problem(w, 503, "unavailable")
			return
		}
		paidAs(w, order, "PAID")
	}
	s := small(20, 50*time.Millisecond, 0)
	tally, _ := sent(t, s, target, t.Context(), t.Context())
	groups := tally.Groups()
	if len(groups) != 1 || groups[0].Sample == nil || groups[0].Sample.Payment != 7 {
		t.Fatalf("%+v", groups)
	}
	p := s.Payment("r", 7)
	if got := groups[0].Sample; got.Recorded != p.Sampled || len(got.Trace) != 32 || strings.Trim(got.Trace, "0") == "" {
		t.Errorf("%+v of a payment that is sampled: %v", got, p.Sampled)
	}
}

// mockAdmin is the admin page of a mock PG: it keeps what it is told about timed faults.
type mockAdmin struct {
	mu   sync.Mutex
	told []string
	no   bool // it takes none
}

func (m *mockAdmin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, r.Method+" "+r.URL.Path+" "+string(body))
	if m.no {
		http.Error(w, "entry 1: no such fault", http.StatusBadRequest)
	}
}

func TestPlanFaults_EveryInstanceIsToldAndForgets(t *testing.T) {
	faults := []scenario.TimedFault{{After: 3 * time.Second, For: time.Second, Script: "gz1;charge=decline", Override: true}}
	var mocks [2]mockAdmin
	var admins []string
	for i := range mocks {
		server := httptest.NewServer(&mocks[i])
		t.Cleanup(server.Close)
		admins = append(admins, server.URL)
	}
	if err := planFaults(admins, faults, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := endFaults(admins, faults); err != nil {
		t.Fatal(err)
	}
	for i := range mocks {
		told := mocks[i].told
		if len(told) != 2 || !strings.HasPrefix(told[0], "PUT /faults ") || !strings.HasPrefix(told[1], "DELETE /faults") {
			t.Fatalf("%q", told)
		}
		var document struct{ Entries []timedFault }
		if err := json.Unmarshal([]byte(strings.TrimPrefix(told[0], "PUT /faults ")), &document); err != nil || len(document.Entries) != 1 {
			t.Fatalf("%q, %v", told[0], err)
		}
		got := document.Entries[0]
		if after, err := time.ParseDuration(got.After); err != nil || after <= 3*time.Second || after > 63*time.Second || got.For != "1s" || !got.Override {
			t.Errorf("%+v: the mock counts from now, the scenario from the run's start", got)
		}
	}
	for range 2 { // nothing planned: nobody is asked
		if err := planFaults([]string{"http://127.0.0.1:1"}, nil, time.Now()); err != nil {
			t.Error(err)
		}
	}
	mocks[1].no = true
	if err := planFaults(admins, faults, time.Now()); err == nil || !strings.Contains(err.Error(), admins[1]) || !strings.Contains(err.Error(), "no such fault") {
		t.Errorf("refused: %v", err)
	}
}

// A run that is over before its first second has one point all the same.
func TestRun_ShorterThanASecond_HasAPoint(t *testing.T) {
	o, _ := options(t, newSystem(t), small(1, 10*time.Millisecond, 0))
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var last record.Point
	if _, err := record.ReadSeries(result.Folder, func(p record.Point) error { last = p; return nil }); err != nil || last.Phase != "settle" || last.Open != 0 {
		t.Errorf("%+v, %v", last, err)
	}
}
