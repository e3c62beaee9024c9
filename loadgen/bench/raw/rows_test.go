package raw

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestIDs_RiseAndKeepTheirNode(t *testing.T) {
	n := ids{node: lastNode}
	last := uint64(0)
	for range 3 * sequences { // more than a millisecond has
		id := n.next()
		if id <= last || id>>nodeShift&lastNode != lastNode {
			t.Fatalf("%d after %d, of node %d", id, last, id>>nodeShift&lastNode)
		}
		last = id
	}
	if ahead := int64(last>>millisecondShift) - time.Since(idEpoch).Milliseconds(); ahead > 5 {
		t.Errorf("the ids are %d ms ahead", ahead)
	}
}

// Both transactions write what a payment writes: each table, a row or more for each payment.
func TestStatements_HaveEveryTableAndRow(t *testing.T) {
	for _, c := range []struct {
		o             Options
		begin, settle map[string]int // rows a payment
	}{
		{
			Options{Legs: 1},
			map[string]int{"idempotency_key": 1, "order_guard": 1, "payment": 1, "payment_leg": 1, "payment_event": 1, "open_payment": 1, "outbox": 0},
			map[string]int{"payment_leg": 1, "payment_event": 1, "journal_entry": 2, "callback": 0},
		},
		{
			Options{Legs: 3, Async: true},
			map[string]int{"idempotency_key": 1, "order_guard": 1, "payment": 1, "payment_leg": 3, "payment_event": 1, "open_payment": 1, "outbox": 1},
			map[string]int{"payment_leg": 3, "payment_event": 2, "journal_entry": 6, "callback": 1},
		},
	} {
		r, n := newRows(c.o, 0), ids{node: lastNode}
		batch := r.draw(&n, 5)
		for text, want := range map[string]map[string]int{r.begin(batch): c.begin, r.settle(batch): c.settle} {
			if !strings.HasPrefix(text, "START TRANSACTION;") || !strings.HasSuffix(text, ";COMMIT") || strings.Count(text, "TRANSACTION") != 1 {
				t.Errorf("%.80s … is no transaction", text)
			}
			got := map[string]int{}
			for _, statement := range strings.Split(text, ";INSERT INTO raw_")[1:] {
				table, values, _ := strings.Cut(statement, " ")
				_, values, _ = strings.Cut(values, " VALUES ")
				values, _, _ = strings.Cut(values, ";DELETE")
				got[table] += len(regexp.MustCompile(`(^|\),)\(`).FindAllString(values, -1))
			}
			if strings.HasPrefix(text, "START TRANSACTION;INSERT INTO raw_idempotency_key") {
				got["idempotency_key"] = 5
			}
			for table, each := range want {
				if got[table] != 5*each {
					t.Errorf("legs %d: %d rows of %s for 5 payments, want %d", c.o.Legs, got[table], table, 5*each)
				}
			}
		}
	}
}

// The amounts of the legs are that of the payment, and none is 0.
func TestDraw_LegsSumToTheAmount(t *testing.T) {
	r, n := newRows(Options{Legs: 3}, 1), ids{node: 7}
	for _, p := range r.draw(&n, 200) {
		sum := uint64(0)
		for _, l := range p.legs {
			if l.amount == 0 {
				t.Errorf("%+v has a leg of nothing", p)
			}
			sum += l.amount
		}
		if sum != p.amount || p.merchant < 1 || p.merchant > 2 {
			t.Errorf("%+v: the legs sum to %d", p, sum)
		}
	}
}

func TestPercentile_CountsMembers(t *testing.T) {
	waves := []wave{{1, 30 * time.Millisecond}, {98, 10 * time.Millisecond}, {1, 20 * time.Millisecond}}
	for share, want := range map[float64]float64{0.5: 10, 0.98: 10, 0.99: 20, 1: 30} {
		if got := percentile(waves, share); got != want {
			t.Errorf("p%g is %g ms, want %g", share*100, got, want)
		}
	}
	if percentile(nil, 0.5) != 0 {
		t.Error("nothing took some time")
	}
}
