package pgsim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// The tables below are the promise of each means, one row a state: how to get there, then what each operation answers
// there, and what it books. `-` books nothing. A name in the column `way` is an operation; `decline` is one with a token
// that declines it, `expire` lets the hold run out. A refund is one of the whole, always by the same name; `part` refunds
// something under another name.

type row struct {
	state, way string
	answers    map[script.Op]string // "answer / booked"
}

var pgTable = []row{
	{"never seen", "", map[script.Op]string{
		script.Charge: "approved / charged", script.Void: "refused:not_found / refused", script.NetCancel: "canceled / canceled",
		script.Inquiry: "not_found:tombstoned=false / -", script.Refund: "refused:not_found / refused",
	}},
	{"charged", "charge", map[script.Op]string{
		script.Charge: "approved / charged", script.Void: "voided / voided", script.NetCancel: "canceled / voided canceled",
		script.Inquiry: "found:CAPTURED:1 / -", script.Refund: "refunded / refunded",
	}},
	{"charged twice", "charge charge", map[script.Op]string{
		script.Charge: "approved / charged", script.Void: "voided / voided voided", script.NetCancel: "canceled / voided voided canceled",
		script.Inquiry: "found:CAPTURED:2 / -", script.Refund: "refunded / refunded",
	}},
	{"declined", "decline", map[script.Op]string{
		script.Charge: "approved / charged", script.Void: "refused:not_found / refused", script.NetCancel: "canceled / canceled",
		script.Inquiry: "found:DECLINED:0 / -", script.Refund: "refused:not_found / refused",
	}},
	{"voided", "charge void", map[script.Op]string{
		script.Charge: "approved / charged", script.Void: "voided / -", script.NetCancel: "canceled / canceled",
		script.Inquiry: "found:VOIDED:0 / -", script.Refund: "refused:not_found / refused",
	}},
	{"voided, charged again", "charge void charge", map[script.Op]string{
		script.Void: "voided / voided", script.NetCancel: "canceled / voided canceled", script.Inquiry: "found:CAPTURED:1 / -",
		script.Refund: "refunded / refunded",
	}},
	{"net-cancelled", "charge net-cancel", map[script.Op]string{
		script.Charge: "refused:tombstoned / refused", script.Void: "voided / -", script.NetCancel: "canceled / canceled",
		script.Inquiry: "found:VOIDED:0 / -", script.Refund: "refused:not_found / refused",
	}},
	{"net-cancelled before it came", "net-cancel", map[script.Op]string{
		script.Charge: "refused:tombstoned / refused", script.Void: "refused:not_found / refused", script.NetCancel: "canceled / canceled",
		script.Inquiry: "not_found:tombstoned=true / -", script.Refund: "refused:not_found / refused",
	}},
	{"refunded in part", "charge part", map[script.Op]string{
		script.Charge: "approved / charged", script.Void: "refused:refunded / refused", script.NetCancel: "refused:refunded / refused",
		script.Inquiry: "found:CAPTURED:1:refunded=40 / -", script.Refund: "refused:exceeds / refused",
	}},
	{"refunded", "charge refund", map[script.Op]string{
		script.Charge: "approved / charged", script.Void: "refused:refunded / refused", script.NetCancel: "refused:refunded / refused",
		script.Inquiry: "found:CAPTURED:1:refunded=100 / -", script.Refund: "refunded / -",
	}},
	{"refunded before it came", "refund", map[script.Op]string{
		script.Charge: "approved / charged", script.Void: "refused:not_found / refused", script.NetCancel: "canceled / canceled",
		script.Inquiry: "not_found:tombstoned=false / -", script.Refund: "refused:not_found / -",
	}},
	{"refunded before it came, charged", "refund charge", map[script.Op]string{
		script.Void: "voided / voided", script.Inquiry: "found:CAPTURED:1 / -", script.Refund: "refused:not_found / -",
	}},
}

var reservationTable = []row{
	{"never seen", "", map[script.Op]string{
		script.Reserve: "held / held", script.Confirm: "refused:not_found / refused", script.Release: "released / released",
		script.Void: "refused:not_found / refused", script.Inquiry: "not_found:tombstoned=false / -",
		script.Refund: "refused:not_found / refused",
	}},
	{"held", "reserve", map[script.Op]string{
		script.Reserve: "refused:already_held / refused", script.Confirm: "captured / captured", script.Release: "released / released",
		script.Void: "refused:held / refused", script.Inquiry: "found:HELD:1 / -",
		script.Refund: "refused:not_found / refused",
	}},
	{"declined", "decline", map[script.Op]string{
		script.Reserve: "held / held", script.Confirm: "refused:not_found / refused", script.Release: "released / released",
		script.Void: "refused:not_found / refused", script.Inquiry: "found:DECLINED:0 / -",
		script.Refund: "refused:not_found / refused",
	}},
	{"captured", "reserve confirm", map[script.Op]string{
		script.Reserve: "refused:already_held / refused", script.Confirm: "captured / -", script.Release: "refused:captured / refused",
		script.Void: "voided / voided", script.Inquiry: "found:CAPTURED:1 / -",
		script.Refund: "refunded / refunded",
	}},
	{"released", "reserve release", map[script.Op]string{
		script.Reserve: "refused:tombstoned / refused", script.Confirm: "refused:released / refused", script.Release: "released / -",
		script.Void: "refused:not_found / refused", script.Inquiry: "found:RELEASED:0 / -",
		script.Refund: "refused:not_found / refused",
	}},
	{"expired", "reserve expire", map[script.Op]string{
		script.Reserve: "refused:tombstoned / expired refused", script.Confirm: "refused:expired / expired refused", script.Release: "released / expired",
		script.Void: "refused:not_found / expired refused", script.Inquiry: "found:EXPIRED:0 / expired",
		script.Refund: "refused:not_found / expired refused",
	}},
	{"voided", "reserve confirm void", map[script.Op]string{
		script.Reserve: "refused:tombstoned / refused", script.Confirm: "refused:tombstoned / refused", script.Release: "refused:captured / refused",
		script.Void: "voided / -", script.Inquiry: "found:VOIDED:0 / -",
		script.Refund: "refused:not_found / refused",
	}},
	{"released before it came", "release", map[script.Op]string{
		script.Reserve: "refused:tombstoned / refused", script.Confirm: "refused:tombstoned / refused", script.Release: "released / -",
		script.Void: "refused:not_found / refused", script.Inquiry: "not_found:tombstoned=true / -",
		script.Refund: "refused:not_found / refused",
	}},
	{"voided before it came", "void", map[script.Op]string{
		script.Reserve: "refused:tombstoned / refused", script.Confirm: "refused:tombstoned / refused", script.Release: "released / -",
		script.Void: "refused:not_found / refused", script.Inquiry: "not_found:tombstoned=true / -",
		script.Refund: "refused:not_found / refused",
	}},
	{"declined, then released", "decline release", map[script.Op]string{
		script.Reserve: "refused:tombstoned / refused", script.Inquiry: "found:DECLINED:0 / -",
	}},
	{"refunded in part", "reserve confirm part", map[script.Op]string{
		script.Reserve: "refused:already_held / refused", script.Confirm: "captured / -", script.Release: "refused:captured / refused",
		script.Void: "refused:refunded / refused", script.Inquiry: "found:CAPTURED:1:refunded=40 / -", script.Refund: "refused:exceeds / refused",
	}},
	{"refunded", "reserve confirm refund", map[script.Op]string{
		script.Reserve: "refused:already_held / refused", script.Confirm: "captured / -", script.Release: "refused:captured / refused",
		script.Void: "refused:refunded / refused", script.Inquiry: "found:CAPTURED:1:refunded=100 / -", script.Refund: "refunded / -",
	}},
	{"refunded before it was captured", "reserve refund confirm", map[script.Op]string{
		script.Void: "voided / voided", script.Inquiry: "found:CAPTURED:1 / -", script.Refund: "refused:not_found / -",
	}},
}

func TestEachOperationInEachState(t *testing.T) {
	for _, means := range []string{PG, Point, Coupon} {
		table := reservationTable
		if means == PG {
			table = pgTable
		}
		for _, row := range table {
			for op, want := range row.answers {
				t.Run(means+"/"+row.state+"/"+op.String(), func(t *testing.T) {
					b := newBench(t, t.TempDir())
					defer b.close()
					b.walk(means, row.way)
					before := len(b.booked("1.1"))
					answer := b.do(means, op, "1.1", plainToken)
					b.flush()
					booked := strings.Join(b.booked("1.1")[before:], " ")
					if booked == "" {
						booked = "-"
					}
					if got := answer + " / " + booked; got != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
					if d := difference(money(b.engines), money(rebuilt(t, b.entries(), b.clock, cards{}))); d != "" {
						t.Errorf("after a restart it would be another state: %s", d)
					}
				})
			}
		}
	}
}

// walk brings reference 1.1 into a state.
func (b *bench) walk(means, way string) {
	opening := script.Reserve
	if means == PG {
		opening = script.Charge
	}
	for _, step := range strings.Fields(way) {
		switch op, ok := script.OpByName(step); {
		case ok:
			b.do(means, op, "1.1", plainToken)
		case step == "decline":
			b.do(means, opening, "1.1", "gz1;charge=decline;reserve=decline")
		case step == "expire":
			b.pass(time.Minute)
		case step == "part":
			b.refund(means, "1.1.9", "1.1", 40)
		}
	}
}

func TestVoid_EachVoidedEntryNamesTheChargeItEnds(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	b.walk(PG, "charge charge net-cancel net-cancel")
	var ended []uint64
	for _, e := range b.entries() {
		if e.Effect == "voided" {
			ended = append(ended, e.Transaction)
		}
	}
	if !slices.Equal(ended, []uint64{1, 2}) {
		t.Errorf("voided transactions %v, want 1 and 2, once each", ended)
	}
}

func TestReplay_WhatCannotHaveHappenedIsNamed(t *testing.T) {
	for want, e := range map[string]book.Entry{
		"t-7 was never held": {Means: Point, Op: "confirm", Effect: book.Captured, Reference: "1.1", Transaction: 7},
		"hang":               {Means: PG, Op: "charge", Effect: book.Charged, Reference: "1.1", Transaction: 1, Token: "gz1;charge=hang"},
	} {
		if err := newEngines(time.Now, cards{})[e.Means].replay(&e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestScript_FollowUpsAreRefusedAsTheTokenSays_AndChangeNothing(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	const token = "gz1;confirm=decline:expired,ok"
	b.do(Point, script.Reserve, "1.1", token)
	for i, want := range []string{"refused:expired", "captured"} {
		if got := b.do(Point, script.Confirm, "1.1", ""); got != want {
			t.Errorf("confirm %d: %s, want %s", i+1, got, want)
		}
	}
}

func TestScript_GoesOnBehindTheLastBookedRequestAfterARestart(t *testing.T) {
	dir := t.TempDir()
	b := newBench(t, dir)
	const token = "gz1;charge=decline:first,decline:second,decline:third;void=reset"
	b.do(PG, script.Charge, "1.1", token)
	b.do(PG, script.Charge, "1.1", token)
	b.close()
	b = newBench(t, dir)
	defer b.close()
	if got := b.do(PG, script.Void, "1.1", ""); got != "reset" {
		t.Errorf("the token was forgotten: void answers %s", got)
	}
	if got := b.do(PG, script.Charge, "1.1", token); got != "declined:third" {
		t.Errorf("the third charge: %s", got)
	}
}

func TestInquiry_AboutAnUnknownReferenceLeavesNoTrace(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	b.do(PG, script.Inquiry, "1.1", "")
	for i := range b.engines[PG].shards {
		if n := len(b.engines[PG].shards[i].records); n != 0 {
			t.Errorf("%d records of references that never paid", n)
		}
	}
}

func TestSweep_BooksHoldsThatNobodyTouches_Once(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	b.do(Point, script.Reserve, "left", plainToken)
	b.do(Point, script.Reserve, "confirmed", plainToken)
	b.do(Point, script.Confirm, "confirmed", "")
	b.pass(59 * time.Second)
	b.sweep()
	if got := b.booked("left"); !slices.Equal(got, []string{"held"}) {
		t.Errorf("a second before its time: %v", got)
	}
	b.pass(time.Second)
	b.sweep()
	b.sweep()
	if got := b.booked("left"); !slices.Equal(got, []string{"held", "expired"}) {
		t.Errorf("after its time: %v", got)
	}
	if got := b.booked("confirmed"); !slices.Equal(got, []string{"held", "captured"}) {
		t.Errorf("a confirmed one: %v", got)
	}
}

func (b *bench) sweep() {
	b.t.Helper()
	for _, e := range b.engines {
		if err := e.sweep(); err != nil {
			b.t.Fatal(err)
		}
	}
	b.flush()
}
