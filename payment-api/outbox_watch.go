package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"

	"gazua.example/infra/lifecycle"
	"gazua.example/payment-api/mysql"
)

// outboxWatch keeps the outbox within its bound: what nobody takes away must not fill the database until nothing goes any more.
//
//	unsent ≥ bound ─► full: asynchronous payments get 503 ─► unsent < 90 % of it ─► open again
//
// It looks once a second and not for each payment, so the bound is passed by what comes within a second, at all APIs
// together. A count that fails changes nothing: a database in trouble refuses payments by itself.
type outboxWatch struct {
	bound int
	full  atomic.Bool
}

const (
	outboxEvery = time.Second
	// outboxShare keeps the counting to a small part of a connection's time where it takes long: a pause is so many times as long.
	outboxShare = 20
)

// watchOutbox looks until ctx ends.
func watchOutbox(ctx context.Context, db *sql.DB, bound int, log *slog.Logger) (*outboxWatch, error) {
	w := &outboxWatch{bound: bound}
	meter := otel.Meter("gazua.example/payment-api")
	_, err := meter.Int64ObservableGauge("gazua.outbox.full", metric.WithDescription("1: asynchronous payments are refused, since too many wait to be sent."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			if w.Full() {
				o.Observe(1)
			} else {
				o.Observe(0)
			}
			return nil
		}))
	if err != nil {
		return nil, fmt.Errorf("watch the outbox: %w", err)
	}
	go w.run(ctx, func(ctx context.Context, limit int) (int, error) { return mysql.CountUnsent(ctx, db, limit) }, log)
	return w, nil
}

// Full implements payment.Outbox.
func (w *outboxWatch) Full() bool { return w.full.Load() }

func (w *outboxWatch) run(ctx context.Context, count func(context.Context, int) (int, error), log *slog.Logger) {
	for {
		began := time.Now()
		w.look(ctx, count, log)
		if lifecycle.Pause(ctx, max(outboxEvery, outboxShare*time.Since(began))) != nil {
			return
		}
	}
}

func (w *outboxWatch) look(ctx context.Context, count func(context.Context, int) (int, error), log *slog.Logger) {
	bounded, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	unsent, err := count(bounded, w.bound)
	if err != nil {
		return // whoever pays hears of it, and so does the log; our readiness, too
	}
	was := w.Full()
	is := unsent >= w.bound || was && unsent >= w.bound-w.bound/10
	w.full.Store(is)
	if is != was {
		log.Warn("the outbox", "full", is, "unsent", unsent, "bound", w.bound)
	}
}
