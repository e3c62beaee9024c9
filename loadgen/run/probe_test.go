package run

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
)

func answerWith(slug string) client.Answer { return client.Answer{Status: 409, Problem: slug} }

// remembering is an API that keeps its promises about keys and orders, for payments that are PAID at once, or where async is
// asked for, accepted and then what the look says.
func remembering(x *target) {
	var mu sync.Mutex
	keys, orders := map[string]string{}, map[string]bool{} // key → body
	x.script = func(attempt int, w http.ResponseWriter, r *http.Request, order string) {
		mu.Lock()
		defer mu.Unlock()
		key := r.Header.Get("Idempotency-Key")
		x.mu.Lock()
		body := x.attempts[key][0]
		same := x.attempts[key][attempt-1] == body // another request of this key may have come meanwhile
		x.mu.Unlock()
		_, known := keys[key]
		switch {
		case known && !same:
			problem(w, 422, "idempotency-key-reused")
			return
		case known:
			w.Header().Set("Idempotent-Replayed", "true")
		case orders[order]:
			problem(w, 409, "order-already-paid")
			return
		}
		keys[key], orders[order] = body, true
		if r.Header.Get("Prefer") != "" {
			w.WriteHeader(202)
			fmt.Fprintf(w, `{"id":%q,"status":"ACCEPTED"}`, "7"+order[2:])
			return
		}
		paidAs(w, order, "PAID")
	}
}

func TestEngine_Probes_OfAnHonestSystem_AreAnsweredAndAreNoFaults(t *testing.T) {
	x := newTarget(t)
	remembering(x)
	s := small(60, 60*time.Millisecond, 0.5)
	s.Replay, s.ReuseKey, s.SameOrder = 1, 1, 1
	tally, entries := sent(t, s, x, t.Context(), t.Context())
	if c := tally.Counts().Probes; c.Sent != 180 || c.Answered != 180 {
		t.Errorf("%+v", c)
	}
	if groups := tally.Groups(); len(groups) > 0 {
		t.Errorf("faults: %+v", groups)
	}
	hashes := map[int]string{}
	for _, e := range only(entries, "a") {
		hashes[e.Number] = e.Hash
	}
	seen := map[string]int{}
	for _, e := range only(entries, "x") {
		p := s.Payment("r", e.Number)
		seen[e.What]++
		switch e.What {
		case record.Replay:
			if e.Key != p.Key || e.Hash != hashes[e.Number] || e.Hash == "" {
				t.Errorf("%+v, the first answer was %s", e, hashes[e.Number])
			}
		case record.Reuse:
			if e.Key != p.Key || e.Status != 422 {
				t.Errorf("%+v", e)
			}
		case record.Order:
			if e.Key == p.Key || e.Status != 409 {
				t.Errorf("%+v", e)
			}
		}
	}
	if seen[record.Replay] != 60 || seen[record.Reuse] != 60 || seen[record.Order] != 60 {
		t.Errorf("probes %v", seen)
	}
	// One payment asks for its order, in every attempt with the same bytes; the reused key for another amount.
	for n := range 60 {
		p := s.Payment("r", n)
		bodies := map[string]bool{}
		for _, body := range append(x.attempts[p.Key], x.attempts[p.Key+"-order"]...) {
			if !strings.Contains(body, `"order_id":"`+p.Order+`"`) {
				t.Errorf("payment %d: another order: %s", n, body)
			}
			bodies[body] = true
		}
		if len(bodies) != 2 {
			t.Errorf("payment %d was asked for in %d ways, want 2", n, len(bodies))
		}
	}
}

func TestEngine_EarlyReplay_MeetsTheFirstAttemptOnItsWay(t *testing.T) {
	x := newTarget(t)
	met := make(chan struct{})
	x.script = func(attempt int, w http.ResponseWriter, _ *http.Request, order string) {
		switch attempt {
		case 1:
			select {
			case <-met:
			case <-time.After(5 * time.Second):
				t.Error("no replay came while the first attempt was on its way")
			}
			paidAs(w, order, "PAID")
		case 2:
			close(met)
			problem(w, 409, "request-in-progress")
		default:
			w.Header().Set("Idempotent-Replayed", "true")
			paidAs(w, order, "PAID")
		}
	}
	s := small(1, time.Millisecond, 0)
	s.Replay, s.Client.Timeout = 1, 10*time.Second
	for p := s.Payment("r", 0); !p.Probes[0].Early; p = s.Payment("r", 0) {
		s.Seed++
	}
	tally, entries := sent(t, s, x, t.Context(), t.Context())
	if groups := tally.Groups(); len(groups) > 0 {
		t.Errorf("faults: %+v", groups)
	}
	tries := only(entries, "x")
	if len(tries) < 2 || tries[0].Problem != "request-in-progress" || !tries[len(tries)-1].Replayed {
		t.Errorf("the journal has %+v", tries)
	}
	if ends := only(entries, "xf"); len(ends) != 1 || ends[0].State != answered || ends[0].What != record.Replay {
		t.Errorf("the journal has %+v", ends)
	}
}

// The first has failed before the second asked: the order is free, and the second is a payment like any other.
func TestEngine_SameOrderAfterAFailure_IsFollowedToItsEnd(t *testing.T) {
	x := newTarget(t)
	x.script = func(attempt int, w http.ResponseWriter, r *http.Request, order string) {
		id := "7" + order[2:]
		if strings.HasSuffix(r.Header.Get("Idempotency-Key"), "-order") {
			id = "8" + order[2:]
		}
		w.WriteHeader(202)
		fmt.Fprintf(w, `{"id":%q,"status":"ACCEPTED"}`, id)
	}
	x.look = func(n int) string { return []string{"PROCESSING", "FAILED"}[min(n, 2)-1] }
	s := small(20, 20*time.Millisecond, 1)
	s.SameOrder = 1
	tally, entries := sent(t, s, x, t.Context(), t.Context())
	early := int64(0)
	for n := range 20 {
		if s.Payment("r", n).Probes[0].Early {
			early++
		}
	}
	c := tally.Counts()
	if early == 0 || c.Failed != 20 || c.Probes.Sent != early || c.Probes.Failed != early || c.Probes.Looks != 2*early {
		t.Errorf("%d probes are early: %+v", early, c)
	}
	if groups := tally.Groups(); len(groups) > 0 {
		t.Errorf("faults: %+v", groups)
	}
	for _, e := range only(entries, "xg", "xf") {
		if want := fmt.Sprintf("8%d", e.Number); e.ID != want || e.What != record.Order {
			t.Errorf("the payment of the probe is %s, the journal has %+v", want, e)
		}
	}
	for _, e := range only(entries, "g", "f") {
		if want := fmt.Sprintf("7%d", e.Number); e.ID != want {
			t.Errorf("the payment is %s, the journal has %+v", want, e)
		}
	}
}

func TestEngine_SystemThatBreaksAPromise_IsAFaultThatIsLeft(t *testing.T) {
	for what, scenarioOf := range map[string]func(s *scenario.Scenario){
		"reuse is answered PAID": func(s *scenario.Scenario) { s.ReuseKey = 1 },
		"order is answered PAID": func(s *scenario.Scenario) { s.SameOrder = 1 },
	} {
		x := newTarget(t)
		x.script = func(attempt int, w http.ResponseWriter, _ *http.Request, order string) { paidAs(w, order, "PAID") }
		s := small(3, 3*time.Millisecond, 0)
		scenarioOf(&s)
		tally, _ := sent(t, s, x, t.Context(), t.Context())
		if groups := tally.Groups(); len(groups) != 1 || groups[0].Code != what || groups[0].Count != 3 || groups[0].Try != record.Left {
			t.Errorf("%s: %+v", what, groups)
		}
	}
}

func TestWantedAnswer_EachProbe(t *testing.T) {
	paid, accepted := client.Answer{Status: 201, State: "PAID"}, client.Answer{Status: 202, State: "ACCEPTED"}
	reused := client.Answer{Status: 422, Problem: "idempotency-key-reused"}
	inProgress, alreadyPaid := answerWith("order-in-progress"), answerWith("order-already-paid")
	early, late := scenario.Probe{What: scenario.SameOrder, Early: true}, scenario.Probe{What: scenario.SameOrder}
	for _, c := range []struct {
		probe scenario.Probe
		a     client.Answer
		want  bool
	}{
		{scenario.Probe{What: scenario.Replay}, paid, true},
		{scenario.Probe{What: scenario.Replay}, accepted, true},
		{scenario.Probe{What: scenario.Replay}, alreadyPaid, false},
		{scenario.Probe{What: scenario.Replay}, reused, false},
		{scenario.Probe{What: scenario.ReuseKey}, reused, true},
		{scenario.Probe{What: scenario.ReuseKey}, client.Answer{Status: 422, Problem: "invalid-request"}, false},
		{scenario.Probe{What: scenario.ReuseKey}, paid, false},
		{early, inProgress, true},
		{early, alreadyPaid, true},
		{early, accepted, true},
		{early, reused, false},
		{late, alreadyPaid, true},
		{late, inProgress, false},
		{late, accepted, false},
	} {
		if got := wantedAnswer(c.probe, &c.a); got != c.want {
			t.Errorf("%+v is answered %d %s%s: wanted %v", c.probe, c.a.Status, c.a.Problem, c.a.State, got)
		}
	}
}
