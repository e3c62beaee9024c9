package lifecycle

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestEnded_WaitsForTheWork_ButNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work := make(chan struct{})
		over := make(chan error, 1)
		go func() { over <- Ended(t.Context(), func() error { <-work; return nil }) }()
		synctest.Wait()
		select {
		case err := <-over:
			t.Fatalf("it did not wait: %v", err)
		default:
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := Ended(ctx, func() error { <-work; return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("beyond its bound: %v", err)
		}
		close(work)
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
}

func TestCounted_LeavesOutWhatThereIsNoneOf(t *testing.T) {
	for want, counts := range map[string][]Count{
		"":                      {{0, "request", "requests"}},
		"1 request":             {{1, "request", "requests"}, {0, "payment", "payments"}},
		"2 requests, 1 payment": {{2, "request", "requests"}, {1, "payment", "payments"}},
	} {
		if got := Counted(counts...); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
