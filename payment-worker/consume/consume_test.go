package consume

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestConsumer_AMessageThatHangs_StallsNobodyElse_AndHoldsBackTheOffset(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	b.produce(3, "a", "b", "hangs", "d", "e")
	for p := range partitions {
		b.produce(p, fmt.Sprint("other-", p))
	}
	gate := make(chan struct{})
	h := &scripted{handle: func(text string) error {
		if text == "hangs" {
			<-gate
		}
		return nil
	}}
	b.join(h)
	eventually(t, "the neighbours in its partition are done", func() bool { return h.has("a", "b", "d", "e", "other-3") })
	eventually(t, "the other partitions are done", func() bool { return h.count() == 4+partitions })
	eventually(t, "the work before it is committed", func() bool { return b.committed(3) == 2 })
	for until := time.Now().Add(3 * commitEvery); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if got := b.committed(3); got != 2 {
			t.Fatalf("offset %d is committed while message 2 is being worked on", got)
		}
	}
	close(gate)
	eventually(t, "all is committed", func() bool { return b.committed(3) == 6 && b.committed(0) == 1 })
}

// A member that goes while it still works on a message has not committed it: the next one gets it again.
func TestConsumer_GoneBeforeTheWorkIsDone_TheNextOneGetsTheMessageAgain(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	b.produce(5, "a", "hangs", "c")
	gate := make(chan struct{})
	first := &scripted{handle: func(text string) error {
		if text == "hangs" {
			<-gate
		}
		return nil
	}}
	m := b.join(first, func(c *Consumer) { c.drain = 50 * time.Millisecond })
	eventually(t, "the rest is done", func() bool { return first.has("a", "c") })
	m.leave()
	second := &scripted{}
	b.join(second)
	eventually(t, "the next member has it", func() bool { return second.has("hangs", "c") })
	if second.has("a") {
		t.Error("what was done and committed came again")
	}
	eventually(t, "it is committed", func() bool { return b.committed(5) == 3 })
	close(gate)
	m.wait(t) // Run ends only when the work that it began has ended
	if !first.has("hangs") {
		t.Error("Run ended before its work")
	}
	if got := b.committed(5); got != 3 {
		t.Errorf("the member that had left moved the offset to %d", got)
	}
}

func TestConsumer_AnError_IsTriedAgain(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	var tries atomic.Int64
	h := &scripted{handle: func(string) error {
		if tries.Add(1) < 3 {
			return errors.New("passing trouble")
		}
		return nil
	}}
	b.join(h)
	b.produce(0, "a")
	eventually(t, "the third try works", func() bool { return h.has("a") })
	eventually(t, "it is committed", func() bool { return b.committed(0) == 1 })
	if n := tries.Load(); n != 3 {
		t.Errorf("%d tries", n)
	}
}

func TestConsumer_Paused_FetchesNothing(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	var paused atomic.Bool
	paused.Store(true)
	h := &scripted{paused: paused.Load}
	m := b.join(h)
	b.produce(0, "a", "b")
	eventually(t, "it has joined", m.Joined)
	for until := time.Now().Add(3 * pausedWait); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if n := h.count(); n != 0 {
			t.Fatalf("%d messages were worked on while it paused", n)
		}
	}
	paused.Store(false)
	eventually(t, "it goes on", func() bool { return h.has("a", "b") })
}

func TestConsumer_NeverMoreAtOnceThanItsWorkers(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	var inside, most atomic.Int64
	h := &scripted{handle: func(string) error {
		now := inside.Add(1)
		defer inside.Add(-1)
		for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
		}
		time.Sleep(2 * time.Millisecond)
		return nil
	}}
	for p := range partitions {
		for i := range 10 {
			b.produce(p, fmt.Sprint(p, "-", i))
		}
	}
	b.join(h)
	eventually(t, "all are done", func() bool { return h.count() == 10*partitions })
	if n := most.Load(); n > 8 || n < 2 {
		t.Errorf("%d at once, want at most 8 and more than one", n)
	}
}

func TestConsumer_TwoMembers_ShareThePartitions_AndLoseNothing(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	one, two := &scripted{}, &scripted{}
	b.join(one)
	var sent []string
	send := func() {
		for p := range partitions {
			text := fmt.Sprint(p, "-", len(sent))
			b.produce(p, text)
			sent = append(sent, text)
		}
	}
	send()
	eventually(t, "the first member works", func() bool { return one.count() > 0 })
	second := b.join(two)
	for !second.Joined() || two.count() == 0 { // while they rebalance
		send()
		time.Sleep(20 * time.Millisecond)
		if len(sent) > 100_000 {
			t.Fatal("the second member gets nothing")
		}
	}
	eventually(t, "every message is done by one of both", func() bool {
		for _, text := range sent {
			if !one.has(text) && !two.has(text) {
				return false
			}
		}
		return true
	})
	before := one.count()
	send()
	send()
	eventually(t, "both work on", func() bool { return one.count() > before && one.count()+two.count() >= len(sent) })
}

// A member that is told to stop commits and leaves; the others take over at their next heartbeat and not only when its
// session has run out, and get nothing twice.
func TestConsumer_End_CommitsAndLeaves_AnotherTakesOverQuickly(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	one, two := &scripted{}, &scripted{}
	first := b.join(one)
	eventually(t, "the first member has joined", first.Joined)
	second := b.join(two)
	eventually(t, "both have their part", func() bool {
		for p := range partitions {
			b.produce(p, "probe")
		}
		return first.Joined() && second.Joined() && one.count() > 0 && two.count() > 0
	})
	for p := range partitions {
		b.produce(p, fmt.Sprint("before-", p))
	}
	all := func(name string, by ...*scripted) func() bool {
		return func() bool {
			for p := range partitions {
				found := false
				for _, h := range by {
					found = found || h.has(fmt.Sprint(name, p))
				}
				if !found {
					return false
				}
			}
			return true
		}
	}
	eventually(t, "both have done all", all("before-", one, two))
	asked := time.Now()
	first.leave()
	first.wait(t)
	if took := time.Since(asked); took > 2*time.Second {
		t.Errorf("leaving took %s without any work to finish", took)
	}
	for p := range partitions {
		b.produce(p, fmt.Sprint("after-", p))
	}
	eventually(t, "the other has taken over", all("after-", two))
	if took := time.Since(asked); took > 6*time.Second {
		t.Errorf("taking over took %s; the session alone is 8 s", took)
	}
	for p := range partitions {
		if text := fmt.Sprint("before-", p); one.has(text) && two.has(text) {
			t.Errorf("%s was done, committed, and came again", text)
		}
	}
}

// What a member has in hand when it is told to stop is finished, committed and left to nobody; and it has left the group, so
// that nobody waits for its session to run out.
func TestConsumer_End_FinishesWhatItHasInHand_CommitsIt_AndLeaves(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	b.produce(5, "a", "slow", "c")
	gate := make(chan struct{})
	h := &scripted{handle: func(text string) error {
		if text == "slow" {
			<-gate
		}
		return nil
	}}
	m := b.join(h)
	eventually(t, "the rest is done and committed", func() bool { return h.has("a", "c") && b.committed(5) == 1 })
	if n := m.InHand(); n != 1 || b.members() != 1 {
		t.Errorf("%d messages in hand, want the slow one; the group has %d members", n, b.members())
	}
	m.leave()
	select {
	case <-m.ended:
		t.Error("it ended with a message in hand")
	case <-time.After(3 * commitEvery):
	}
	if n := m.InHand(); n != 1 || b.committed(5) != 1 {
		t.Errorf("%d in hand, offset %d", n, b.committed(5))
	}
	close(gate)
	m.wait(t)
	if got := b.committed(5); got != 3 || m.InHand() != 0 {
		t.Errorf("offset %d is committed, %d in hand; want 3 and none", got, m.InHand())
	}
	if n := b.members(); n != 0 {
		t.Errorf("the group has %d members; it was not left", n)
	}
	next := &scripted{}
	b.join(next)
	b.produce(5, "d")
	eventually(t, "the next member goes on", func() bool { return next.has("d") })
	if next.count() != 1 {
		t.Errorf("the next member got %d messages, want the new one only", next.count())
	}
}

// A broker that is away when the offsets are to be committed: the work is done, and the program must not say that all is.
func TestConsumer_End_WithoutABroker_SaysThatTheOffsetsAreNotCommitted(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	gate := make(chan struct{})
	h := &scripted{handle: func(string) error { <-gate; return nil }}
	c, err := New(Options{Brokers: []string{b.addr}, Topic: topic, Group: group, Workers: 8}, h, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	b.produce(5, "a")
	eventually(t, "it is in hand", func() bool { return c.InHand() == 1 })
	b.stop()
	cancel()
	close(gate)
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "commit the offsets of 1 partitions") {
			t.Errorf("err = %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not end")
	}
}

// A program that is told to stop before it joined has nothing to leave.
func TestConsumer_ToldToStopBeforeItJoins_EndsAtOnce(t *testing.T) {
	t.Parallel()
	c, err := New(Options{Brokers: []string{"127.0.0.1:1"}, Topic: topic, Group: group, Workers: 8}, &scripted{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	if err := c.Run(ctx); err != nil || time.Since(began) > time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	if _, err := New(Options{}, &scripted{}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a consumer without a broker was made")
	}
}

func TestConsumer_TheBrokerRestarts_ItGoesOn(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	h := &scripted{}
	b.join(h)
	b.produce(0, "before")
	eventually(t, "it works", func() bool { return h.has("before") && b.committed(0) == 1 })
	b.stop()
	time.Sleep(300 * time.Millisecond) // a broker that is away for a moment
	b.restart()
	for p := range partitions {
		b.produce(p, fmt.Sprint("after-", p))
	}
	eventually(t, "it works again", func() bool { return h.count() >= 1+partitions })
	eventually(t, "it commits again", func() bool { return b.committed(0) == 2 })
}
