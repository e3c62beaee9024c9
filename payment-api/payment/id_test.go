package payment_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"gazua.example/payment-api/payment"
)

func TestIDs_AreUniqueAndRise_WhateverTheClockDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		node := rapid.Uint64().Draw(t, "node")
		ids := payment.NewIDs(w.clock(""), node)
		last := payment.ID(0)
		for _, step := range rapid.SliceOfN(rapid.IntRange(-50, 50), 1, 300).Draw(t, "the clock moves, ms") {
			w.now = w.now.Add(time.Duration(step) * time.Millisecond)
			id := ids.Next()
			if id <= last {
				t.Fatalf("%d after %d", id, last)
			}
			if got := uint64(id) >> 12 % payment.Nodes; got != node%payment.Nodes {
				t.Fatalf("node %d, want %d", got, node%payment.Nodes)
			}
			last = id
		}
	})
}

func TestIDs_ManyInOneMillisecond_BorrowTheNext(t *testing.T) {
	w := newWorld()
	ids := payment.NewIDs(w.clock(""), 1)
	seen := map[payment.ID]bool{}
	for range 3 * 4096 {
		seen[ids.Next()] = true
	}
	if len(seen) != 3*4096 {
		t.Errorf("%d ids of %d are different", len(seen), 3*4096)
	}
}

func TestID_TimeIsTheBorderOfItsDay(t *testing.T) {
	w := newWorld()
	id := payment.NewIDs(w.clock(""), 1023).Next()
	if !id.Time().Equal(w.now) {
		t.Errorf("id of %s says %s", w.now, id.Time())
	}
	if id < payment.FirstIDAt(w.now) || id >= payment.FirstIDAt(w.now.Add(time.Millisecond)) {
		t.Error("the id lies outside its millisecond")
	}
}

func TestParseID(t *testing.T) {
	for _, good := range []string{"1", "118179584133832704", "9223372036854775807"} {
		if id, err := payment.ParseID(good); err != nil || id.String() != good {
			t.Errorf("%s: %d, %v", good, id, err)
		}
	}
	for _, bad := range []string{"", "0", "-1", "+1", "01", "1 ", "a", "9223372036854775808", "1e3"} {
		if _, err := payment.ParseID(bad); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}
