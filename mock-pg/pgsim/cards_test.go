package pgsim

import (
	"slices"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim/script"
)

const bound = 10 * time.Second

// What a net-cancel is worth that overtakes its charge, by profile and by how late the charge is.
func TestProfile_ALateChargeAfterANetCancel(t *testing.T) {
	for _, c := range []struct {
		name   string
		pg     cards
		lateBy time.Duration
		want   string
		booked []string
	}{
		{"tombstone, soon", cards{}, time.Second, "refused:tombstoned", []string{"canceled", "refused"}},
		{"tombstone, late", cards{}, time.Hour, "refused:tombstoned", []string{"canceled", "refused"}},
		{"bound, soon", cards{lateBound: bound}, time.Second, "approved", []string{"canceled", "charged"}},
		{"bound, at the bound", cards{lateBound: bound}, bound, "approved", []string{"canceled", "charged"}},
		{"bound, past it", cards{lateBound: bound}, bound + 1, "refused:too_late", []string{"canceled", "refused"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBenchOf(t, t.TempDir(), c.pg)
			defer b.close()
			if got := b.do(PG, script.Charge, "1.1", "gz1;charge=late/4s,ok"); got != "late" {
				t.Fatalf("the charge is not late: %s", got)
			}
			if got := b.do(PG, script.Inquiry, "1.1", ""); got != "not_found:tombstoned=false" {
				t.Errorf("while the charge is on its way: %s", got)
			}
			if got := b.do(PG, script.NetCancel, "1.1", ""); got != "canceled" {
				t.Errorf("net-cancel: %s", got)
			}
			b.pass(c.lateBy)
			if got := b.arrive(0); got != c.want {
				t.Errorf("the charge: %s, want %s", got, c.want)
			}
			if got := b.booked("1.1"); !slices.Equal(got, c.booked) {
				t.Errorf("booked %v, want %v", got, c.booked)
			}
			if d := difference(money(b.engines), money(rebuilt(t, b.entries(), b.clock, c.pg))); d != "" {
				t.Errorf("after a restart it would be another state: %s", d)
			}
		})
	}
}

func TestProfile_Tombstone_HasNoBound(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	b.do(PG, script.Charge, "1.1", "gz1;charge=late/4s")
	b.pass(time.Hour)
	if got := b.arrive(0); got != "approved" {
		t.Error(got)
	}
}

func TestProfile_Bound_PointsAndCouponsKeepTombstones(t *testing.T) {
	b := newBenchOf(t, t.TempDir(), cards{lateBound: bound})
	defer b.close()
	for _, means := range []string{Point, Coupon} {
		b.do(means, script.Release, "1.1", "")
		if got := b.do(means, script.Reserve, "1.1", plainToken); got != "refused:tombstoned" {
			t.Errorf("%s: %s", means, got)
		}
	}
}

// A net-cancel is worth what it was worth when it was booked, whatever profile the mock is started with later.
func TestProfile_ChangedByARestart_KeepsTheTombstonesThatAreBooked(t *testing.T) {
	dir := t.TempDir()
	b := newBench(t, dir)
	b.do(PG, script.NetCancel, "1.1", "")
	b.close()
	b = newBenchOf(t, dir, cards{lateBound: bound})
	b.do(PG, script.NetCancel, "2.1", "")
	if got := b.do(PG, script.Charge, "1.1", plainToken); got != "refused:tombstoned" {
		t.Errorf("booked by tombstone, met by bound: %s", got)
	}
	b.close()
	b = newBench(t, dir)
	defer b.close()
	if got := b.do(PG, script.Charge, "2.1", plainToken); got != "approved" {
		t.Errorf("booked by bound, met by tombstone: %s", got)
	}
}

// Two requests of one reference: the first is late and keeps its number, so the second has the second step.
func TestLate_KeepsItsPlaceInTheScript(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	const token = "gz1;charge=late/4s,decline:second,ok"
	for i, want := range []string{"late", "declined:second", "approved"} {
		if got := b.do(PG, script.Charge, "1.1", token); got != want {
			t.Errorf("charge %d: %s, want %s", i+1, got, want)
		}
	}
	b.arrive(0)
	var numbers []int
	for _, e := range b.entries() {
		numbers = append(numbers, e.Nth)
	}
	if !slices.Equal(numbers, []int{2, 3, 1}) {
		t.Errorf("booked as requests %v, want 2, 3, 1", numbers)
	}
}
