package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// Why a phase is not done.
var (
	errUndone  = errors.New("it says that it is done")
	errOverrun = errors.New("its bound came first")
	errCut     = errors.New("a second signal came first")
)

// within runs the phase and says how it ended. It never takes longer than the bound and the grace, whatever the phase does:
// a goroutine that does not return is left behind.
//
//	            bound                   grace
//	├──────────────────────────────────┼───────┤
//	Do ────────────────────────────────► ctx ends ──► overrun: whether Do returns or not
//	Do ───────────► second signal: ctx ends ──► cut
func (p Phase) within(again <-chan struct{}, log *slog.Logger) (outcome string, err error) {
	bound, over := p.Bound, errOverrun
	if closed(again) {
		again = nil // it has come already: what is left of the bound is a moment
		if bound > moment {
			bound, over = moment, errCut
		}
	}
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	timer := time.AfterFunc(bound, func() { stop(over) })
	defer timer.Stop()
	ended := make(chan error, 1)
	go func() { ended <- p.contained(ctx, log) }()
	select {
	case err = <-ended:
	case <-again:
		stop(errCut)
		err = lastWord(ended)
	case <-ctx.Done():
		err = lastWord(ended)
	}
	switch why := context.Cause(ctx); {
	case err == nil:
		return done, nil
	case errors.Is(why, errCut):
		return cut, fmt.Errorf("%w: %w", why, err)
	case errors.Is(why, errOverrun):
		return overrun, fmt.Errorf("%w: %w", why, err)
	default:
		return failed, err
	}
}

// lastWord lets a phase that heeds its context say what it left undone.
func lastWord(ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-time.After(grace):
		return errors.New("it goes on all the same")
	}
}

// contained makes a panic an error: the phases behind it have things to close and to flush.
func (p Phase) contained(ctx context.Context, log *slog.Logger) (err error) {
	defer func() {
		if mistake := recover(); mistake != nil {
			log.Error("panic", "where", "shutdown", "reason", fmt.Sprint(mistake), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", mistake)
		}
	}()
	return p.Do(ctx)
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
