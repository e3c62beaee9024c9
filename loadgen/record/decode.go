package record

import (
	"bytes"
	"encoding/json"
	"fmt"

	"gazua.example/loadgen/internal/plain"
)

// decodeOwn reads a line as appendEntry writes it, which is nearly every line of a journal. What is anything else it leaves to
// decodeAny: false does not mean that the line is wrong.
func decodeOwn(line []byte, e *Entry) bool {
	return plain.Object(line, e.field)
}

// words stand in nearly every line.
var words = plain.WordList("p", "u", "a", "g", "f", "x", "xg", "xf", "c", "cg", "cf", "w", "KRW", "PG", "POINT", "COUPON",
	"PAID", "FAILED", "ACCEPTED", "PROCESSING", "PARTIALLY_CANCELED", "CANCELED", "SUCCEEDED", "answered", "rejected", "gave-up",
	Replay, Reuse, Order, "payment.paid", "payment.failed", "cancellation.succeeded", "cancellation.failed")

// field reads the value of one field. The header's fields are left to decodeAny.
func (e *Entry) field(s *plain.Scanner, name string) (bit uint32, ok bool) {
	switch name {
	case "k":
		return 1 << 0, s.Text(&e.Kind, words)
	case "n":
		return 1 << 1, s.Integer(&e.Number)
	case "c":
		return 1 << 2, s.Integer(&e.Cancel)
	case "at":
		return 1 << 3, s.Number(&e.At)
	case "o":
		return 1 << 4, s.Text(&e.Order, nil)
	case "m":
		var merchant uint64
		ok := s.Unsigned(&merchant) && merchant < 1<<32
		e.Merchant = uint32(merchant)
		return 1 << 5, ok
	case "amt":
		return 1 << 6, s.Number(&e.Amount)
	case "cur":
		return 1 << 7, s.Text(&e.Currency, words)
	case "legs":
		return 1 << 8, legs(s, &e.Legs)
	case "x":
		return 1 << 9, s.Text(&e.What, words)
	case "key":
		return 1 << 10, s.Text(&e.Key, nil)
	case "async":
		return 1 << 11, s.True(&e.Async)
	case "s":
		return 1 << 12, s.Number(&e.Sent)
	case "d":
		return 1 << 13, s.Number(&e.Done)
	case "st":
		return 1 << 14, s.Integer(&e.Status)
	case "err":
		return 1 << 15, s.Text(&e.Class, words)
	case "prob":
		return 1 << 16, s.Text(&e.Problem, words)
	case "id":
		return 1 << 17, s.Text(&e.ID, nil)
	case "cs":
		return 1 << 18, s.Integer(&e.Seq)
	case "b":
		return 1 << 19, s.Text(&e.State, words)
	case "h":
		return 1 << 20, s.Text(&e.Hash, nil)
	case "rep":
		return 1 << 21, s.True(&e.Replayed)
	case "ver":
		return 1 << 22, s.Integer(&e.Revision)
	case "ok":
		return 1 << 23, s.True(&e.Signed)
	}
	return 0, false
}

// legs reads a list that is not empty.
func legs(s *plain.Scanner, to *[]Leg) bool {
	if !s.Take('[') {
		return false
	}
	for {
		var leg Leg
		if !s.Is(`{"w":`) || !s.Text(&leg.Means, words) || !s.Is(`,"amt":`) || !s.Number(&leg.Amount) || !s.Take('}') {
			return false
		}
		*to = append(*to, leg)
		if !s.Take(',') {
			return s.Take(']')
		}
	}
}

// decodeAny reads a line whatever way it is written.
func decodeAny(line []byte) (Entry, error) {
	var e Entry
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return Entry{}, fmt.Errorf("decode journal line: %w", err)
	}
	if decoder.More() {
		return Entry{}, fmt.Errorf("decode journal line: more than one value")
	}
	return e, nil
}
