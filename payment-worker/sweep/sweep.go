// Package sweep deletes what is kept for a while only: a small batch at a time, so that none holds its locks for long.
package sweep

import (
	"context"
	"log/slog"
	"time"
)

const (
	every = time.Minute
	batch = 500
	pause = 20 * time.Millisecond // between two batches, for those who serve
)

// Broom deletes at most limit things that ended longer than keep ago, and says how many.
type Broom struct {
	Name  string
	Keep  time.Duration
	Sweep func(ctx context.Context, keep time.Duration, limit int) (int64, error)
}

// Run sweeps until ctx ends. Each broom sweeps to the last one: a bound below the rate of new ones would let the table
// grow for ever.
func Run(ctx context.Context, log *slog.Logger, brooms ...Broom) {
	for {
		for _, b := range brooms {
			if swept, err := b.all(ctx); err != nil && ctx.Err() == nil {
				log.Warn("sweep "+b.Name, "error", err.Error())
			} else if swept > 0 {
				log.Info("swept", "what", b.Name, "count", swept)
			}
		}
		if !wait(ctx, every) {
			return
		}
	}
}

func (b Broom) all(ctx context.Context) (swept int64, err error) {
	for {
		n, err := b.Sweep(ctx, b.Keep, batch)
		swept += n
		if err != nil || n < batch || !wait(ctx, pause) {
			return swept, err
		}
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
