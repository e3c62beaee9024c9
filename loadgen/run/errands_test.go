package run

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
)

// paidAs answers with an id made of the payment's number, so that cancellations name their payment.
func paidAs(w http.ResponseWriter, order, state string) {
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"id":%q,"order_id":%q,"status":%q}`, "7"+order[2:], order, state)
}

func canceled(w http.ResponseWriter, status int, id string, seq int, state string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"payment_id":%q,"seq":%d,"status":%q}`, id, seq, state)
}

// only picks the entries of some kinds.
func only(entries []record.Entry, kinds ...string) (found []record.Entry) {
	for _, e := range entries {
		if slices.Contains(kinds, e.Kind) {
			found = append(found, e)
		}
	}
	return found
}

func faults(tally *record.Tally, try record.Try) (count int64) {
	for _, g := range tally.Groups() {
		if g.Try == try {
			count += g.Count
		}
	}
	return count
}

func TestEngine_Cancellations_AreThePlannedOnesOncePaid(t *testing.T) {
	x := newTarget(t)
	x.look = func(int) string { return "PARTIALLY_CANCELED" }
	x.script = func(_ int, w http.ResponseWriter, _ *http.Request, order string) {
		state := "PAID"
		if strings.HasSuffix(order, "3") {
			state = "FAILED"
		}
		paidAs(w, order, state)
	}
	x.cancel = func(_ int, w http.ResponseWriter, id string, seq int, _ string) {
		canceled(w, 201, id, seq, "SUCCEEDED")
	}
	s := small(60, 60*time.Millisecond, 0)
	s.Cancel = 1
	tally, entries := sent(t, s, x, t.Context(), t.Context())

	ends := map[int]int64{} // when PAID was seen
	for _, e := range only(entries, "f") {
		if e.State == "PAID" {
			ends[e.Number] = e.At
		}
	}
	want := 0
	for n := range 60 {
		p := s.Payment("r", n)
		for i, c := range p.Cancels {
			sent := x.attempts[p.CancelKey(i)]
			if strings.HasSuffix(p.Order, "3") {
				if len(sent) > 0 {
					t.Errorf("payment %d is FAILED, and a cancellation was asked for", n)
				}
				continue
			}
			want++
			body := fmt.Sprintf(`{"amount":%d}`, c.Amount)
			if c.Amount == 0 {
				body = "{}"
			}
			if len(sent) != 1 || sent[0] != body {
				t.Errorf("cancellation %d of payment %d is planned as %s, and was sent as %q", i, n, body, sent)
			}
		}
	}
	for _, e := range only(entries, "c") {
		p := s.Payment("r", e.Number)
		if e.Amount != p.Cancels[e.Cancel].Amount || e.Key != p.CancelKey(e.Cancel) || e.ID != "7"+p.Order[2:] || e.Seq != e.Cancel+1 || e.Hash == "" {
			t.Errorf("the journal has %+v for %+v", e, p.Cancels)
		}
		if e.Sent < ends[e.Number] {
			t.Errorf("payment %d was canceled before it was seen PAID", e.Number)
		}
	}
	if c := tally.Counts().Cancels; c.Asked != int64(want) || c.Succeeded != int64(want) || c.Pending != 0 {
		t.Errorf("%d were planned, counted %+v", want, c)
	}
	// After a cancellation that was alone, the payment is looked at once more.
	for _, e := range only(entries, "g") {
		if e.State != "PARTIALLY_CANCELED" || len(s.Payment("r", e.Number).Cancels) != 1 {
			t.Errorf("a look %+v", e)
		}
	}
}

func TestEngine_TwoCancellations_AreSentAtOnce(t *testing.T) {
	x := newTarget(t)
	x.script = func(_ int, w http.ResponseWriter, _ *http.Request, order string) { paidAs(w, order, "PAID") }
	var mu sync.Mutex
	met := map[string]chan struct{}{} // by payment: closed when both are there
	x.cancel = func(_ int, w http.ResponseWriter, id string, seq int, body string) {
		if body != "{}" && len(s7(id).Cancels) == 2 {
			mu.Lock()
			other, first := met[id], met[id] == nil
			if first {
				other = make(chan struct{})
				met[id] = other
			} else {
				close(other)
			}
			mu.Unlock()
			select {
			case <-other:
			case <-time.After(5 * time.Second):
				t.Errorf("the cancellations of payment %s do not meet", id)
			}
		}
		canceled(w, 201, id, seq, "SUCCEEDED")
	}
	s := small(40, 40*time.Millisecond, 0)
	s.Cancel, s.Client.Timeout = 1, 10*time.Second
	sent(t, s, x, t.Context(), t.Context())
	if len(met) == 0 {
		t.Error("no payment has two cancellations")
	}
}

// s7 is the plan of the payment with that id, where every payment is canceled.
func s7(id string) scenario.Payment {
	s := small(40, 40*time.Millisecond, 0)
	s.Cancel = 1
	n, _ := strconv.Atoi(id[1:])
	return s.Payment("r", n)
}

// onlyWhole has one whole cancellation a payment, so that the counts are simple.
func onlyWhole(arrivals int) scenario.Scenario {
	s := small(arrivals, 10*time.Millisecond, 0)
	s.Cancel = 1
	for seed := uint64(1); ; seed++ {
		s.Seed = seed
		whole := 0
		for n := range arrivals {
			if p := s.Payment("r", n); len(p.Cancels) == 1 && p.Cancels[0].Amount == 0 {
				whole++
			}
		}
		if whole == arrivals {
			return s
		}
	}
}

func TestEngine_CancellationNotFinal_IsLookedUpUntilItIs(t *testing.T) {
	x := newTarget(t)
	x.script = func(_ int, w http.ResponseWriter, _ *http.Request, order string) { paidAs(w, order, "PAID") }
	x.cancel = func(_ int, w http.ResponseWriter, id string, seq int, _ string) {
		canceled(w, 202, id, seq, "PROCESSING")
	}
	x.look = func(n int) string { return []string{"PROCESSING", "PROCESSING", "FAILED"}[min(n, 3)-1] }
	tally, entries := sent(t, onlyWhole(4), x, t.Context(), t.Context())
	if c := tally.Counts().Cancels; c.Asked != 4 || c.Failed != 4 || c.Looks != 12 {
		t.Errorf("%+v", c)
	}
	for _, e := range only(entries, "cf") {
		if e.State != "FAILED" || e.Seq != 1 || e.ID != "7"+strconv.Itoa(e.Number) || e.At == 0 {
			t.Errorf("an end %+v", e)
		}
	}
}

func TestEngine_CancellationWithoutADefiniteAnswer_IsAskedAgainWithTheSameKey(t *testing.T) {
	for name, fault := range map[string]func(w http.ResponseWriter){
		"in progress":              func(w http.ResponseWriter) { problem(w, 409, "request-in-progress") },
		"another one in progress":  func(w http.ResponseWriter) { problem(w, 409, "cancellation-in-progress") },
		"not paid yet":             func(w http.ResponseWriter) { problem(w, 409, "payment-not-paid") },
		"503":                      func(w http.ResponseWriter) { problem(w, 503, "unavailable") },
		"429":                      func(w http.ResponseWriter) { problem(w, 429, "too-many-requests") },
		"reset":                    func(w http.ResponseWriter) { hangUp(w, 0) },
		"a payment where it asked": func(w http.ResponseWriter) { paidAs(w, "r-1", "PAID") },
	} {
		t.Run(name, func(t *testing.T) {
			x := newTarget(t)
			x.script = func(_ int, w http.ResponseWriter, _ *http.Request, order string) { paidAs(w, order, "PAID") }
			x.cancel = func(attempt int, w http.ResponseWriter, id string, seq int, _ string) {
				if attempt <= 2 {
					fault(w)
					return
				}
				canceled(w, 201, id, seq, "SUCCEEDED")
			}
			tally, _ := sent(t, onlyWhole(3), x, t.Context(), t.Context())
			if c := tally.Counts().Cancels; c.Succeeded != 3 || c.Attempts != 9 {
				t.Errorf("%+v", c)
			}
			if first, left := faults(tally, record.First), faults(tally, record.Left); first != 3 || left != 0 {
				t.Errorf("%d faults at first, %d left; want 3, 0", first, left)
			}
		})
	}
}

func TestEngine_CancellationInProgress_WaitsAsLongAsItIsAskedTo(t *testing.T) {
	x := newTarget(t)
	x.script = func(_ int, w http.ResponseWriter, _ *http.Request, order string) { paidAs(w, order, "PAID") }
	x.cancel = func(attempt int, w http.ResponseWriter, id string, seq int, _ string) {
		if attempt == 1 {
			w.Header().Set("Retry-After", "1")
			problem(w, 409, "cancellation-in-progress")
			return
		}
		canceled(w, 201, id, seq, "SUCCEEDED")
	}
	_, entries := sent(t, onlyWhole(1), x, t.Context(), t.Context())
	tries := only(entries, "c")
	if wait := time.Duration(tries[1].Sent-tries[0].Done) * time.Microsecond; wait < time.Second {
		t.Errorf("came again after %v, asked for 1s", wait)
	}
}

func TestEngine_CancellationRefused_IsRejected(t *testing.T) {
	x := newTarget(t)
	x.script = func(_ int, w http.ResponseWriter, _ *http.Request, order string) { paidAs(w, order, "PAID") }
	x.cancel = func(_ int, w http.ResponseWriter, _ string, _ int, _ string) { problem(w, 422, "cancellation-exceeds") }
	tally, entries := sent(t, onlyWhole(3), x, t.Context(), t.Context())
	if c := tally.Counts().Cancels; c.Rejected != 3 || c.Attempts != 3 {
		t.Errorf("%+v", c)
	}
	if left := faults(tally, record.Left); left != 3 {
		t.Errorf("%d faults are left: one cancellation alone is never too much", left)
	}
	for _, e := range only(entries, "cf") {
		if e.State != rejected || e.Seq != 0 {
			t.Errorf("an end %+v", e)
		}
	}
}

// What the scenario itself asks for is no fault of the system.
func TestWantedRefusal_OnlyWhereTheScenarioAsksForIt(t *testing.T) {
	coupon := []scenario.Leg{{Means: scenario.Coupon}, {Means: scenario.PG}}
	part, whole := scenario.Cancel{Amount: 5}, scenario.Cancel{}
	for _, c := range []struct {
		problem string
		p       scenario.Payment
		want    bool
	}{
		{"cancellation-exceeds", scenario.Payment{Cancels: []scenario.Cancel{part, part}}, true},
		{"cancellation-in-progress", scenario.Payment{Cancels: []scenario.Cancel{part, part}}, true},
		{"cancellation-exceeds", scenario.Payment{Cancels: []scenario.Cancel{part}}, false},
		{"cancellation-in-progress", scenario.Payment{Cancels: []scenario.Cancel{whole}}, false},
		{"coupon-not-divisible", scenario.Payment{Cancels: []scenario.Cancel{part}, Legs: coupon}, true},
		{"coupon-not-divisible", scenario.Payment{Cancels: []scenario.Cancel{whole}, Legs: coupon}, false},
		{"coupon-not-divisible", scenario.Payment{Cancels: []scenario.Cancel{part}, Legs: coupon[1:]}, false},
		{"payment-failed", scenario.Payment{Cancels: []scenario.Cancel{part, part}, Legs: coupon}, false},
	} {
		a := answerWith(c.problem)
		if got := wantedRefusal(&c.p, 0, &a); got != c.want {
			t.Errorf("%s of %+v: wanted %v", c.problem, c.p, got)
		}
	}
}

func TestEngine_CancellationNeverFinal_IsGivenUp(t *testing.T) {
	x := newTarget(t)
	x.script = func(_ int, w http.ResponseWriter, _ *http.Request, order string) { paidAs(w, order, "PAID") }
	x.cancel = func(_ int, w http.ResponseWriter, id string, seq int, _ string) {
		canceled(w, 202, id, seq, "PROCESSING")
	}
	x.look = func(int) string { return "PROCESSING" }
	s := onlyWhole(3)
	s.Client.Deadline = 200 * time.Millisecond
	tally, entries := sent(t, s, x, t.Context(), t.Context())
	if c := tally.Counts().Cancels; c.GaveUp != 3 {
		t.Errorf("%+v", c)
	}
	if ends := only(entries, "cf"); ends[0].State != gaveUp || ends[0].Seq != 1 {
		t.Errorf("the journal has %+v", ends[0])
	}
}

// The load is settled only when the errands are: abandoned, they are pending.
func TestEngine_SettleEnds_ErrandsArePending(t *testing.T) {
	x := newTarget(t)
	x.script = func(_ int, w http.ResponseWriter, _ *http.Request, order string) { paidAs(w, order, "PAID") }
	x.cancel = func(_ int, w http.ResponseWriter, id string, seq int, _ string) {
		canceled(w, 202, id, seq, "PROCESSING")
	}
	x.look = func(int) string { return "PROCESSING" }
	settle, abandon := context.WithCancel(t.Context())
	tally, _ := sentBeside(t, onlyWhole(3), x, t.Context(), settle, func(e *Engine) {
		defer abandon()
		eventually(t, func() bool {
			payments, errands := e.Open()
			x.mu.Lock()
			defer x.mu.Unlock()
			return payments == 0 && errands == 3 && len(x.looks) == 3
		})
	})
	if c := tally.Counts(); c.Cancels.Pending != 3 || c.Paid != 3 {
		t.Errorf("%+v", c)
	}
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Error("it never came to that")
			return
		}
	}
}
