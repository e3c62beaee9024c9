package pgsim

import (
	"time"

	"gazua.example/mock-pg/pgsim/book"
)

// What the state machines of the means have in common; they are in cards.go, reservation.go and refund.go.

// verdict is what a state machine makes of a request: what to book, and the answer, whose ids and times come from the
// first entry once the book has given them.
type verdict struct {
	entries []book.Entry
	answer  answer
}

// turn is a request together with all that the state machines may look at. They look only: the record changes when the
// entries of the verdict are applied.
type turn struct {
	means    string
	request  *request
	record   *record   // of the reference; for a refund, that of its original
	refund   *refund   // what is known of the refund's own reference
	wallet   *wallet   // that the money comes from; nil: it has no end
	decline  string    // the script wants a refusal, with this code
	nth      int       // this is the n-th request of its operation for the reference
	received time.Time // when it was read: earlier than now when it is late
	now      time.Time
	scratch  []book.Entry // empty, with room: verdicts need no allocation
}

// The codes of refusals.
const (
	codeTombstoned  = "tombstoned"
	codeAlreadyHeld = "already_held"
	codeNotFound    = "not_found"
	codeExpired     = "expired"
	codeReleased    = "released"
	codeCaptured    = "captured"
	codeHeld        = "held"
	codeTooLate     = "too_late"
	codeRefunded    = "refunded"
	codeExceeds     = "exceeds"
	codeAnother     = "another_request"

	codeInsufficient = "insufficient_balance"
	codeCouponUsed   = "coupon_used"
)

// codeNoTombstone stands in the entry of a net-cancel that leaves none.
const codeNoTombstone = "no_tombstone"

// entry starts an entry for this turn. Follow-ups carry what the charge or reservation said about the order.
func (t *turn) entry(effect book.Effect, code string) book.Entry {
	e := book.Entry{
		Means: t.means, Op: t.request.op.String(), Effect: effect, Reference: t.request.Reference, Code: code, Nth: t.nth,
		OrderID: t.record.orderID, Merchant: t.record.merchant, Amount: t.record.amount, Currency: t.record.currency,
	}
	if t.refund != nil {
		e.Original, e.Amount, e.Currency = t.request.Original, t.request.Amount, t.request.Currency
	}
	if t.wallet != nil {
		e.Source = t.wallet.key.source
	}
	if t.request.opens() {
		e.Source = t.record.plan.Source
		e.OrderID, e.Merchant, e.Amount, e.Currency = t.request.OrderID, t.request.Merchant, t.request.Amount, t.request.Currency
		if t.record.plan.Script != nil {
			e.Token = t.request.Token
		}
	}
	return e
}

// on is an entry about one transaction of the record.
func (t *turn) on(effect book.Effect, x *transaction) book.Entry {
	e := t.entry(effect, "")
	e.Transaction, e.Amount = x.id, x.amount
	return e
}

func (t *turn) book(result string, entries ...book.Entry) verdict {
	return verdict{append(t.scratch, entries...), answer{result: result}}
}

func (t *turn) refuse(code string) verdict {
	v := t.book("refused", t.entry(book.Refused, code))
	v.answer.code = code
	return v
}

func (t *turn) declined(code string) verdict {
	v := t.book("declined", t.entry(book.Declined, code))
	v.answer.code = code
	return v
}

// repeat is the answer to a request that was done before: the same result, nothing booked.
func (t *turn) repeat(result string, of *transaction) verdict {
	a := answer{result: result, repeated: true}
	a.speakOf(of, t.record)
	return verdict{answer: a}
}

// inquire tells what is known of the reference. It changes nothing, and costs no entry.
func (t *turn) inquire() verdict {
	a := answer{result: "not_found", tombstoned: t.record.tombstone}
	if t.record.first.id != 0 {
		a.result, a.live = "found", t.record.liveCount()
		a.refunded = t.record.refunded()
		a.speakOf(t.record.current(), t.record)
	} else if t.record.declinedFor != "" {
		a.result, a.status, a.amount, a.currency = "found", "DECLINED", t.record.amount, t.record.currency
	}
	return verdict{answer: a}
}

func (t *turn) voidAll(result string) verdict {
	v := t.book(result)
	for x := range t.record.transactions {
		if x.live() {
			v.entries = append(v.entries, t.on(book.Voided, x))
		}
	}
	v.answer.voided = len(v.entries)
	v.answer.repeated = len(v.entries) == 0
	return v
}
