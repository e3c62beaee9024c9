package payment

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// inWords writes a posting, an entry a line.
func inWords(entries []Entry) string {
	lines := make([]string, len(entries))
	for i, e := range entries {
		lines[i] = fmt.Sprintf("%d %s %d", e.Seq, e.Account, e.Amount)
	}
	return strings.Join(lines, "\n")
}

func TestLedger_Capture_MeansOweUs_AndWeOweTheMerchant(t *testing.T) {
	p := paidAt(someDay, couponLeg, cardLeg)
	want := "2 receivable:COUPON 1000\n3 payable:MERCHANT -1000\n4 receivable:PG 3000\n5 payable:MERCHANT -3000"
	if got := inWords(p.captured()); got != want {
		t.Errorf("posted\n%s\nwant\n%s", got, want)
	}
	if got := p.captured()[0].Reference; got != p.ID.String()+".1" {
		t.Errorf("reference %s", got)
	}
}

// halfDone is a cancellation of which the card was given back, and the points were refused.
func halfDone(state CancellationState) (*Payment, *Cancellation) {
	p := paidAt(someDay, pointLeg, cardLeg)
	return p, &Cancellation{
		Payment: p.ID, Seq: 2, State: state, Amount: 5000, Refunds: []Refund{
			{Leg: 2, Means: PG, Amount: 3000, State: Refunded, BookedAt: someDay},
			{Leg: 1, Means: Point, Amount: 2000, State: RefundRefused},
		},
	}
}

func TestLedger_Cancellation(t *testing.T) {
	for _, c := range []struct {
		name    string
		state   CancellationState
		posting func(*Payment, *Cancellation) []Entry
		want    string
	}{
		{
			"in review: what was given back waits", CancelReview, func(p *Payment, c *Cancellation) []Entry { return c.givenBack(p, SuspenseReview) },
			"36 suspense:REVIEW 3000\n37 receivable:PG -3000",
		},
		{
			"succeeded by hand: the merchant bears it", CancelSucceeded, func(p *Payment, c *Cancellation) []Entry { return c.decided(p, c.Refunds, true, someDay) },
			"16000036 payable:MERCHANT 3000\n16000037 suspense:REVIEW -3000\n16000034 payable:MERCHANT 2000\n16000035 by-hand:SETTLEMENT -2000",
		},
		{
			"failed by hand: we bear what was given back", CancelFailed, func(p *Payment, c *Cancellation) []Entry { return c.decided(p, c.Refunds, false, someDay) },
			"16000036 by-hand:SETTLEMENT 3000\n16000037 suspense:REVIEW -3000",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, cancellation := halfDone(c.state)
			if got := inWords(c.posting(p, cancellation)); got != c.want {
				t.Errorf("posted\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestLedger_Succeeded_TheMerchantIsOwedLess(t *testing.T) {
	p, c := halfDone(CancelSucceeded)
	c.Refunds = c.Refunds[:1]
	if got, want := inWords(c.givenBack(p, PayableMerchant)), "36 payable:MERCHANT 3000\n37 receivable:PG -3000"; got != want {
		t.Errorf("posted\n%s\nwant\n%s", got, want)
	}
	if got := c.givenBack(p, PayableMerchant)[0].Reference; got != p.ID.String()+".2.2" {
		t.Errorf("reference %s", got)
	}
}

// The primary key of the journal: whatever happens to a payment, no two entries share a seq, and each posting sums to zero.
func TestLedger_EveryPostingSumsToZero_AndNoSeqIsTakenTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := paidAt(someDay, couponLeg, pointLeg, cardLeg)
		all := p.captured()
		for seq := range rapid.IntRange(0, 20).Draw(t, "cancellations") {
			c := &Cancellation{Payment: p.ID, Seq: uint32(seq) + 1}
			for _, l := range p.Legs {
				state := rapid.SampledFrom([]RefundState{Refunded, RefundRefused, RefundPending, RefundAbsent}).Draw(t, "refund")
				c.Refunds = append(c.Refunds, Refund{Leg: l.Seq, Means: l.Means, State: state, Amount: rapid.Int64Range(1, MaxAmount).Draw(t, "amount")})
			}
			c.State = rapid.SampledFrom([]CancellationState{CancelReview, CancelSucceeded}).Draw(t, "ends")
			from := PayableMerchant
			if c.State == CancelReview {
				from = SuspenseReview
			}
			all = append(all, c.givenBack(p, from)...)
			if c.State == CancelReview {
				c.State = rapid.SampledFrom([]CancellationState{CancelSucceeded, CancelFailed}).Draw(t, "is decided")
				all = append(all, c.decided(p, c.Refunds, c.State == CancelSucceeded, someDay)...)
			}
		}
		sums, seen := map[uint32]int64{}, map[uint32]bool{}
		for _, e := range all {
			sums[e.Posting] += e.Amount
			if seen[e.Seq] {
				t.Fatalf("seq %d twice:\n%s", e.Seq, inWords(all))
			}
			seen[e.Seq] = true
		}
		for posting, sum := range sums {
			if sum != 0 {
				t.Fatalf("posting %d sums to %d:\n%s", posting, sum, inWords(all))
			}
		}
	})
}

func TestLedger_BusinessDayIsSeouls(t *testing.T) {
	for at, want := range map[string]string{
		"2026-03-01T14:59:59.999999Z": "2026-03-01", "2026-03-01T15:00:00Z": "2026-03-02", "2026-07-01T15:00:00Z": "2026-07-02",
	} {
		booked, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&Entry{BookedAt: booked}).BusinessDay(); got != want {
			t.Errorf("%s counts for %s, want %s", at, got, want)
		}
	}
}

func TestLedger_AMeansThatDoesNotSayWhen_BookedAtTheCreation(t *testing.T) {
	p := paidAt(someDay, cardLeg)
	if got := p.captured()[0].BookedAt; !got.Equal(p.ID.Time()) {
		t.Errorf("booked at %s", got)
	}
	p.Legs[0].BookedAt = someDay.Add(time.Minute)
	if got := p.captured(); !slices.Equal([]time.Time{got[0].BookedAt, got[1].BookedAt}, []time.Time{p.Legs[0].BookedAt, p.Legs[0].BookedAt}) {
		t.Errorf("booked at %s and %s", got[0].BookedAt, got[1].BookedAt)
	}
}
