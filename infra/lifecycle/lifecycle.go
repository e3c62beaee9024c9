// Package lifecycle ends a program in an order that loses nothing: a list of named phases, each with a bound, run one
// after another when the program is told to stop.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"
	"time"
)

// Phase is one step of a shutdown. Do must give up when its context ends.
type Phase struct {
	Name  string
	Bound time.Duration
	Do    func(context.Context) error
}

// Signals returns a context that ends at SIGTERM or SIGINT.
func Signals() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
}

// Stop runs the phases in order and logs each with its duration. A phase that fails or overruns its bound does not keep
// the later ones from running; its error is returned at the end, so that the program does not exit 0 with work undone.
func Stop(log *slog.Logger, phases ...Phase) error {
	var errs []error
	for _, p := range phases {
		ctx, cancel := context.WithTimeout(context.Background(), p.Bound)
		started := time.Now()
		err := p.Do(ctx)
		cancel()
		if err != nil {
			errs = append(errs, fmt.Errorf("shutdown phase %q: %w", p.Name, err))
			log.Error("shutdown", "phase", p.Name, "elapsed_ms", time.Since(started).Milliseconds(), "error", err.Error())
			continue
		}
		log.Info("shutdown", "phase", p.Name, "elapsed_ms", time.Since(started).Milliseconds())
	}
	return errors.Join(errs...)
}
