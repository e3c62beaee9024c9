package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gazua.example/loadgen/record"
)

// The cancellations of a world. Each of these speaks of the newest one of the payment.

func (w *world) cancellation(n int) *Cancellation {
	all := w.payments[n].Cancellations
	return all[len(all)-1]
}

// cancels begins one, with its key.
func (w *world) cancels(n int, amount int64, refunds ...Refund) {
	p := w.payments[n]
	c := &Cancellation{Seq: uint32(len(p.Cancellations) + 1), Amount: amount}
	c.KeyHash = hashKey("/v1/payments/"+strconv.FormatUint(p.ID, 10)+"/cancellations", w.cancelKey(n, int(c.Seq)-1))
	for _, r := range refunds {
		r.Means, r.Reference = p.Legs[r.Leg-1].Means, fmt.Sprintf("%d.%d.%d", p.ID, r.Leg, c.Seq)
		c.Refunds = append(c.Refunds, r)
	}
	p.Cancellations = append(p.Cancellations, c)
	w.keys = append(w.keys, &stored{claimed: claimed{p.Merchant, c.KeyHash}, payment: p.ID, cancellation: c.Seq})
	w.stepCancel(n, "PROCESSING", slices.Repeat([]string{"PENDING"}, len(refunds))...)
}

func (w *world) cancelKey(n, index int) string {
	return fmt.Sprintf("%s-cancel-%d", w.plannedKey(n), index)
}

// stepCancel is a commit of the cancellation, with the states of its refunds in the order of the calls.
func (w *world) stepCancel(n int, to string, states ...string) {
	p, c := w.payments[n], w.cancellation(n)
	byHand := c.State == "REVIEW"
	p.Version++
	c.Version++
	p.Events = append(p.Events, Event{Seq: p.Version, Cancellation: c.Seq, From: c.State, To: to, States: strings.Join(states, ","), At: w.tick()})
	c.State = to
	called := make([]*Refund, len(c.Refunds))
	for i := range c.Refunds {
		called[i] = &c.Refunds[i]
	}
	slices.SortFunc(called, func(a, b *Refund) int { return -cmp.Compare(a.Leg, b.Leg) })
	for i, r := range called {
		r.State = states[i]
		switch given := r.State == "REFUNDED"; {
		case byHand && to == "SUCCEEDED" && given:
			w.posts(n, settledByHand+c.Seq, payable, suspense, r.Reference, r.Amount)
		case byHand && to == "SUCCEEDED":
			w.posts(n, settledByHand+c.Seq, payable, byHandAccount, r.Reference, r.Amount)
		case byHand && given:
			w.posts(n, settledByHand+c.Seq, byHandAccount, suspense, r.Reference, r.Amount)
		case to == "SUCCEEDED" && given:
			w.posts(n, c.Seq, payable, "receivable:"+r.Means, r.Reference, r.Amount)
		case to == "REVIEW" && given:
			w.posts(n, c.Seq, suspense, "receivable:"+r.Means, r.Reference, r.Amount)
		}
	}
	if to == "SUCCEEDED" {
		p.Canceled += c.Amount
	}
}

const byHandAccount = byHand

// gives books a refund of the cancellation.
func (w *world) gives(n int, leg uint8) {
	p, c := w.payments[n], w.cancellation(n)
	i := slices.IndexFunc(c.Refunds, func(r Refund) bool { return r.Leg == leg })
	r := &c.Refunds[i]
	r.Transaction = "t-" + r.Reference
	e := Entry{
		Seq: uint64(len(w.book) + 1), At: w.tick(), Means: r.Means, Op: "refund", Effect: "refunded", Reference: r.Reference,
		Original: p.Legs[leg-1].Reference, Order: p.Order, Merchant: strconv.Itoa(int(p.Merchant)), Amount: r.Amount, Currency: p.Currency,
		Transaction: r.Transaction,
	}
	w.book = append(w.book, e)
	w.states("refund", e)
}

// seesCancel is the first answer to the request, which its key then keeps.
func (w *world) seesCancel(n int, asked int64, status int, state string) {
	p, c := w.payments[n], w.cancellation(n)
	k := w.key(p.ID, c.Seq)
	k.status, k.body = status, fmt.Sprintf("cancellation %d of %d is %s", c.Seq, p.ID, state)
	w.journal = append(w.journal, record.Entry{
		Kind: "c", Number: n, Cancel: int(c.Seq) - 1, Amount: asked, Key: w.cancelKey(n, int(c.Seq)-1), Sent: w.micros(), Done: w.micros(),
		Status: status, ID: strconv.FormatUint(p.ID, 10), Seq: int(c.Seq), State: state, Hash: hashOf(k.body),
	})
}

func (w *world) looksCancel(n int, state string) {
	p, c := w.payments[n], w.cancellation(n)
	w.journal = append(w.journal, record.Entry{
		Kind: "cg", Number: n, Cancel: int(c.Seq) - 1, Amount: c.Amount, Sent: w.micros(), Done: w.micros(), Status: 200,
		ID: strconv.FormatUint(p.ID, 10), Seq: int(c.Seq), State: state,
	})
}

// refusesCancel is an attempt that is refused and leaves nothing behind.
func (w *world) refusesCancel(n, index int, asked int64, problem string) {
	w.journal = append(w.journal, record.Entry{
		Kind: "c", Number: n, Cancel: index, Amount: asked, Key: w.cancelKey(n, index), Sent: w.micros(), Done: w.micros(), Status: 422, Problem: problem,
	})
}
