package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"gazua.example/infra/lifecycle"
	"gazua.example/payment-api/mysql"
)

const (
	healthEvery    = time.Second
	bordersEvery   = 30 * time.Second // partitions are looked at less often: they are made days ahead, and reading them is dear
	healthPatience = 3                // failures in a row before we say so: one slow answer must not send everybody to the others
	maxClockOffset = 5 * time.Second  // ids carry our clock, deadlines the database's
)

// health asks the database every second whether this process could create a payment now. It has a connection of its own:
// a pool that is busy with payments is no reason to be taken out of service, or overload would end in nobody serving.
type health struct {
	trouble atomic.Pointer[error]
}

func watchHealth(ctx context.Context, db *sql.DB) *health {
	h := &health{}
	h.set(errors.New("starting"))
	go func() { // ends with ctx
		var borders borders
		for failed := 0; ; {
			err := checkHealth(ctx, db, &borders)
			if failed++; err == nil {
				failed = 0
			}
			if err == nil || failed >= healthPatience {
				h.set(err)
			}
			if lifecycle.Pause(ctx, healthEvery) != nil {
				return
			}
		}
	}()
	return h
}

// Ready says why not, or nil.
func (h *health) Ready() error { return *h.trouble.Load() }

func (h *health) set(err error) { h.trouble.Store(&err) }

// borders remembers how far the partitions reach.
type borders struct {
	read  time.Time
	until time.Time
}

func checkHealth(ctx context.Context, db *sql.DB, b *borders) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	offset, err := mysql.ClockOffset(ctx, db)
	if err != nil {
		return err
	}
	if offset.Abs() > maxClockOffset {
		return fmt.Errorf("this machine's clock is %s off the database's; at most %s is allowed", offset, maxClockOffset)
	}
	if time.Since(b.read) > bordersEvery || time.Until(b.until) <= 0 {
		if b.until, err = mysql.PartitionsUntil(ctx, db); err != nil {
			return err
		}
		b.read = time.Now()
	}
	if time.Until(b.until) <= 0 {
		return fmt.Errorf("no partition for today's payments since %s; `payment-api migrate` makes them", b.until.Format(time.RFC3339))
	}
	return nil
}
