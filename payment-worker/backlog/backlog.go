// Package backlog shows what waits: unsent outbox rows, open work, the oldest payment that is not final, and how far the
// consumer is behind. It looks every few seconds and keeps what it saw; whoever reads the metrics, however often, causes no
// query.
//
//	MySQL: two bounded counts ──┐
//	                            ├─► seen (atomic) ◄── /metrics, OTLP
//	Kafka: the partitions' ends ┘
package backlog

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"

	"gazua.example/payment-api/mysql"
)

// Bounds of a look. Counting costs the database, so the pause after it is a multiple of what it took: however much waits,
// counting takes no more than a fiftieth of one connection's time.
const (
	every     = 5 * time.Second
	pauseOver = 50
	bound     = 3 * time.Second
	most      = 100_000 // rows looked at; a count that stands there means "or more"
)

// Count reads the backlog in the database, at most limit rows of each kind.
type Count func(ctx context.Context, limit int) (mysql.Backlog, error)

// Positions says how far this process has come in the partitions that it reads.
type Positions interface {
	Positions() map[int]int64
}

// Ends says where these partitions end.
type Ends interface {
	Ends(ctx context.Context, partitions []int) (map[int]int64, error)
}

// Watch looks and remembers. Run is its life.
type Watch struct {
	count     Count
	positions Positions
	ends      Ends
	log       *slog.Logger
	every     time.Duration
	seen      atomic.Pointer[seen]
}

// seen is one look. A part that failed is missing: no figure is better than an old one.
type seen struct {
	work *mysql.Backlog
	lag  map[int]int64 // messages, by partition of this process
}

// New makes a watch with its gauges; nothing is shown before the first look.
func New(count Count, positions Positions, ends Ends, log *slog.Logger) (*Watch, error) {
	w := &Watch{count: count, positions: positions, ends: ends, log: log, every: every}
	w.seen.Store(&seen{})
	return w, w.gauges(otel.Meter("gazua.example/payment-worker/backlog"))
}

// Run looks until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	for failing := false; ctx.Err() == nil; {
		began := time.Now()
		err := w.look(ctx)
		if err != nil && !failing && ctx.Err() == nil { // once, and not for every look
			w.log.Warn("the backlog is not known now", "error", err.Error())
		}
		failing = err != nil
		rest(ctx, max(w.every, pauseOver*time.Since(began)))
	}
}

func (w *Watch) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	var now seen
	work, err := w.count(ctx, most)
	if err == nil {
		now.work = &work
	}
	lag, lagErr := w.lag(ctx)
	now.lag = lag
	w.seen.Store(&now)
	if err == nil {
		err = lagErr
	}
	return err
}

// lag is the messages between where this process stands and the end of each of its partitions.
func (w *Watch) lag(ctx context.Context) (map[int]int64, error) {
	positions := w.positions.Positions()
	if len(positions) == 0 {
		return nil, nil
	}
	partitions := make([]int, 0, len(positions))
	for p := range positions {
		partitions = append(partitions, p)
	}
	ends, err := w.ends.Ends(ctx, partitions)
	if err != nil {
		return nil, err
	}
	lag := map[int]int64{}
	for p, end := range ends {
		lag[p] = max(end-positions[p], 0)
	}
	return lag, nil
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
