package sweep_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gazua.example/payment-worker/sweep"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// Everything that is old goes, batch by batch, and what becomes old later goes at the next look.
func TestRun_SweepsToTheLastOne_AgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var left, batches atomic.Int64 // a bubble's timers order nothing for the race detector
		left.Store(1234)
		broom := sweep.Broom{Name: "things", Keep: time.Hour, Sweep: func(_ context.Context, keep time.Duration, limit int) (int64, error) {
			if keep != time.Hour {
				t.Errorf("keep %s", keep)
			}
			n := min(left.Load(), int64(limit))
			left.Add(-n)
			batches.Add(1)
			return n, nil
		}}
		go sweep.Run(ctx, quiet, broom)
		time.Sleep(time.Second)
		synctest.Wait()
		if left.Load() != 0 || batches.Load() != 3 {
			t.Errorf("%d left after %d batches", left.Load(), batches.Load())
		}
		left.Store(7)
		time.Sleep(time.Minute)
		synctest.Wait()
		if left.Load() != 0 {
			t.Errorf("%d left after the second look", left.Load())
		}
		cancel()
	})
}

// One broom that fails does not keep the others from sweeping.
func TestRun_ABroomThatFails_HoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		swept := false
		go sweep.Run(ctx, quiet,
			sweep.Broom{Name: "broken", Sweep: func(context.Context, time.Duration, int) (int64, error) { return 0, errors.New("away") }},
			sweep.Broom{Name: "fine", Sweep: func(context.Context, time.Duration, int) (int64, error) { swept = true; return 0, nil }})
		synctest.Wait()
		if !swept {
			t.Error("the second broom did not sweep")
		}
		cancel()
	})
}
