package rescue

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

const after = time.Minute

// rows is an outbox in memory.
type rows map[payment.ID]mysql.Fate

func (r rows) Fate(_ context.Context, id payment.ID) (mysql.Fate, error) {
	f, there := r[id]
	if !there {
		f.Gone = true
	}
	return f, nil
}

// offsets is what a group has committed.
type offsets struct {
	mu        sync.Mutex
	committed map[int]int64
	err       error
}

func (o *offsets) Committed(context.Context) (map[int]int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	copied := map[int]int64{}
	for p, offset := range o.committed {
		copied[p] = offset
	}
	return copied, o.err
}

func (o *offsets) set(partition int, offset int64, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.committed == nil {
		o.committed = map[int]int64{}
	}
	o.committed[partition], o.err = offset, err
}

func rescuer(t *testing.T, outbox Outbox, o Offsets) *Rescuer {
	t.Helper()
	r, err := New(outbox, o, after, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func lost(t *testing.T, r *Rescuer, id payment.ID) bool {
	t.Helper()
	is, err := r.Lost(t.Context(), id)
	if err != nil {
		t.Errorf("payment %d: %v", id, err)
	}
	return is
}

func TestLost_Unsent_OnlyWhenItIsOld(t *testing.T) {
	r := rescuer(t, rows{1: {Age: after - time.Second}, 2: {Age: after}}, &offsets{})
	if lost(t, r, 1) || !lost(t, r, 2) || !lost(t, r, 3) {
		t.Error("what is unsent is lost from a minute on, what has no row at once")
	}
}

func TestLost_Sent_OnlyWhenTheGroupHasBeenPastItForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &offsets{}
		r := rescuer(t, rows{1: {Sent: true, Age: time.Hour, Partition: 3, Offset: 10}}, o)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.Run(ctx)
		o.set(3, 10, nil) // 10 is the next to be read: a backlog
		time.Sleep(10 * after)
		if lost(t, r, 1) {
			t.Fatal("a mere backlog was called lost")
		}
		o.set(3, 11, nil)
		time.Sleep(after - 2*time.Second)
		if lost(t, r, 1) {
			t.Error("it was called lost before its time: whoever read it may still be at work")
		}
		o.set(3, 500, nil)
		time.Sleep(4 * time.Second)
		if !lost(t, r, 1) {
			t.Error("the group has been past it for a minute")
		}
	})
}

func TestLost_AnotherPartition_ProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &offsets{}
		r := rescuer(t, rows{1: {Sent: true, Age: time.Hour, Partition: 3, Offset: 10}}, o)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.Run(ctx)
		o.set(4, 500, nil)
		time.Sleep(10 * after)
		if lost(t, r, 1) {
			t.Error("called lost by the offset of another partition")
		}
	})
}

func TestLost_TheGroupIsReset_CountsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &offsets{}
		r := rescuer(t, rows{1: {Sent: true, Age: time.Hour, Partition: 3, Offset: 10}}, o)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.Run(ctx)
		o.set(3, 11, nil)
		time.Sleep(after - 2*time.Second)
		o.set(3, 5, nil) // the message comes once more
		time.Sleep(5 * time.Second)
		o.set(3, 11, nil)
		time.Sleep(after - 2*time.Second)
		if lost(t, r, 1) {
			t.Error("the time before the reset counted")
		}
		time.Sleep(5 * time.Second)
		if !lost(t, r, 1) {
			t.Error("never lost")
		}
	})
}

func TestLost_NobodyKnowsTheOffsets_IsAnErrorAndNoRescue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &offsets{}
		o.set(3, 10, errors.New("no broker"))
		r := rescuer(t, rows{1: {Sent: true, Age: time.Hour, Partition: 3, Offset: 10}, 2: {Age: time.Hour}}, o)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.Run(ctx)
		time.Sleep(3 * after)
		if is, err := r.Lost(t.Context(), 1); is || err == nil {
			t.Errorf("lost %t, err %v", is, err)
		}
		if !lost(t, r, 2) {
			t.Error("what was never sent is lost without any broker")
		}
		o.set(3, 11, nil)
		time.Sleep(after / 2)
		if lost(t, r, 1) {
			t.Error("lost too early")
		}
		o.set(3, 11, errors.New("no broker again")) // what was past stays past
		time.Sleep(after)
		if !lost(t, r, 1) {
			t.Error("the group has been past it for long, and the broker's absence does not change that")
		}
	})
}

// The model keeps every sample. History says the same and keeps few.
func TestHistory_SaysWhatAllSamplesSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h history
		type sample struct {
			offset int64
			at     time.Time
		}
		var all []sample
		now, committed := time.Unix(1000, 0), int64(0)
		const lookBack = 10 * time.Second
		for range rapid.IntRange(1, 80).Draw(t, "samples") {
			now = now.Add(time.Duration(rapid.IntRange(1, 3000).Draw(t, "ms later")) * time.Millisecond)
			switch rapid.IntRange(0, 5).Draw(t, "what happened") {
			case 0:
				committed = max(0, committed-rapid.Int64Range(0, 5).Draw(t, "back"))
			case 1, 2, 3:
				committed += rapid.Int64Range(0, 3).Draw(t, "on")
			}
			h.note(committed, now, lookBack)
			all = append(all, sample{committed, now})
			for record := int64(0); record < committed+3; record++ {
				since := now.Add(time.Hour)
				for i := len(all) - 1; i >= 0 && all[i].offset > record; i-- {
					since = all[i].at
				}
				want := !since.After(now.Add(-lookBack))
				if got := h.passed(record, now.Add(-lookBack)); got != want {
					t.Fatalf("record %d passed: %t, want %t; committed %d since %s, now %s, marks %v", record, got, want, committed, since, now, h.marks)
				}
			}
			fresh := 0
			for _, s := range all {
				if s.at.After(now.Add(-lookBack)) {
					fresh++
				}
			}
			if len(h.marks) > fresh+1 {
				t.Fatalf("%d marks for %d samples in the time that counts", len(h.marks), fresh)
			}
		}
	})
}
