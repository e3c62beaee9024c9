package verify

import "time"

// Payment is a payment as the database has it, with all that hangs on it. Where only something that hangs on it is there,
// Missing is set.
type Payment struct {
	ID       uint64
	Missing  bool
	Merchant uint32
	Order    string
	Amount   int64
	Canceled int64
	Currency string
	Mode     string
	State    string
	Version  uint32
	Reason   string
	KeyHash  Hash

	Legs          []Leg   // by seq
	Events        []Event // by seq
	Cancellations []*Cancellation
	Entries       []LedgerEntry
	Open          []uint32 // open work: 0 for the payment itself, else of the cancellation with this seq
	Callbacks     []Callback
	Outbox        int  // rows of it that name this payment
	Swept         bool // it is so old that rows of it may have been swept
}

// Leg is one leg of it.
type Leg struct {
	Seq         uint8
	Means       string
	Amount      int64
	State       string
	Reference   string
	Transaction string
}

// Event is one step of its history, or of one of its cancellations: then States are those of the refunds.
type Event struct {
	Seq          uint32
	Cancellation uint32 // 0: of the payment itself
	From, To     string
	Cause        string
	States       string // of the legs, such as HELD,CAPTURED
	At           time.Time
}

// Cancellation is a cancellation of it. Where only its refunds are there, Missing is set.
type Cancellation struct {
	Seq     uint32
	Missing bool
	State   string
	Version uint32
	Amount  int64
	KeyHash Hash
	Refunds []Refund // by leg
}

// Refund is one means' share of a cancellation.
type Refund struct {
	Leg         uint8
	Means       string
	Amount      int64
	State       string
	Reference   string
	Transaction string
}

// LedgerEntry is one line of the double entry: a debit when its amount is positive, else a credit.
type LedgerEntry struct {
	Posting   uint32 // 0: the capture; n: cancellation n; settledByHand+n: what a person made of it
	Account   string
	Amount    int64
	Currency  string
	Reference string
	Day       time.Time // the business day, at midnight UTC
	BookedAt  time.Time
}

// Callback is one that the system owes or has delivered.
type Callback struct {
	Version uint32
	State   string
}

func (p *Payment) leg(seq uint8) *Leg {
	for i := range p.Legs {
		if p.Legs[i].Seq == seq {
			return &p.Legs[i]
		}
	}
	return nil
}

func (p *Payment) cancellation(seq uint32) *Cancellation {
	for _, c := range p.Cancellations {
		if c.Seq == seq {
			return c
		}
	}
	return nil
}

// decidedByHand says whether a person ended the cancellation: it has been in REVIEW.
func (p *Payment) decidedByHand(c *Cancellation) bool {
	for _, e := range p.Events {
		if e.Cancellation == c.Seq && e.From == "REVIEW" {
			return true
		}
	}
	return false
}
