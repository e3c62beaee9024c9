package lifecycle

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Signals returns a context that ends at SIGTERM or SIGINT. A second one is remembered for Stop; a third changes nothing.
// cancel gives the signals back to the system: from then on one of them ends the process at once.
func Signals() (ctx context.Context, cancel context.CancelFunc) {
	asked := make(chan os.Signal, 2)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	ctx, end := watch(asked)
	return ctx, func() {
		signal.Stop(asked)
		end()
	}
}

// signaled is the cause of a context that ended by a signal.
type signaled struct{ os.Signal }

func (s signaled) Error() string { return "told to stop: " + s.String() }

// secondKey is where a context keeps the channel that the second signal closes.
type secondKey struct{}

// watch ends the context at the first signal and closes its channel at the second.
func watch(asked <-chan os.Signal) (context.Context, context.CancelFunc) {
	second := make(chan struct{})
	ctx, end := context.WithCancelCause(context.WithValue(context.Background(), secondKey{}, (<-chan struct{})(second)))
	over := make(chan struct{})
	go func() { // ends with the second signal, or when nobody listens any more
		select {
		case s := <-asked:
			end(signaled{s})
		case <-over:
			return
		}
		select {
		case <-asked:
			close(second)
		case <-over:
		}
	}()
	return ctx, sync.OnceFunc(func() {
		close(over)
		end(context.Canceled)
	})
}

// again is closed by a second signal; nil, which blocks for ever, for a context that Signals did not make.
func again(ctx context.Context) <-chan struct{} {
	second, _ := ctx.Value(secondKey{}).(<-chan struct{})
	return second
}
