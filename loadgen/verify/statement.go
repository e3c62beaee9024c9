package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Statement asks the means what they say at the end of a business day, at the address where payments go.
type Statement struct {
	URL string // such as http://127.0.0.1:18085
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
	if err := json.Unmarshal(text, &l); err != nil {
		return Line{}, fmt.Errorf("decode a line of the statement: %w", err)
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

// Lines yields those of one means and day, but the last. A statement that ends early, or whose lines are not what its last
// line says, is an error.
func (s Statement) Lines(ctx context.Context, means, day string) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		address := strings.TrimSuffix(s.URL, "/") + "/" + strings.ToLower(means) + "/v1/statement?date=" + url.QueryEscape(day)
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

// stated is a line of a statement, with what its reference names and the day that it stands under.
type stated struct {
	Line
	means   string
	day     string
	payment uint64
}

// seoul is where business days are counted; it has no summer time.
var seoul = time.FixedZone("Asia/Seoul", 9*60*60)

func businessDay(at time.Time) string { return at.In(seoul).Format(time.DateOnly) }

// readStatements reads the statements of every day on which the book has money of the run, and keeps what names a payment
// from the run's range. Which of those are the run's is known later, by their payments.
func readStatements(ctx context.Context, from Statement, scope Scope, booked []movement) ([]stated, error) {
	days := map[[2]string]bool{}
	for i := range booked {
		switch m := &booked[i]; m.Effect {
		case "charged", "captured", "refunded":
			days[[2]string{m.Means, businessDay(m.At)}] = true
		}
	}
	var kept []stated
	for _, of := range slices.SortedFunc(maps.Keys(days), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		for line, err := range from.Lines(ctx, of[0], of[1]) {
			if err != nil {
				return nil, err
			}
			name, ok := ParseReference(line.Reference)
			if ok && name.Payment > scope.firstID() && name.Payment <= scope.lastID() {
				kept = append(kept, stated{Line: line, means: of[0], day: of[1], payment: name.Payment})
			}
		}
	}
	return kept, nil
}
