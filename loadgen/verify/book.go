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
	"time"
)

// Book reads what the mock PG really booked, by the admin addresses of all its instances. Each keeps a book of its own; all
// entries about one leg are in one of them.
type Book struct {
	Admin []string // such as http://127.0.0.1:18185
}

// Position is where each instance's book stands.
func (b Book) Position(ctx context.Context) (Positions, error) {
	positions := Positions{}
	for _, address := range b.Admin {
		at, err := instance(address).position(ctx)
		if err != nil {
			return nil, err
		}
		if _, twice := positions[at.name(address)]; twice {
			return nil, fmt.Errorf("two of the PG's books are of one instance, %s: PG_ADMIN names each once", at.name(address))
		}
		positions[at.name(address)] = at.Seq
	}
	return positions, nil
}

// each hands out the entries after the positions, one instance after another, each in the order of its seq. The entry is
// the callee's until it returns.
func (b Book) each(ctx context.Context, after Positions, take func(instance int, entry *Entry) error) error {
	for n, address := range b.Admin {
		at, err := instance(address).position(ctx)
		if err != nil {
			return err
		}
		from, err := after.of(at, address, len(b.Admin) > 1)
		if err != nil {
			return err
		}
		for entry, err := range instance(address).entries(ctx, from) {
			if err != nil {
				return err
			}
			if err := take(n, entry); err != nil {
				return err
			}
		}
	}
	return nil
}

// AddedP99 is the 99th percentile of what the mock adds to the delays that it is asked for: of its slowest instance.
func (b Book) AddedP99(ctx context.Context) (worst time.Duration, err error) {
	for _, address := range b.Admin {
		added, err := instance(address).addedP99(ctx)
		if err != nil {
			return 0, err
		}
		worst = max(worst, added)
	}
	return worst, nil
}

// ForgetLatency starts the mock's figures of its added latency anew, so that they are the run's own.
func (b Book) ForgetLatency(ctx context.Context) error {
	for _, address := range b.Admin {
		if err := instance(address).forgetLatency(ctx); err != nil {
			return err
		}
	}
	return nil
}

// instance is the admin address of one of them.
type instance string

// standing is how an instance names itself and where its book ends.
type standing struct {
	Seq      uint64 `json:"seq"`
	Instance string `json:"instance"`
}

// name is what its position is kept by: an instance may be at another address when the run is judged.
func (s standing) name(address string) string {
	if s.Instance == "" {
		return address
	}
	return s.Instance
}

func (i instance) position(ctx context.Context) (at standing, err error) {
	err = i.get(ctx, "/position", func(body io.Reader) error { return json.NewDecoder(body).Decode(&at) })
	return at, err
}

// entries yields the entries with a seq above from.
func (i instance) entries(ctx context.Context, from uint64) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		stopped := errors.New("the reader has enough")
		err := i.get(ctx, "/book?from="+strconv.FormatUint(from, 10), func(body io.Reader) error {
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
				if !yield(&entry, nil) {
					return stopped
				}
				return nil
			})
		})
		if err != nil && !errors.Is(err, stopped) {
			yield(nil, err)
		}
	}
}

func (i instance) addedP99(ctx context.Context) (time.Duration, error) {
	var stats struct {
		Added struct {
			P99 float64 `json:"p99_ms"`
		} `json:"added_latency"`
	}
	err := i.get(ctx, "/stats", func(body io.Reader) error { return json.NewDecoder(body).Decode(&stats) })
	return time.Duration(stats.Added.P99 * float64(time.Millisecond)), err
}

func (i instance) forgetLatency(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, string(i)+"/stats/reset", nil)
	if err != nil {
		return fmt.Errorf("reset the PG's figures: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("reset the PG's figures: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return fmt.Errorf("reset the PG's figures: %s answers %s", i, response.Status)
	}
	return nil
}

func (i instance) get(ctx context.Context, path string, read func(io.Reader) error) error {
	return get(ctx, "the PG's book", string(i)+path, read)
}
