package verify

import (
	"fmt"
	"slices"
	"strconv"

	"gazua.example/loadgen/record"
)

// journal is the client's, folded by payment.
type journal struct {
	run       string
	sent      int    // payments
	seen      []Seen // what was sent; a probe that may make a payment of its own is one of them
	calls     []call // callbacks that were received
	probes    int64  // requests
	cancelled int64  // cancellations that were asked for
}

// call is a callback that a merchant received.
type call struct {
	payment      uint64
	named        string // as it named the payment
	merchant     uint32 // whose address was called
	cancellation uint32
	version      uint32
	kind         string // such as payment.paid
	state        string // in its body
	canceled     int64
	fault        string // why it was not taken
}

// refusedOnPurpose is the fault of a callback that the merchant refused so that it must come again.
const refusedOnPurpose = "refused"

// believed says that it is the system's word: nothing but the merchant's whim kept it from being taken.
func (c *call) believed() bool { return c.fault == "" || c.fault == refusedOnPurpose }

// maxPayments bounds the memory that a damaged journal can ask for.
const maxPayments = 100_000_000

// readJournal folds the journal. Only payments that were sent are kept.
func readJournal(path string) (*journal, error) {
	j := &journal{}
	var byNumber []Seen
	second := map[string]*Seen{} // what came of another key for an order, by that key
	keys := map[int]string{}     // of those, by payment
	err := record.Read(path, func(e record.Entry) error {
		switch e.Kind {
		case "h":
			j.run = e.Run
			return nil
		case "w":
			j.calls = append(j.calls, received(&e))
			return nil
		}
		if e.Number > maxPayments {
			return fmt.Errorf("the journal names payment %d; more than %d are not verified", e.Number, maxPayments)
		}
		if grow := e.Number + 1 - len(byNumber); grow > 0 {
			byNumber = append(byNumber, make([]Seen, grow)...)
		}
		s := &byNumber[e.Number]
		switch e.Kind {
		case "p":
			s.Number, s.Merchant, s.Order, s.Amount = e.Number, e.Merchant, e.Order, e.Amount
			s.Key = hashKey("/v1/payments", e.Key)
		case "a":
			if s.again(&e) {
				s.answered(&e)
			}
		case "g":
			if accepted(&e) {
				s.looked(&e)
			}
		case "x":
			j.probes++
			return probed(s, &e, second, keys)
		case "xg":
			if other := second[keys[e.Number]]; other != nil && accepted(&e) {
				other.looked(&e)
			}
		case "c":
			c := s.cancel(e.Cancel)
			c.key, c.Amount = e.Key, e.Amount
			if c.again(&e) {
				s.Told++
				c.told(&e, s.ID)
			}
		case "cg":
			if accepted(&e) {
				s.Told++
				s.cancel(e.Cancel).told(&e, s.ID)
			}
		}
		return nil
	})
	j.seen = slices.DeleteFunc(byNumber, func(s Seen) bool { return s.Order == "" })
	j.sent = len(j.seen)
	for _, s := range second {
		if s.Order != "" {
			j.seen = append(j.seen, *s)
		}
	}
	for i := range j.seen {
		s := &j.seen[i]
		for k := range s.Cancels {
			c := &s.Cancels[k]
			c.Key = hashKey("/v1/payments/"+strconv.FormatUint(s.ID, 10)+"/cancellations", c.key)
			j.cancelled++
		}
	}
	return j, err
}

// probed folds the answer to a probe in.
func probed(s *Seen, e *record.Entry, second map[string]*Seen, keys map[int]string) error {
	switch e.What {
	case record.Replay:
		if s.again(e) {
			s.answered(e)
		}
	case record.Reuse:
		s.otherRequest(e)
	case record.Order:
		other := second[e.Key]
		if other == nil {
			other = &Seen{Number: s.Number, Merchant: s.Merchant, Order: s.Order, Amount: s.Amount}
			other.Key = hashKey("/v1/payments", e.Key)
			second[e.Key], keys[e.Number] = other, e.Key
		}
		if other.again(e) {
			other.answered(e)
		}
	default:
		return fmt.Errorf("the journal has a probe %q that the verifier does not know", e.What)
	}
	return nil
}

// received is a callback as the merchant got it. One without a valid signature was not taken, whatever else is said of it.
func received(e *record.Entry) call {
	if !e.Signed && (e.Class == "" || e.Class == refusedOnPurpose) {
		e.Class = "signature"
	}
	id, _ := strconv.ParseUint(e.ID, 10, 64) // 0: it names no payment
	return call{
		payment: id, named: e.ID, merchant: e.Merchant, cancellation: uint32(max(e.Seq, 0)), version: uint32(max(e.Revision, 0)),
		kind: e.What, state: e.State, canceled: e.Amount, fault: e.Class,
	}
}
