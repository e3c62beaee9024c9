package run

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/internal/benchtarget"
	"gazua.example/loadgen/internal/testdb"
	"gazua.example/loadgen/pace"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
)

func TestMain(m *testing.M) {
	benchtarget.ServeIfChild()
	code := m.Run()
	testdb.Stop()
	if code == 0 {
		// The idle connections of the tests' own HTTP client are not the generator's.
		http.DefaultClient.CloseIdleConnections()
		if err := goleak.Find(goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// small is a scenario with so many arrivals, all synchronous unless async is set, nothing else that the merchants do or
// that goes wrong, and a client that does not wait long.
func small(arrivals int, over time.Duration, async float64) scenario.Scenario {
	s := scenario.Default()
	rate := float64(arrivals) / over.Seconds()
	s.Name, s.Async = "small", async
	s.Cancel, s.Replay, s.ReuseKey, s.SameOrder, s.Refuse = 0, 0, 0, 0, 0
	s.Means = map[scenario.Means]scenario.Behaviour{scenario.PG: {Delay: "fixed/1ms"}, scenario.Point: {Delay: "fixed/1ms"}, scenario.Coupon: {Delay: "fixed/1ms"}}
	s.Stages = []pace.Stage{{Name: "load", From: rate, To: rate, Duration: over}}
	s.Client.BackoffMin, s.Client.BackoffMax = 2*time.Millisecond, 10*time.Millisecond
	s.Client.PollMin, s.Client.PollMax = 2*time.Millisecond, 10*time.Millisecond
	s.Client.Timeout, s.Client.Deadline = 2*time.Second, 10*time.Second
	s.Settle = 10 * time.Second
	s.Gate.LatenessP99 = 10 * time.Second     // a machine that is busy with other tests is not what is tested
	s.Client.MaxIdle = 200 * time.Millisecond // fasthttp's cleaner of idle connections ends this long after the last one
	return s
}

// sent runs the engine against the target and returns what was counted and what the journal says.
func sent(t *testing.T, s scenario.Scenario, x *target, load, settle context.Context) (*record.Tally, []record.Entry) {
	t.Helper()
	return sentBeside(t, s, x, load, settle, func(*Engine) {})
}

// sentBeside is sent with something that goes on beside it, and that it waits for.
func sentBeside(t *testing.T, s scenario.Scenario, x *target, load, settle context.Context, beside func(*Engine)) (*record.Tally, []record.Entry) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	start := time.Now()
	journal, err := record.Create(path, "r", start)
	if err != nil {
		t.Fatal(err)
	}
	tally := record.NewTally()
	engine := newEngine(t, &s, x, journal, tally, start)
	var wg sync.WaitGroup
	wg.Go(func() { beside(engine) })
	engine.Run(load, settle)
	wg.Wait()
	if payments, errands := engine.Open(); settle.Err() == nil && payments+errands != 0 {
		t.Errorf("%d payments and %d errands are open at the end", payments, errands)
	}
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	var entries []record.Entry
	if err := record.Read(path, func(e record.Entry) error { entries = append(entries, e); return nil }); err != nil {
		t.Fatal(err)
	}
	conserved(t, tally.Counts(), entries)
	return tally, entries
}

func newEngine(t *testing.T, s *scenario.Scenario, x *target, journal *record.Journal, tally *record.Tally, start time.Time) *Engine {
	t.Helper()
	plan, err := pace.New(s.Stages, s.Seed)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(x.URL, []string{"key-a", "key-b"}, s.Client)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return NewEngine(s, plan, "r", []Merchant{{ID: 1}, {ID: 2}}, c, journal, tally, start)
}

// conserved: planned = sent + unsent, sent = ended + pending, and the journal has each of them exactly once.
func conserved(t *testing.T, c record.Counts, entries []record.Entry) {
	t.Helper()
	if c.Planned != c.Sent+c.Unsent {
		t.Errorf("planned %d is not sent %d + unsent %d", c.Planned, c.Sent, c.Unsent)
	}
	if c.Sent != c.Paid+c.Failed+c.Rejected+c.GaveUp+c.Pending || c.Pending < 0 {
		t.Errorf("sent %d is not the sum of its ends: %+v", c.Sent, c)
	}
	kinds := map[string]int64{}
	for _, e := range entries {
		kinds[e.Kind]++
	}
	want := map[string]int64{
		"h": 1, "p": c.Sent, "u": c.Unsent, "a": c.Attempts, "g": c.Looks, "f": c.Sent - c.Pending,
		"c": c.Cancels.Attempts, "cg": c.Cancels.Looks, "cf": c.Cancels.Asked - c.Cancels.Pending,
		"x": c.Probes.Attempts, "xg": c.Probes.Looks, "xf": c.Probes.Sent - c.Probes.Pending, "w": c.Callbacks.Received,
	}
	for kind, n := range want {
		if kinds[kind] != n {
			t.Errorf("the journal has %d entries of kind %s, the counts say %d", kinds[kind], kind, n)
		}
	}
}

func TestEngine_NoDefiniteAnswer_SendsSameKeyAndBodyUntilThereIsOne(t *testing.T) {
	for name, fault := range map[string]func(w http.ResponseWriter){
		"503":                 func(w http.ResponseWriter) { problem(w, 503, "unavailable") },
		"502 of a balancer":   func(w http.ResponseWriter) { w.WriteHeader(502) },
		"429":                 func(w http.ResponseWriter) { problem(w, 429, "slow-down") },
		"request in progress": func(w http.ResponseWriter) { problem(w, 409, "request-in-progress") },
		"reset":               func(w http.ResponseWriter) { hangUp(w, 0) },
		"closed":              func(w http.ResponseWriter) { hangUp(w, -1) },
		"garbled":             func(w http.ResponseWriter) { w.WriteHeader(201); fmt.Fprint(w, `{"id":`) },
	} {
		t.Run(name, func(t *testing.T) {
			x := newTarget(t)
			x.script = func(attempt int, w http.ResponseWriter, _ *http.Request, order string) {
				if attempt <= 2 {
					fault(w)
					return
				}
				paid(w, order)
			}
			tally, _ := sent(t, small(20, 100*time.Millisecond, 0), x, t.Context(), t.Context())
			if c := tally.Counts(); c.Paid != 20 || c.Attempts != 60 {
				t.Fatalf("%d paid with %d attempts, want 20 with 60", c.Paid, c.Attempts)
			}
			// Each attempt that the target saw is in the journal, and no other: nothing was replayed behind our back.
			if x.count() != 60 {
				t.Errorf("the target saw %d attempts, the journal has 60", x.count())
			}
			for key, bodies := range x.attempts {
				if bodies[0] != bodies[1] || bodies[1] != bodies[2] {
					t.Errorf("key %s came with different bodies: %q", key, bodies)
				}
			}
			first, repeat, left := 0, 0, 0
			for _, g := range tally.Groups() {
				switch g.Try {
				case record.First:
					first += int(g.Count)
				case record.Repeat:
					repeat += int(g.Count)
				default:
					left += int(g.Count)
				}
			}
			if first != 20 || repeat != 20 || left != 0 {
				t.Errorf("faults: %d first, %d repeat, %d left; want 20, 20, 0", first, repeat, left)
			}
		})
	}
}

func TestEngine_Definite4xx_IsTheAnswer(t *testing.T) {
	for _, slug := range []string{"order-in-progress", "order-already-paid"} {
		x := newTarget(t)
		x.script = func(_ int, w http.ResponseWriter, _ *http.Request, _ string) { problem(w, 409, slug) }
		tally, _ := sent(t, small(5, 20*time.Millisecond, 0), x, t.Context(), t.Context())
		if c := tally.Counts(); c.Rejected != 5 || c.Attempts != 5 {
			t.Errorf("%s: %d rejected with %d attempts, want 5 with 5", slug, c.Rejected, c.Attempts)
		}
	}
}

func TestEngine_RetryAfter_IsHonoured(t *testing.T) {
	x := newTarget(t)
	x.script = func(attempt int, w http.ResponseWriter, _ *http.Request, order string) {
		if attempt == 1 {
			w.Header().Set("Retry-After", "1")
			problem(w, 503, "unavailable")
			return
		}
		paid(w, order)
	}
	_, entries := sent(t, small(1, time.Millisecond, 0), x, t.Context(), t.Context())
	var times []record.Entry
	for _, e := range entries {
		if e.Kind == "a" {
			times = append(times, e)
		}
	}
	if wait := time.Duration(times[1].Sent-times[0].Done) * time.Microsecond; wait < time.Second {
		t.Errorf("came again after %v, asked for 1s", wait)
	}
}

func TestEngine_202_IsLookedUpUntilFinal(t *testing.T) {
	x := newTarget(t)
	x.script = func(_ int, w http.ResponseWriter, r *http.Request, order string) {
		if r.Header.Get("Prefer") != "respond-async" {
			t.Error("an asynchronous payment does not ask for it")
		}
		w.WriteHeader(202)
		fmt.Fprintf(w, `{"id":"%s","status":"ACCEPTED"}`, order[2:])
	}
	x.look = func(n int) string { return []string{"ACCEPTED", "PROCESSING", "FAILED"}[min(n, 3)-1] }
	tally, _ := sent(t, small(30, 50*time.Millisecond, 1), x, t.Context(), t.Context())
	if c := tally.Counts(); c.Failed != 30 || c.Looks != 90 || tally.Backlog.Load() != 0 {
		t.Errorf("%d final after %d looks, backlog %d; want 30 after 90, 0", c.Failed, c.Looks, tally.Backlog.Load())
	}
	if got := tally.Completion.Whole().Count; got != 30 {
		t.Errorf("%d completion times, want 30", got)
	}
}

func TestEngine_WaitingPayments_CostNoGoroutine(t *testing.T) {
	x := newTarget(t)
	x.script = func(_ int, w http.ResponseWriter, _ *http.Request, order string) {
		w.WriteHeader(202)
		fmt.Fprintf(w, `{"id":"%s","status":"ACCEPTED"}`, order[2:])
	}
	x.look = func(int) string { return "PROCESSING" }
	s := small(1500, time.Second, 1)
	s.Client.PollMin, s.Client.PollMax, s.Client.MaxInFlight = 20*time.Second, 20*time.Second, 50
	s.Client.Deadline = time.Minute
	settle, cancel := context.WithTimeout(t.Context(), 1700*time.Millisecond)
	defer cancel()
	most := make(chan int, 1)
	time.AfterFunc(1500*time.Millisecond, func() { most <- runtime.NumGoroutine() })
	tally, _ := sent(t, s, x, t.Context(), settle)
	c := tally.Counts()
	if c.Pending < 750 {
		t.Fatalf("%d payments wait (unsent %d), the test wants most of 1500", c.Pending, c.Unsent)
	}
	if n := <-most; n > 300 { // 50 workers, and what the test's own server needs for each of their connections
		t.Errorf("%d goroutines for %d waiting payments", n, c.Pending)
	}
}

func TestEngine_NeverFinal_IsGivenUpAtTheDeadline(t *testing.T) {
	x := newTarget(t)
	x.script = func(_ int, w http.ResponseWriter, _ *http.Request, order string) {
		w.WriteHeader(202)
		fmt.Fprintf(w, `{"id":"%s","status":"PROCESSING"}`, order[2:])
	}
	x.look = func(int) string { return "PROCESSING" }
	s := small(5, 10*time.Millisecond, 1)
	s.Client.Deadline = 200 * time.Millisecond
	tally, entries := sent(t, s, x, t.Context(), t.Context())
	if c := tally.Counts(); c.GaveUp != 5 {
		t.Errorf("%d given up, want 5", c.GaveUp)
	}
	if last := entries[len(entries)-1]; last.Kind != "f" || last.State != "gave-up" || last.ID == "" {
		t.Errorf("the journal ends with %+v", last)
	}
}

func TestEngine_BoundReached_CountsUnsentAndDelaysNothing(t *testing.T) {
	x, release := newTarget(t), make(chan struct{})
	x.script = func(_ int, w http.ResponseWriter, _ *http.Request, order string) {
		<-release // no place comes free before the last arrival
		paid(w, order)
	}
	s := small(100, 200*time.Millisecond, 0)
	s.Client.MaxInFlight, s.Client.Timeout = 10, 30*time.Second
	tally, entries := sentBeside(t, s, x, t.Context(), t.Context(), func(e *Engine) {
		defer close(release)
		select {
		case <-e.Arrived():
		case <-time.After(10 * time.Second):
			t.Error("the arrivals wait for the answers")
		}
	})
	if c := tally.Counts(); c.Sent != 10 || c.Unsent != 90 {
		t.Errorf("%d sent, %d unsent; 10 fit", c.Sent, c.Unsent)
	}
	// The 10 that fit are the first ones: one that waited for a place would be a later one, sent when one came free.
	for _, e := range entries {
		if e.Kind == "p" && e.Number >= 10 {
			t.Errorf("payment %d was sent: it waited for a place", e.Number)
		}
	}
}

func TestEngine_LoadEnds_NoMoreArrivalsButAllAreFinished(t *testing.T) {
	x := newTarget(t)
	x.script = func(_ int, w http.ResponseWriter, _ *http.Request, order string) {
		w.WriteHeader(202)
		fmt.Fprintf(w, `{"id":"%s","status":"ACCEPTED"}`, order[2:])
	}
	load, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	tally, _ := sent(t, small(10_000, 20*time.Second, 1), x, load, t.Context())
	c := tally.Counts()
	if c.Planned < 50 || c.Planned > 5000 {
		t.Errorf("%d arrivals in 200 ms of 500/s", c.Planned)
	}
	if c.Paid != c.Sent || c.Pending != 0 {
		t.Errorf("%d of %d were finished after the load ended", c.Paid, c.Sent)
	}
}
