package verify

import (
	"fmt"
	"strconv"

	"gazua.example/loadgen/record"
)

// folding makes of the lines about one payment what the client planned and saw: of the payment, and of one that a probe with
// another key for its order may have made beside it.
type folding struct {
	verdict *Verdict
	own     Seen
	seconds []Seen // what came of other keys for its order
	keys    []string
	last    int // of the seconds: the one that was asked for last
}

func (f *folding) next(number int) {
	*f = folding{verdict: f.verdict, own: Seen{Number: number}, seconds: f.seconds[:0], keys: f.keys[:0]}
}

// ended is what has come out: the payment first. It is empty when it was never planned.
func (f *folding) ended() (list []*Seen) {
	if f.own.Order == "" {
		return nil
	}
	list = append(list, &f.own)
	for i := range f.seconds {
		list = append(list, &f.seconds[i])
	}
	for _, s := range list {
		for k := range s.Cancels {
			c := &s.Cancels[k]
			c.Key = hashKey("/v1/payments/"+strconv.FormatUint(s.ID, 10)+"/cancellations", c.key)
		}
	}
	return list
}

func (f *folding) fold(e *record.Entry) error {
	s := &f.own
	switch e.Kind {
	case "p":
		s.Number, s.Merchant, s.Order, s.Amount = e.Number, e.Merchant, e.Order, e.Amount
		s.Key = hashKey("/v1/payments", e.Key)
	case "a":
		if s.again(e) {
			s.answered(e)
		}
	case "g":
		if accepted(e) {
			s.looked(e)
		}
	case "x":
		f.verdict.Probes++
		return f.probed(e)
	case "xg":
		if len(f.seconds) > 0 && accepted(e) {
			f.seconds[f.last].looked(e)
		}
	case "c":
		c := s.cancel(e.Cancel)
		c.key, c.Amount = e.Key, e.Amount
		if c.again(e) {
			s.Told++
			c.told(e, s.ID)
		}
	case "cg":
		if accepted(e) {
			s.Told++
			s.cancel(e.Cancel).told(e, s.ID)
		}
	}
	return nil
}

// probed folds the answer to a probe in.
func (f *folding) probed(e *record.Entry) error {
	switch e.What {
	case record.Replay:
		if f.own.again(e) {
			f.own.answered(e)
		}
	case record.Reuse:
		f.own.otherRequest(e)
	case record.Order:
		if other := f.second(e.Key); other.again(e) {
			other.answered(e)
		}
	default:
		return fmt.Errorf("the journal has a probe %q that the verifier does not know", e.What)
	}
	return nil
}

// second is what came of another key for the order.
func (f *folding) second(key string) *Seen {
	for f.last = range f.keys {
		if f.keys[f.last] == key {
			return &f.seconds[f.last]
		}
	}
	s := &f.own
	other := Seen{Number: s.Number, Merchant: s.Merchant, Order: s.Order, Amount: s.Amount}
	other.Key = hashKey("/v1/payments", key)
	f.seconds, f.keys, f.last = append(f.seconds, other), append(f.keys, key), len(f.keys)
	return &f.seconds[f.last]
}
