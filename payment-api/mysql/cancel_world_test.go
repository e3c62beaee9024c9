package mysql_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// booked is when the means of these tests book: shortly before midnight in Seoul, in nanoseconds that a column has no room
// for.
var booked = time.Date(2026, 3, 1, 14, 59, 59, 999_999_900, time.UTC)

// registered is a merchant of its own, who is called back at url unless that is empty.
func registered(t *testing.T, url string) payment.MerchantID {
	t.Helper()
	id := payment.MerchantID(10_000 + counter.Add(1))
	m := mysql.Merchant{ID: id, Name: "m", APIKey: fmt.Sprintf("gzk_%d", id), CallbackURL: url}
	if err := mysql.RegisterMerchants(t.Context(), db, []mysql.Merchant{m}); err != nil {
		t.Fatal(err)
	}
	return id
}

// claimedFor is a payment of a merchant that is stored.
func claimedFor(t *testing.T, merchant payment.MerchantID, mode payment.Mode) *payment.Payment {
	t.Helper()
	n := fresh(mode)
	n.Payment.Merchant = merchant
	if got := store().Claim(t.Context(), []payment.NewPayment{n})[0]; got != (payment.Claimed{}) {
		t.Fatalf("claim: %+v", got)
	}
	return load(t, n.Payment.ID)
}

// toPaid is the change that ends a payment well, as the domain makes it.
func toPaid(p *payment.Payment) payment.Change {
	c := move(p, payment.Paid, payment.Work{})
	for i := range c.Payment.Legs {
		l := &c.Payment.Legs[i]
		l.State, l.TransactionID, l.BookedAt = payment.Captured, "t-1", booked
		reference := c.Payment.Reference(l)
		c.Posting = append(c.Posting,
			payment.Entry{Seq: uint32(l.Seq) * 2, Account: payment.ReceivablePG, Amount: l.Amount, Currency: "KRW", Reference: reference, BookedAt: booked},
			payment.Entry{Seq: uint32(l.Seq)*2 + 1, Account: payment.PayableMerchant, Amount: -l.Amount, Currency: "KRW", Reference: reference, BookedAt: booked})
	}
	c.Answer = &payment.Answer{Status: 201, Body: []byte("paid")}
	c.Callback = &payment.Callback{Type: "payment.paid", Body: []byte(`{"paid":true}`)}
	return c
}

// paid is a payment that is PAID: 10 by coupon, 20 by points, 30 by the PG.
func paid(t *testing.T, merchant payment.MerchantID) *payment.Payment {
	t.Helper()
	p := claimedFor(t, merchant, payment.Sync)
	apply(t, toPaid(p))
	return load(t, p.ID)
}

// cancellation asks for amount of p, all from the PG.
func cancellation(p *payment.Payment, amount int64) payment.NewCancellation {
	n := counter.Add(1)
	return payment.NewCancellation{
		Payment: p.ID, Merchant: p.Merchant, KeyHash: [32]byte{byte(n), byte(n >> 8), byte(n >> 16), 2}, RequestHash: [32]byte{byte(n), 2},
		Due: time.Minute, Lease: time.Minute, Actor: "test",
		Allocate: func(p *payment.Payment, before []*payment.Cancellation) (*payment.Cancellation, error) {
			return &payment.Cancellation{
				Payment: p.ID, Seq: uint32(len(before)) + 1, Amount: amount, State: payment.CancelProcessing, Version: 1, Note: "왜", Created: p.ReadAt,
				Refunds: []payment.Refund{
					{Leg: 3, Means: payment.PG, Amount: amount - 1, State: payment.RefundPending},
					{Leg: 2, Means: payment.Point, Amount: 1, State: payment.RefundPending},
				},
			}, nil
		},
	}
}

// refusing asks for what the domain refuses.
func refusing(p *payment.Payment) payment.NewCancellation {
	n := cancellation(p, 1)
	n.Allocate = func(*payment.Payment, []*payment.Cancellation) (*payment.Cancellation, error) {
		return nil, &payment.Error{Kind: payment.KindCancelExceeds, Detail: "too much"}
	}
	return n
}

// canceling is a cancellation that is stored.
func canceling(t *testing.T, p *payment.Payment, amount int64) *payment.Cancellation {
	t.Helper()
	got := store().ClaimCancellation(t.Context(), []payment.NewCancellation{cancellation(p, amount)})[0]
	if got.Err != nil || got.Key != nil || got.Cancellation == nil {
		t.Fatalf("claim a cancellation: %+v", got)
	}
	return got.Cancellation
}

// moveCancellation is a change of c to a state, as the domain makes one.
func moveCancellation(c *payment.Cancellation, to payment.CancellationState) payment.CancellationChange {
	copied := *c
	copied.Refunds = append([]payment.Refund(nil), c.Refunds...)
	copied.State, copied.Version = to, c.Version+1
	change := payment.CancellationChange{Payment: c.Payment, Cancellation: &copied, From: c.State, FromVersion: c.Version, Cause: "test", Actor: "test"}
	if to == payment.CancelSucceeded {
		for i := range copied.Refunds {
			r := &copied.Refunds[i]
			r.State, r.TransactionID, r.BookedAt = payment.Refunded, "t-2", booked
			seq := c.Seq*16 + uint32(r.Leg)*2
			change.Posting = append(change.Posting,
				payment.Entry{Seq: seq, Posting: c.Seq, Account: payment.PayableMerchant, Amount: r.Amount, Currency: "KRW", Reference: c.Reference(r), BookedAt: booked},
				payment.Entry{Seq: seq + 1, Posting: c.Seq, Account: payment.ReceivablePG, Amount: -r.Amount, Currency: "KRW", Reference: c.Reference(r), BookedAt: booked})
		}
	}
	if to.Final() {
		change.Answer = &payment.Answer{Status: 201, Body: []byte("canceled")}
		change.Callback = func(p *payment.Payment) *payment.Callback {
			return &payment.Callback{Type: "cancellation.succeeded", Body: fmt.Appendf(nil, "v%d canceled %d", p.Version, p.Canceled)}
		}
	}
	return change
}

func applyCancellation(t *testing.T, c payment.CancellationChange) {
	t.Helper()
	if err := store().ApplyCancellation(t.Context(), []payment.CancellationChange{c})[0]; err != nil {
		t.Fatalf("apply a change of a cancellation: %v", err)
	}
}

func cancellations(t *testing.T, id payment.ID) []*payment.Cancellation {
	t.Helper()
	all, err := store().Cancellations(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// generous is a means that does all it is asked; what stands in its way is a test's.
type generous struct {
	giveBack func(payment.Call) payment.Reply
}

func (g generous) Do(_ context.Context, c payment.Call) payment.Reply {
	if c.Op == payment.GiveBack && g.giveBack != nil {
		return g.giveBack(c)
	}
	return payment.Reply{Result: payment.Done, TransactionID: "t-" + c.Reference(), BookedAt: booked}
}

func (generous) Reachable(...payment.Leg) bool { return true }

// service is the domain on a real store.
func service(s *mysql.Store, means payment.Gateway) *payment.Service {
	return &payment.Service{
		Store: s, Gateway: means, Clock: wallClock{}, IDs: ids, Limits: payment.DefaultLimits(), Actor: "test",
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}
