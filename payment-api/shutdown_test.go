package main

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestEnded_WaitsForTheWork_ButNotForEver(t *testing.T) {
	work := make(chan struct{})
	over := make(chan error, 1)
	go func() { over <- ended(t.Context(), func() { <-work }) }()
	select {
	case err := <-over:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := ended(ctx, func() { <-work }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("beyond its bound: %v", err)
	}
	close(work)
	if err := <-over; err != nil {
		t.Error(err)
	}
}
