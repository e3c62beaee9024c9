package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gazua.example/loadgen/internal/plain"
)

// Entry is one line of the book.
type Entry struct {
	Seq         uint64    `json:"seq"`
	At          time.Time `json:"at"`
	Means       string    `json:"means"`
	Op          string    `json:"op"`
	Effect      string    `json:"effect"`
	Reference   string    `json:"reference"`
	Original    string    `json:"original,omitempty"` // of a refund: what was charged or captured
	Order       string    `json:"order_id"`
	Merchant    string    `json:"merchant"`
	Amount      int64     `json:"amount"`
	Currency    string    `json:"currency"`
	Transaction string    `json:"transaction_id"`
	Code        string    `json:"code,omitempty"`   // why it was declined or refused
	Source      string    `json:"source,omitempty"` // the wallet or card account that it is taken from, where it has a name
}

// Name is what a reference names: a leg, <payment>.<leg>, or a refund of it, <payment>.<leg>.<cancellation>.
type Name struct {
	Payment      uint64
	Leg          uint8
	Cancellation uint32 // 0: the leg itself
}

// ParseReference reads one; ok is false when it names nothing.
func ParseReference(reference string) (n Name, ok bool) {
	first, rest, found := strings.Cut(reference, ".")
	second, third, isRefund := strings.Cut(rest, ".")
	payment, err := strconv.ParseUint(first, 10, 64)
	leg, err2 := strconv.ParseUint(second, 10, 8)
	if !found || err != nil || err2 != nil || payment == nobody {
		return Name{}, false
	}
	n = Name{Payment: payment, Leg: uint8(leg)}
	if isRefund {
		cancellation, err := strconv.ParseUint(third, 10, 32)
		if err != nil || cancellation == 0 {
			return Name{}, false
		}
		n.Cancellation = uint32(cancellation)
	}
	return n, true
}

// DecodeEntry reads one line. Fields that are not known are left alone: the book may tell more than is judged here. But
// an effect that is not known is an error, since it may be money.
func DecodeEntry(line []byte) (Entry, error) {
	var e Entry
	if !plain.Object(line, e.field) {
		e = Entry{}
		if err := json.Unmarshal(line, &e); err != nil {
			return Entry{}, fmt.Errorf("decode a line of the book: %w", err)
		}
	}
	if e.Seq == 0 {
		return Entry{}, errors.New("decode a line of the book: it has no seq")
	}
	switch e.Effect {
	case "charged", "declined", "refused", "held", "captured", "released", "voided", "canceled", "expired", "funded":
		return e, nil
	case "refunded":
		if e.Original == "" {
			return Entry{}, fmt.Errorf("decode a line of the book: seq %d is a refund without its original", e.Seq)
		}
		return e, nil
	}
	return Entry{}, fmt.Errorf("decode a line of the book: seq %d has an effect %q that the verifier does not know", e.Seq, e.Effect)
}

// field reads the value of one field, as the mock writes it.
func (e *Entry) field(s *plain.Scanner, name string) (bit uint32, ok bool) {
	switch name {
	case "seq":
		return 1 << 0, s.Unsigned(&e.Seq)
	case "at":
		return 1 << 1, s.Time(&e.At)
	case "means":
		return 1 << 2, s.Text(&e.Means, words)
	case "op":
		return 1 << 3, s.Text(&e.Op, words)
	case "effect":
		return 1 << 4, s.Text(&e.Effect, words)
	case "reference":
		return 1 << 5, s.Text(&e.Reference, nil)
	case "original":
		return 1 << 6, s.Text(&e.Original, nil)
	case "order_id":
		return 1 << 7, s.Text(&e.Order, nil)
	case "merchant":
		return 1 << 8, s.Text(&e.Merchant, words)
	case "amount":
		return 1 << 9, s.Number(&e.Amount)
	case "currency":
		return 1 << 10, s.Text(&e.Currency, words)
	case "transaction_id":
		return 1 << 11, s.Text(&e.Transaction, nil)
	case "code":
		return 1 << 12, s.Text(&e.Code, words)
	case "source":
		return 1 << 13, s.Text(&e.Source, nil)
	case "nth": // the mock's own; known here, so that its lines are read the fast way
		var nth int64
		return 1 << 14, s.Number(&nth)
	case "expires_at":
		var expires time.Time
		return 1 << 15, s.Time(&expires)
	}
	return 0, false
}
