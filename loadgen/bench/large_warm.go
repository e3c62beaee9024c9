package bench

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// A run counts all rows before its load, for the verifier: that reads every page there is and drives those out of memory that
// payments need. What a payment needs and cannot be had by chance is the page of its key, anywhere among the keys of a day;
// everything else lies at the ends of the tables. So the keys are read over and over until the load begins, and it finds the
// server as steady trade leaves it: with as many of their pages in memory as go in.
//
//	run:    [ count all rows ][ load                ][ count all rows ]
//	warm:   [ keys, keys, …  ]                        ↑ the run's folder appears where the load begins
const (
	warmParts = 256 // of the keys, by the first byte of their hashes; each takes some milliseconds
	warmRound = 1500 * time.Millisecond
)

// keepWarm reads the keys until a run that is about to start has its folder. end waits for it, and stops it where there is
// none. It must be called before the run is started.
func keepWarm(ctx context.Context, runs string, touch func(ctx context.Context, part int) error) (end func() error) {
	before := folders(runs)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- warmUntil(ctx, func() bool { return folders(runs) > before }, touch) }()
	return func() error {
		cancel()
		return <-done
	}
}

// warmUntil goes round, a round a while: a page that is seen again after a second is one that the server keeps.
func warmUntil(ctx context.Context, begun func() bool, touch func(ctx context.Context, part int) error) error {
	for {
		round := time.NewTimer(warmRound)
		for part := range warmParts {
			if begun() || ctx.Err() != nil {
				return nil
			}
			if err := touch(ctx, part); err != nil && ctx.Err() == nil {
				return fmt.Errorf("read the keys before the load: %w", err)
			}
		}
		for waiting := true; waiting; {
			select {
			case <-round.C:
				waiting = false
			case <-time.After(warmRound / 100):
				if begun() || ctx.Err() != nil {
					return nil
				}
			}
		}
	}
}

// folders of runs so far; `latest` and files are none.
func folders(runs string) (n int) {
	entries, _ := os.ReadDir(runs) // it is not there before the first run
	for _, e := range entries {
		if e.IsDir() {
			n++
		}
	}
	return n
}

// touchKeys reads a part of each merchant's keys.
func touchKeys(db *sql.DB, merchants []uint32) func(ctx context.Context, part int) error {
	return func(ctx context.Context, part int) error {
		first, last := make([]byte, 32), make([]byte, 32)
		first[0], last[0] = byte(part), byte(part)
		for i := range last[1:] {
			last[1+i] = 0xff
		}
		for _, m := range merchants {
			var length sql.NullInt64 // of the bodies: the rows themselves are read, and no index
			if err := db.QueryRowContext(ctx, "SELECT SUM(LENGTH(body)) FROM idempotency_key FORCE INDEX (PRIMARY) WHERE merchant_id = ? AND key_hash BETWEEN ? AND ?", m, first, last).Scan(&length); err != nil {
				return err
			}
		}
		return nil
	}
}

// warm keeps the keys in memory until the next run's load, unless the bench is to be cold.
func (l *large) warm(ctx context.Context, db *sql.DB) (end func() error, err error) {
	if l.Cold {
		return func() error { return nil }, nil
	}
	keys, err := merchantKeys(filepath.Join(l.stack.Folder, "secrets"))
	if err != nil {
		return nil, err
	}
	var merchants []uint32
	for m := range keys {
		merchants = append(merchants, m)
	}
	return keepWarm(ctx, filepath.Join(l.Folder, "runs"), touchKeys(db, merchants)), nil
}
