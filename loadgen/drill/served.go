package drill

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// Served passes when payments are served well again: the same question that is asked of the whole run when it is over
// (recovery.go), of what its journal holds so far. A turn that waits for this is short where the system is quick, and no
// machine is too slow for it.
func (s *Scene) Served() Act {
	return func(ctx context.Context) error {
		now := time.Since(s.start)
		err := s.servedBy(now)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(servedEvery):
		case <-ctx.Done():
		}
		return err
	}
}

const (
	servedEvery = 500 * time.Millisecond // the journal is read from its beginning
	servedFor   = time.Second            // and until then all must have been served well
)

// servedBy judges the last break as if the next one came now; before the first, the begin of the load.
func (s *Scene) servedBy(now time.Duration) error {
	answer, final := cmp.Or(s.drill.Answer, answerWithin), cmp.Or(s.drill.Final, finalWithin)
	breaks := slices.Clone(s.breaks)
	if len(breaks) == 0 {
		breaks = []Break{{}}
	}
	last := breaks[len(breaks)-1]
	if since := now - last.Healed; since < answer+servedFor {
		return fmt.Errorf("only %s of load so far", since.Round(time.Millisecond))
	}
	found, err := impactsWithin(filepath.Join(s.folder, "journal.jsonl"), append(breaks, Break{At: now}, Break{At: now + longest}), answer, final)
	if err != nil {
		return err
	}
	if i := found[len(breaks)-1]; !i.Recovered {
		return fmt.Errorf("payments that were planned %.1f s ago were not served well", (now - last.At - i.Recovery).Seconds())
	}
	return nil
}
