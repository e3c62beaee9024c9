package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"gazua.example/payment-api/mysql"
)

const (
	healthEvery    = time.Second
	maxClockOffset = 5 * time.Second // ids carry our clock, deadlines the database's
)

// health asks the database every second whether this process could create a payment now.
type health struct {
	trouble atomic.Pointer[error]
}

func watchHealth(ctx context.Context, db *sql.DB) *health {
	h := &health{}
	h.set(errors.New("starting"))
	go func() { // ends with ctx
		for {
			h.set(checkHealth(ctx, db))
			if pause(ctx, healthEvery) != nil {
				return
			}
		}
	}()
	return h
}

// Ready says why not, or nil.
func (h *health) Ready() error { return *h.trouble.Load() }

func (h *health) set(err error) { h.trouble.Store(&err) }

func checkHealth(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	offset, err := mysql.ClockOffset(ctx, db)
	if err != nil {
		return err
	}
	if offset.Abs() > maxClockOffset {
		return fmt.Errorf("this machine's clock is %s off the database's; at most %s is allowed", offset, maxClockOffset)
	}
	until, err := mysql.PartitionsUntil(ctx, db)
	if err != nil {
		return err
	}
	if time.Until(until) <= 0 {
		return fmt.Errorf("no partition for today's payments since %s; `payment-api migrate` makes them", until.Format(time.RFC3339))
	}
	return nil
}
