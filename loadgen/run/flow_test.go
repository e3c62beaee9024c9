package run

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
)

// story is a scenario of so many arrivals that each play the flow.
func story(t *testing.T, arrivals int, flow string) scenario.Scenario {
	t.Helper()
	read, err := scenario.Read("story.yaml", []byte("name: story\nstages:\n- {rate: 1, duration: 1s}\n"+flow))
	if err != nil {
		t.Fatal(err)
	}
	s := small(arrivals, 20*time.Millisecond, 0)
	s.Flows = read.Flows
	return s
}

// idleEngine is one that does not run; entries closes its journal and reads it.
func idleEngine(t *testing.T, s *scenario.Scenario, at *target) (e *Engine, tally *record.Tally, entries func() []record.Entry) {
	t.Helper()
	path, start := filepath.Join(t.TempDir(), "journal.jsonl"), time.Now()
	journal, err := record.Create(path, "r", start)
	if err != nil {
		t.Fatal(err)
	}
	tally = record.NewTally()
	return newEngine(t, s, at, journal, tally, start), tally, func() (list []record.Entry) {
		if err := journal.Close(); err != nil {
			t.Fatal(err)
		}
		if err := record.Read(path, func(e record.Entry) error { list = append(list, e); return nil }); err != nil {
			t.Fatal(err)
		}
		return list
	}
}

const wholeStory = `
flow:
  - create: {as: first, means: [PG, POINT], amount: 10000, async: true}
  - await: {payment: first, state: PAID, within: 5s}
  - think: uniform/1ms/5ms
  - cancel: {payment: first, amount: 3000, state: SUCCEEDED}
  - replay: {payment: first}
  - expect: {payment: first, state: PARTIALLY_CANCELED, canceled: 3000}
  - create: {as: second, means: [PG], outcome: {PG: decline}}
  - expect: {payment: second, state: FAILED, canceled: 0}
  - cancel: {payment: first}
  - cancel: {payment: first, amount: 1, state: rejected}
  - expect: {payment: first, state: CANCELED, canceled: 10000}
`

// Everything that a flow sends goes through the journal with the kinds that the verifier knows, in the order of its steps.
func TestFlow_StepsGoOneAfterAnother(t *testing.T) {
	x, at := newShop(t)
	x.paysIn = 10 * time.Millisecond
	tally, entries := sent(t, story(t, 3, wholeStory), at, t.Context(), t.Context())
	c := tally.Counts()
	if c.Planned != 6 || c.Paid != 3 || c.Failed != 3 || c.Cancels.Asked != 9 || c.Cancels.Succeeded != 6 || c.Cancels.Rejected != 3 || c.Probes.Answered != 3 {
		t.Errorf("counts %+v", c)
	}
	if expected, unmet := tally.Expected.Load(), tally.Unmet.Load(); expected != 3*7 || unmet != 0 {
		t.Errorf("%d expectations, %d unmet: %+v", expected, unmet, tally.Groups())
	}
	for _, g := range tally.Groups() {
		t.Errorf("a fault that the flow asks for is no fault: %+v", g)
	}
	for first := 0; first < 6; first += 2 {
		var got []string
		for _, e := range entries {
			if (e.Number == first || e.Number == first+1) && e.Kind != "h" && e.Kind != "g" {
				got = append(got, strings.TrimSpace(e.Kind+" "+e.State))
			}
		}
		want := []string{
			"p", "a ACCEPTED", "f PAID", "c SUCCEEDED", "cf SUCCEEDED", "x ACCEPTED", "xf answered",
			"p", "a FAILED", "f FAILED", "c SUCCEEDED", "cf SUCCEEDED", "c", "cf rejected",
		}
		if !slices.Equal(got, want) {
			t.Errorf("the journal of flow %d has\n%q, want\n%q", first/2, got, want)
		}
	}
}

// What is not as expected ends the flow and is counted, whatever step finds it.
func TestFlow_UnmetExpectation_IsCountedAndEndsTheFlow(t *testing.T) {
	for name, c := range map[string]struct {
		flow string
		lies bool
		slow time.Duration
		deaf bool // to what it has answered before
		want string
	}{
		"state": {flow: "flow:\n- create: {means: [PG]}\n- expect: {state: FAILED}\n", want: "payment payment must be FAILED, and is PAID with 0 canceled"},
		"canceled": {
			flow: "flow:\n- create: {means: [PG], amount: 1000}\n- cancel: {amount: 10}\n- expect: {canceled: 10}\n", lies: true,
			want: "must be in any state with 10 canceled, and is PAID with 0 canceled",
		},
		"await": {
			flow: "flow:\n- create: {means: [PG], async: true}\n- await: {within: 10ms}\n", slow: 300 * time.Millisecond, want: "must be final within 10ms, and is not",
		},
		"awaited state": {
			flow: "flow:\n- create: {means: [PG], async: true, outcome: {PG: decline}}\n- await: {state: PAID}\n", want: "payment payment must become PAID, and is FAILED",
		},
		"refusal": {
			flow: "flow:\n- create: {means: [PG], amount: 1000}\n- cancel: {amount: 1, state: rejected}\n", want: "the cancellation must become rejected, and is SUCCEEDED",
		},
		"replay": {
			flow: "flow:\n- create: {means: [PG], amount: 1000}\n- replay: {}\n", deaf: true, want: "the request again is not answered: gave-up",
		},
		"cancel of what failed": {
			flow: "flow:\n- create: {means: [PG], outcome: {PG: decline}}\n- cancel: {amount: 1}\n", want: "payment payment is FAILED, with 0 cancellations",
		},
	} {
		x, at := newShop(t)
		x.lies, x.paysIn, x.deaf = c.lies, c.slow, c.deaf
		s := story(t, 2, c.flow+"- think: fixed/1ms\n- create: {as: never}\n")
		if c.deaf {
			s.Client.Deadline = 300 * time.Millisecond
		}
		tally, entries := sent(t, s, at, t.Context(), t.Context())
		if tally.Unmet.Load() != 2 || tally.Expected.Load() != 2 {
			t.Errorf("%s: %d expectations, %d unmet, want 2 and 2", name, tally.Expected.Load(), tally.Unmet.Load())
		}
		told := int64(0)
		for _, g := range tally.Groups() {
			if g.Class == "expectation" && strings.Contains(g.Code, c.want) && strings.HasPrefix(g.Code, "flow flow, step ") {
				told += g.Count
			}
		}
		if told != 2 {
			t.Errorf("%s: %+v, want %s", name, tally.Groups(), c.want)
		}
		for _, e := range entries {
			if e.Kind == "p" && e.Number%2 == 1 {
				t.Errorf("%s: the flow went on after it: %+v", name, e)
			}
		}
	}
}

// A look has time where the step gives it.
func TestFlow_ExpectWithin_LooksAgain(t *testing.T) {
	x, at := newShop(t)
	x.lies = true
	s := story(t, 1, "flow:\n- create: {means: [PG], amount: 1000}\n- cancel: {amount: 10}\n- expect: {canceled: 10, within: 9s}\n")
	tally, _ := sentBeside(t, s, at, t.Context(), t.Context(), func(*Engine) {
		for deadline := time.Now().Add(8 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			x.mu.Lock()
			if p := x.payments["1"]; p != nil && p.canceled > 0 {
				x.lies = false
				x.mu.Unlock()
				return
			}
			x.mu.Unlock()
		}
	})
	if tally.Unmet.Load() != 0 || tally.Expected.Load() != 1 {
		t.Errorf("unmet %d of %d: %+v", tally.Unmet.Load(), tally.Expected.Load(), tally.Groups())
	}
}

// A script goes on by what came before: about half of its cards are declined, and only those members pay with points.
func TestFlow_Script_GoesOnByWhatCameBefore(t *testing.T) {
	_, at := newShop(t)
	s := story(t, 40, "script: second-means\n")
	tally, entries := sent(t, s, at, t.Context(), t.Context())
	c := tally.Counts()
	if c.Paid != 40 || c.Failed < 8 || c.Failed > 32 || c.Planned != 40+c.Failed || c.Cancels.Succeeded != 40 {
		t.Errorf("counts %+v", c)
	}
	if tally.Unmet.Load() != 0 || tally.Expected.Load() != 40*3+c.Failed {
		t.Errorf("unmet %d of %d: %+v", tally.Unmet.Load(), tally.Expected.Load(), tally.Groups())
	}
	failed := map[int]bool{}
	for _, e := range entries {
		if e.Kind == "f" && e.Number%2 == 0 {
			failed[e.Number] = e.State == "FAILED"
		}
	}
	for _, e := range entries {
		if e.Kind == "p" && e.Number%2 == 1 && (!failed[e.Number-1] || e.Legs[0].Means != "POINT") {
			t.Errorf("a second payment after one that was paid: %+v", e)
		}
	}
}

var unwound = make(chan bool, 100)

func init() {
	scenario.Register("test-abandoned", scenario.Script{Payments: 1, Play: func(p *scenario.Play) {
		defer func() { unwound <- true }()
		p.Do(scenario.Step{Do: scenario.DoCreate, Payment: "a", Means: []scenario.Means{scenario.PG}, Async: true})
		p.Do(scenario.Step{Do: scenario.DoAwait, Payment: "a"})
	}})
}

// Whoever stops waiting leaves nothing behind: the scripts of flows that are on their way are unwound.
func TestFlow_Abandoned_UnwindsItsScripts(t *testing.T) {
	x, at := newShop(t)
	x.paysIn = time.Hour
	s := story(t, 5, "script: test-abandoned\n")
	settle, abandon := withCancel(t)
	sentBeside(t, s, at, t.Context(), settle, func(e *Engine) {
		<-e.Arrived()
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline) && e.tally.Accepted.Load() < 5; time.Sleep(time.Millisecond) {
		}
		abandon()
	})
	for range 5 {
		select {
		case <-unwound:
		case <-time.After(5 * time.Second):
			t.Fatal("a script still hangs in the air")
		}
	}
}

// A payment in the middle of a flow that was due and not sent when the run was ended is not lost from the counts.
func TestFlow_Abandoned_CountsWhatWasDueAsUnsent(t *testing.T) {
	_, at := newShop(t)
	s := story(t, 1, "flow:\n- create: {means: [PG]}\n")
	e, tally, entries := idleEngine(t, &s, at)
	w := &walk{stop: func() {}, turn: &open{}}
	w.turn.walk, w.turn.due = w, time.Now()
	first := &walk{stop: func() {}, turn: &open{idle: true}} // it waits for its first payment
	for i, o := range []*open{
		{purpose: paying{}, walk: w, number: 1, planned: time.Second},
		{purpose: paying{}, walk: w, number: 2, attempts: 1}, // this one was sent
		{purpose: paying{}, walk: first, number: 3, attempts: 1},
		{purpose: canceling{}, walk: w},
		{purpose: canceling{}, walk: w, attempts: 1},
		{purpose: probing{}},
		{purpose: expecting{}, walk: w},
		w.turn,
	} {
		if _, is := o.purpose.(paying); is {
			e.open.Add(1)
			o.since = e.pending.begin(time.Duration(i))
		} else {
			e.errands.Add(1)
		}
		o.due = time.Now()
		e.later.add(o)
	}
	e.errands.Add(1) // the turn of the flow that waits for its first payment
	e.abandon()
	if payments, errands := e.Open(); payments != 2 || errands != 1 {
		t.Errorf("%d payments and %d errands were sent and have not ended, want 2 and 1", payments, errands)
	}
	if tally.Unsent.Load() != 1 {
		t.Errorf("%d payments are unsent, want 1", tally.Unsent.Load())
	}
	if list := entries(); len(list) != 2 || list[1].Kind != "u" || list[1].Number != 1 || list[1].At != 1_000_000 {
		t.Errorf("the journal has %+v", list)
	}
}

// What wakes a walk while a worker has its turn is not forgotten: the worker may have looked around already.
func TestFollowUps_Rouse_WhileItsTurnIsOut_ComesAtOnce(t *testing.T) {
	var f followUps
	now, turn := time.Now(), &open{idle: true}
	f.rouse(turn, now)
	if got := f.take(now); got != turn {
		t.Fatalf("the first rouse gives the turn, not %v", got)
	}
	f.rouse(turn, now)
	turn.due = now.Add(time.Hour)
	if due := f.add(turn); due.After(time.Now()) {
		t.Errorf("it was woken meanwhile, and is due in %s", time.Until(due))
	}
	turn.due = now.Add(time.Hour)
	f.rouse(turn, now)
	if got := f.take(now); got != turn {
		t.Error("it was woken while it waited, and is not due")
	}
}

// What a flow sends is judged like everything else: the verifier knows each of its entries.
func TestRun_Flow_IsVerified(t *testing.T) {
	x := newSystem(t)
	s := story(t, 10, `
flow:
  - create: {as: first, means: [PG, POINT], amount: 10000, async: true}
  - await: {payment: first, state: PAID, within: 9s}
  - cancel: {payment: first, amount: 3000, state: SUCCEEDED}
  - replay: {payment: first}
  - expect: {payment: first, state: PARTIALLY_CANCELED, canceled: 3000}
  - create: {as: second, means: [PG], amount: 500}
  - cancel: {payment: first, state: SUCCEEDED}
  - cancel: {payment: second, amount: 501, state: rejected}
  - expect: {payment: first, state: CANCELED, canceled: 10000}
`)
	o, out := options(t, x, s)
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if result.ExitCode() != 0 || result.Counts.Paid != 20 || result.Counts.Cancels.Succeeded != 20 || result.Counts.Cancels.Rejected != 10 {
		t.Errorf("%s\n%+v\n%s", result.Line(), result.Counts, out)
	}
}
