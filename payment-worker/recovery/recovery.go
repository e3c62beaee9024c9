// Package recovery says what a worker finds from before it started, and when that is over: the work of processes that died,
// messages that were not sent, callbacks that are owed. It does none of it; resolver, relay and callbacks do.
//
//	start ─► recovering: so much is open ─► look ─► look ─► … ─► recovered: nothing of it is
package recovery

import (
	"context"
	"log/slog"
	"time"

	"gazua.example/payment-api/mysql"
)

// Most is how many rows a look looks at, of each kind.
const Most = 10_000

// Bounds of the looks. Looking costs the database: while much is open they become rarer.
const (
	every     = time.Second
	everyMost = 10 * time.Second
	bound     = 3 * time.Second
)

// Inheritance is what is still open of a moment in the past.
type Inheritance interface {
	Open(ctx context.Context, limit int) (mysql.Inherited, error)
}

// Watch tells of the inheritance, once what there is and once when it is over. mark makes it: it is asked until the database
// answers. Watch ends with that, or with ctx.
func Watch(ctx context.Context, mark func(context.Context) (Inheritance, error), log *slog.Logger) {
	w := watch{mark: mark, log: log, began: time.Now()}
	for pause := every; ctx.Err() == nil; pause = min(pause*5/4, everyMost) {
		over, err := w.look(ctx)
		if over {
			return
		}
		if err != nil && ctx.Err() == nil {
			log.Debug("recovery: look", "error", err.Error()) // whoever does the work says so too
		}
		rest(ctx, pause)
	}
}

type watch struct {
	mark      func(context.Context) (Inheritance, error)
	log       *slog.Logger
	began     time.Time
	inherited Inheritance // nil: the database has not answered yet
}

func (w *watch) look(ctx context.Context) (over bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	marked, first := w.inherited, w.inherited == nil
	if first {
		if marked, err = w.mark(ctx); err != nil {
			return false, err
		}
	}
	found, err := marked.Open(ctx, Most)
	if err != nil {
		return false, err
	}
	w.inherited = marked
	if first {
		w.log.Info("recovering", said(found)...)
	}
	if found.None() {
		w.log.Info("recovered", "elapsed_ms", time.Since(w.began).Milliseconds())
	}
	return found.None(), nil
}

func said(i mysql.Inherited) []any {
	return []any{"due", i.Due, "leased", i.Leased, "waiting", i.Waiting, "unsent", i.Unsent, "callbacks", i.Callbacks, "at_least", i.AtLeast}
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
