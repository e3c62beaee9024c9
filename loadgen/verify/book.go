package verify

import (
	"bufio"
	"bytes"
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
	Order       string    `json:"order_id"`
	Merchant    string    `json:"merchant"`
	Amount      int64     `json:"amount"`
	Currency    string    `json:"currency"`
	Transaction string    `json:"transaction_id"`
}

// Payment is the payment and the leg that the reference names; ok is false when it names none.
func (e *Entry) Payment() (id uint64, leg uint8, ok bool) {
	payment, seq, _ := strings.Cut(e.Reference, ".")
	id, err := strconv.ParseUint(payment, 10, 64)
	n, err2 := strconv.ParseUint(seq, 10, 8)
	return id, uint8(n), err == nil && err2 == nil
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
	}
	return Entry{}, fmt.Errorf("decode a line of the book: seq %d has an effect %q that the verifier does not know", e.Seq, e.Effect)
}

// maxBookLine bounds a line of the book.
const maxBookLine = 64 << 10

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
			lines := bufio.NewReaderSize(body, maxBookLine)
			for last := from; ; {
				line, err := lines.ReadSlice('\n')
				if errors.Is(err, io.EOF) && len(bytes.TrimSpace(line)) == 0 {
					return nil
				}
				if err != nil {
					return fmt.Errorf("after seq %d: %w", last, err)
				}
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
			}
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
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(b.Admin, "/")+path, nil)
	if err != nil {
		return fmt.Errorf("ask the PG's book: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the PG's book: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the PG's book for %s: it answers %s", path, response.Status)
	}
	if err := read(response.Body); err != nil {
		return fmt.Errorf("read the PG's book: %w", err)
	}
	return nil
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
