package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Book reads what the mock PG really booked, by its admin address.
type Book struct {
	Admin string // such as http://127.0.0.1:18185
}

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
	Code        string    `json:"code,omitempty"` // why it was declined or refused
}

// Name is what a reference names: a leg, <payment>.<leg>, or a refund of it, <payment>.<leg>.<cancellation>.
type Name struct {
	Payment      uint64
	Leg          uint8
	Cancellation uint32 // 0: the leg itself
}

// ParseReference reads one; ok is false when it names nothing.
func ParseReference(reference string) (n Name, ok bool) {
	parts := strings.Split(reference, ".")
	if len(parts) != 2 && len(parts) != 3 {
		return Name{}, false
	}
	payment, err := strconv.ParseUint(parts[0], 10, 64)
	leg, err2 := strconv.ParseUint(parts[1], 10, 8)
	if err != nil || err2 != nil || payment == nobody {
		return Name{}, false
	}
	n = Name{Payment: payment, Leg: uint8(leg)}
	if len(parts) == 3 {
		cancellation, err := strconv.ParseUint(parts[2], 10, 32)
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
	if err := json.Unmarshal(line, &e); err != nil {
		return Entry{}, fmt.Errorf("decode a line of the book: %w", err)
	}
	if e.Seq == 0 {
		return Entry{}, errors.New("decode a line of the book: it has no seq")
	}
	switch e.Effect {
	case "charged", "declined", "refused", "held", "captured", "released", "voided", "canceled", "expired":
		return e, nil
	case "refunded":
		if e.Original == "" {
			return Entry{}, fmt.Errorf("decode a line of the book: seq %d is a refund without its original", e.Seq)
		}
		return e, nil
	}
	return Entry{}, fmt.Errorf("decode a line of the book: seq %d has an effect %q that the verifier does not know", e.Seq, e.Effect)
}

// Position is the seq of the newest entry, 0 when there is none.
func (b Book) Position(ctx context.Context) (uint64, error) {
	var position struct {
		Seq uint64 `json:"seq"`
	}
	err := b.get(ctx, "/position", func(body io.Reader) error { return json.NewDecoder(body).Decode(&position) })
	return position.Seq, err
}

// Entries yields the entries with a seq above from.
func (b Book) Entries(ctx context.Context, from uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		stopped := errors.New("the reader has enough")
		err := b.get(ctx, "/book?from="+strconv.FormatUint(from, 10), func(body io.Reader) error {
			last := from
			return eachLine(body, func(line []byte) error {
				entry, err := DecodeEntry(line)
				if err != nil {
					return err
				}
				// A gap would mean that money moved which nobody can judge.
				if entry.Seq != last+1 {
					return fmt.Errorf("seq %d follows %d: the book has a gap", entry.Seq, last)
				}
				last = entry.Seq
				if !yield(entry, nil) {
					return stopped
				}
				return nil
			})
		})
		if err != nil && !errors.Is(err, stopped) {
			yield(Entry{}, err)
		}
	}
}

// AddedP99 is the 99th percentile of what the mock adds to the delays that it is asked for.
func (b Book) AddedP99(ctx context.Context) (time.Duration, error) {
	var stats struct {
		Added struct {
			P99 float64 `json:"p99_ms"`
		} `json:"added_latency"`
	}
	err := b.get(ctx, "/stats", func(body io.Reader) error { return json.NewDecoder(body).Decode(&stats) })
	return time.Duration(stats.Added.P99 * float64(time.Millisecond)), err
}

func (b Book) get(ctx context.Context, path string, read func(io.Reader) error) error {
	return get(ctx, "the PG's book", strings.TrimSuffix(b.Admin, "/")+path, read)
}

// ForgetLatency starts the mock's figures of its added latency anew, so that they are the run's own.
func (b Book) ForgetLatency(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(b.Admin, "/")+"/stats/reset", nil)
	if err != nil {
		return fmt.Errorf("reset the PG's figures: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("reset the PG's figures: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return fmt.Errorf("reset the PG's figures: it answers %s", response.Status)
	}
	return nil
}
