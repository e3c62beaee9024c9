package main

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestOutboxWatch_ClosesAtItsBound_AndOpensBelowNineTenths(t *testing.T) {
	w := &outboxWatch{bound: 100}
	for _, c := range []struct {
		unsent int
		err    error
		full   bool
	}{
		{99, nil, false},
		{100, nil, true},
		{95, nil, true},
		{90, nil, true},
		{0, errors.New("no database"), true},
		{89, nil, false},
		{95, nil, false},
		{0, errors.New("no database"), false},
		{100, nil, true},
		{0, nil, false},
	} {
		w.look(t.Context(), func(context.Context, int) (int, error) { return c.unsent, c.err }, slog.New(slog.DiscardHandler))
		if w.Full() != c.full {
			t.Errorf("%d unsent, %v: full is %t", c.unsent, c.err, w.Full())
		}
	}
}

// It looks once a second, counts no further than it has to, and where that takes long it rests longer.
func TestOutboxWatch_LooksSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var takes, looks atomic.Int64
		go (&outboxWatch{bound: 7}).run(ctx, func(_ context.Context, limit int) (int, error) {
			if looks.Add(1); limit != 7 {
				t.Errorf("it counts up to %d", limit)
			}
			time.Sleep(time.Duration(takes.Load()))
			return 0, nil
		}, slog.New(slog.DiscardHandler))
		time.Sleep(10*time.Second + time.Millisecond)
		if n := looks.Swap(0); n != 11 {
			t.Errorf("%d looks in ten seconds", n)
		}
		takes.Store(int64(time.Second))
		time.Sleep(time.Minute)
		if n := looks.Load(); n > 4 {
			t.Errorf("%d looks in a minute, of a second each", n)
		}
		stop()
		synctest.Wait()
	})
}
