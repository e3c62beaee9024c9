package payment

import "time"

// Account is a line of the chart of accounts (docs/ledger.md).
type Account string

// The accounts. A positive amount of an entry debits its account, a negative one credits it.
const (
	ReceivablePG     Account = "receivable:PG" // what the means owe us
	ReceivablePoint  Account = "receivable:POINT"
	ReceivableCoupon Account = "receivable:COUPON"
	PayableMerchant  Account = "payable:MERCHANT"   // what we owe the merchants
	SuspenseReview   Account = "suspense:REVIEW"    // given back by a means, while nobody knows yet for whose account
	ByHand           Account = "by-hand:SETTLEMENT" // what a person settled outside of the means
)

// Entry is one line of the journal. The entries of one posting sum to zero.
type Entry struct {
	Seq       uint32 // within the payment; the same thing posted twice would take the same seq
	Posting   uint32 // 0: the capture; n: cancellation n; reviewPosting+n: its settlement by a person
	Account   Account
	Amount    int64
	Currency  Currency
	Reference string // what the means' statement calls it
	BookedAt  time.Time
}

// reviewPosting keeps the postings of a review apart from those of the cancellation itself.
const reviewPosting = 1_000_000

// Seoul is the business day's clock: UTC+9, without summer time since 1988.
var Seoul = time.FixedZone("Asia/Seoul", 9*60*60)

// BusinessDay is the day that an entry counts for: the day in Seoul on which the means booked it.
func (e *Entry) BusinessDay() string { return e.BookedAt.In(Seoul).Format(time.DateOnly) }

// posting gathers the entries of one.
type posting struct {
	payment *Payment
	number  uint32
	entries []Entry
}

// move adds both sides of one movement of money.
func (b *posting) move(leg uint8, debit, credit Account, amount int64, reference string, at time.Time) {
	if at.IsZero() {
		at = b.payment.ID.Time() // a means that does not say when it booked
	}
	seq := b.number*16 + uint32(leg)*2
	b.entries = append(b.entries,
		Entry{Seq: seq, Posting: b.number, Account: debit, Amount: amount, Currency: b.payment.Price.Currency, Reference: reference, BookedAt: at},
		Entry{Seq: seq + 1, Posting: b.number, Account: credit, Amount: -amount, Currency: b.payment.Price.Currency, Reference: reference, BookedAt: at})
}

// captured is the posting of a payment that became PAID: the means owe us, and we owe the merchant.
func (p *Payment) captured() []Entry {
	b := posting{payment: p}
	for i := range p.Legs {
		l := &p.Legs[i]
		b.move(l.Seq, receivable(l.Means), PayableMerchant, l.Amount, p.Reference(l), l.BookedAt)
	}
	return b.entries
}

// givenBack is the posting of a cancellation that ended, or that waits in REVIEW: of what the means really gave back.
func (c *Cancellation) givenBack(p *Payment, from Account) []Entry {
	b := posting{payment: p, number: c.Seq}
	for i := range c.Refunds {
		if r := &c.Refunds[i]; r.State == Refunded {
			b.move(r.Leg, from, receivable(r.Means), r.Amount, c.Reference(r), r.BookedAt)
		}
	}
	return b.entries
}

// decided is the posting of a cancellation that a person took out of REVIEW: the suspense is cleared, and what the means
// did not give back, or should not have, was settled by hand. before is how the cancellation went to REVIEW.
func (c *Cancellation) decided(p *Payment, before []Refund, success bool, now time.Time) []Entry {
	b := posting{payment: p, number: reviewPosting + c.Seq}
	for i := range c.Refunds {
		r := &c.Refunds[i]
		suspended := before[i].State == Refunded
		switch {
		case success && suspended:
			b.move(r.Leg, PayableMerchant, SuspenseReview, r.Amount, c.Reference(r), now)
		case success && r.State == Refunded: // it was given back when we asked once more
			b.move(r.Leg, PayableMerchant, receivable(r.Means), r.Amount, c.Reference(r), r.BookedAt)
		case success:
			b.move(r.Leg, PayableMerchant, ByHand, r.Amount, c.Reference(r), now)
		case suspended:
			b.move(r.Leg, ByHand, SuspenseReview, r.Amount, c.Reference(r), now)
		}
	}
	return b.entries
}

func receivable(m Means) Account {
	switch m {
	case Point:
		return ReceivablePoint
	case Coupon:
		return ReceivableCoupon
	default:
		return ReceivablePG
	}
}
