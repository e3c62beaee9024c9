package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"
	"time"

	"gazua.example/loadgen/internal/plain"
)

// Statement asks the means what they say at the end of a business day, at the address where payments go.
type Statement struct {
	URL []string // such as http://127.0.0.1:18085, one for each instance
}

// Line is one line of a statement: a capture that was not voided, or a refund. Its last line counts the others.
type Line struct {
	Kind        string    `json:"kind"` // capture, refund, end
	Reference   string    `json:"reference,omitempty"`
	Original    string    `json:"original,omitempty"` // of a refund
	Transaction string    `json:"transaction_id,omitempty"`
	Amount      int64     `json:"amount,omitempty"`
	Currency    string    `json:"currency,omitempty"`
	BookedAt    time.Time `json:"booked_at,omitzero"`

	Count    int64 `json:"count,omitempty"`
	Captures int64 `json:"sum_captures,omitempty"`
	Refunds  int64 `json:"sum_refunds,omitempty"`
}

// DecodeLine reads one line. A kind that is not known is an error, since it may be money.
func DecodeLine(text []byte) (Line, error) {
	var l Line
	if !plain.Object(text, l.field) {
		l = Line{}
		if err := json.Unmarshal(text, &l); err != nil {
			return Line{}, fmt.Errorf("decode a line of the statement: %w", err)
		}
	}
	switch {
	case l.Kind == "end":
	case l.Kind != "capture" && l.Kind != "refund":
		return Line{}, fmt.Errorf("decode a line of the statement: it has a kind %q that the verifier does not know", l.Kind)
	case l.Reference == "" || l.Amount <= 0:
		return Line{}, fmt.Errorf("decode a line of the statement: a %s of %d under reference %q", l.Kind, l.Amount, l.Reference)
	}
	return l, nil
}

// field reads the value of one field of a capture or a refund, as the mock writes it.
func (l *Line) field(s *plain.Scanner, name string) (bit uint32, ok bool) {
	switch name {
	case "kind":
		return 1 << 0, s.Text(&l.Kind, words)
	case "reference":
		return 1 << 1, s.Text(&l.Reference, nil)
	case "original":
		return 1 << 2, s.Text(&l.Original, nil)
	case "transaction_id":
		return 1 << 3, s.Text(&l.Transaction, nil)
	case "amount":
		return 1 << 4, s.Number(&l.Amount)
	case "currency":
		return 1 << 5, s.Text(&l.Currency, words)
	case "booked_at":
		return 1 << 6, s.Time(&l.BookedAt)
	}
	return 0, false
}

// Lines yields those of one means and day, but the last. A statement that ends early, or whose lines are not what its last
// line says, is an error.
func (s Statement) Lines(ctx context.Context, means, day string) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		for _, address := range s.URL {
			for line, err := range statementOf(ctx, address, means, day) {
				if !yield(line, err) {
					return
				}
			}
		}
	}
}

// statementOf is that of one instance.
func statementOf(ctx context.Context, instance, means, day string) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		address := instance + "/" + strings.ToLower(means) + "/v1/statement?date=" + url.QueryEscape(day)
		stopped := errors.New("the reader has enough")
		err := get(ctx, "the statement of "+means+" of "+day, address, func(body io.Reader) error {
			var told, end Line
			err := eachLine(body, func(text []byte) error {
				line, err := DecodeLine(text)
				switch {
				case err != nil:
					return err
				case end.Kind != "":
					return errors.New("it goes on behind its end")
				case line.Kind == "end":
					end = line
					return nil
				case line.Kind == "capture":
					told.Captures += line.Amount
				default:
					told.Refunds += line.Amount
				}
				told.Count++
				if !yield(line, nil) {
					return stopped
				}
				return nil
			})
			switch {
			case err != nil:
				return err
			case end.Kind == "":
				return errors.New("it has no end")
			case told.Count != end.Count || told.Captures != end.Captures || told.Refunds != end.Refunds:
				return fmt.Errorf("it has %d lines with %d captured and %d refunded, and its end says %d, %d and %d",
					told.Count, told.Captures, told.Refunds, end.Count, end.Captures, end.Refunds)
			}
			return nil
		})
		if err != nil && !errors.Is(err, stopped) {
			yield(Line{}, err)
		}
	}
}
