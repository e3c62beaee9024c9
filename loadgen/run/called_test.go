package run

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"gazua.example/loadgen/callback"
	"gazua.example/loadgen/record"
)

// With an hour between looks only the callbacks can end the run.
func TestEngine_Callback_IsFollowedByALookAtOnce(t *testing.T) {
	x := newTarget(t)
	x.script = func(_ int, w http.ResponseWriter, _ *http.Request, order string) {
		w.WriteHeader(202)
		fmt.Fprintf(w, `{"id":%q,"status":"ACCEPTED"}`, "7"+order[2:])
	}
	x.cancel = func(_ int, w http.ResponseWriter, id string, seq int, _ string) {
		canceled(w, 202, id, seq, "PROCESSING")
	}
	s := onlyWhole(4)
	s.Async, s.Client.PollMin, s.Client.PollMax, s.Client.Deadline = 1, time.Hour, time.Hour, 2*time.Hour
	x.back = func(int) string { return "SUCCEEDED" }
	settle, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tally, entries := sentBeside(t, s, x, t.Context(), settle, func(e *Engine) {
		for n := range 4 {
			call := callback.Call{At: time.Now(), Payment: fmt.Sprintf("7%d", n), Answered: 204, Signed: true}
			eventually(t, func() bool { return waiting(e, event{call.Payment, 0}) })
			e.Called(&call)
		}
		for n := range 4 {
			call := callback.Call{At: time.Now(), Payment: fmt.Sprintf("7%d", n), Seq: 1, Answered: 204, Signed: true}
			eventually(t, func() bool { return waiting(e, event{call.Payment, 1}) })
			e.Called(&call)
		}
	})
	c := tally.Counts()
	if c.Paid != 4 || c.Cancels.Succeeded != 4 || c.Cancels.Looks != 4 || c.Callbacks.Received != 8 {
		t.Errorf("%+v", c)
	}
	if calls := only(entries, "w"); len(calls) != 8 || calls[0].ID != "70" || calls[7].Seq != 1 || !calls[0].Signed {
		t.Errorf("the journal has %+v", calls)
	}
}

// waiting says whether a look at it stands in the heap.
func waiting(e *Engine, told event) bool {
	e.later.mu.Lock()
	defer e.later.mu.Unlock()
	o := e.later.expected[told]
	return o != nil && o.place > 0
}

func TestFollowUps_CallbackWhileALookIsOnItsWay_TheNextOneIsDueNow(t *testing.T) {
	var f followUps
	now := time.Now()
	o := &open{accepted: true, id: "7", due: now.Add(time.Hour)}
	f.expect(o)
	if f.hurry(event{"7", 0}, now) {
		t.Error("a look that is on its way can be hurried")
	}
	if due := f.add(o); due.After(now.Add(time.Minute)) {
		t.Errorf("the next look is due in %v", due.Sub(now))
	}
	if got := f.take(time.Now()); got != o {
		t.Fatalf("took %v", got)
	}
	o.due = now.Add(time.Hour)
	if due := f.add(o); due != o.due || due.Before(now.Add(time.Minute)) {
		t.Error("one callback hurries two looks")
	}
}

func TestFollowUps_Hurry_TakesTheRightOne(t *testing.T) {
	var f followUps
	now := time.Now()
	all := map[int]*open{}
	for n := range 50 {
		all[n] = &open{accepted: true, id: fmt.Sprint(n), seq: n % 3, due: now.Add(time.Duration(50-n) * time.Hour)}
		f.expect(all[n])
		f.add(all[n])
	}
	for _, n := range []int{7, 49, 0, 23} {
		if f.hurry(event{fmt.Sprint(n), (n + 1) % 3}, now) {
			t.Errorf("%d is hurried by a callback about something else", n)
		}
		if !f.hurry(event{fmt.Sprint(n), n % 3}, now) {
			t.Errorf("%d is not hurried", n)
		}
		if got := f.take(now); got != all[n] {
			t.Errorf("hurried %d, and %+v is due", n, got)
		}
		f.forget(all[n])
		if f.hurry(event{fmt.Sprint(n), n % 3}, now) {
			t.Errorf("%d has ended, and is hurried", n)
		}
	}
	if got := f.take(now); got != nil {
		t.Errorf("%+v is due as well", got)
	}
	for last := now; len(f.waiting) > 0; {
		o := f.take(now.Add(100 * time.Hour))
		if o.due.Before(last) {
			t.Fatal("the heap is out of order")
		}
		last = o.due
	}
}

func TestCalled_NotTaken_HurriesNothingAndIsCounted(t *testing.T) {
	x := newTarget(t)
	s := small(1, time.Millisecond, 1)
	tally, start := record.NewTally(), time.Now()
	journal, err := record.Create(filepath.Join(t.TempDir(), "j"), "r", start)
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, &s, x, journal, tally, start)
	o := &open{accepted: true, id: "7", due: start.Add(time.Hour)}
	e.later.expect(o)
	e.later.add(o)
	for _, fault := range []string{callback.Refused, "signature", "timestamp"} {
		e.Called(&callback.Call{At: time.Now(), Payment: "7", Fault: fault})
	}
	if due, _ := e.later.earliest(); due != start.Add(time.Hour) {
		t.Errorf("the next look is due %v", due.Sub(start))
	}
	if c := tally.Counts().Callbacks; c.Received != 3 || c.Refused != 1 || c.Untaken != 2 {
		t.Errorf("%+v", c)
	}
	if n := faults(tally, record.Callback); n != 2 {
		t.Errorf("%d faults", n)
	}
	if err := journal.Close(); err != nil {
		t.Error(err)
	}
}
