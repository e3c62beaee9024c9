package lifecycle

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// What phases are made of.

// Pause waits for d, or returns the error of ctx when that ends first.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ended waits for wait to return, or returns the error of ctx when that ends first; wait goes on behind it then.
func Ended(ctx context.Context, wait func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return fmt.Errorf("still at work: %w", ctx.Err())
	}
}

// Count is so many of something.
type Count struct {
	N         int
	One, Many string // "request", "requests"
}

// Counted says what there is: "3 requests, 1 payment". What there is none of is left out.
func Counted(counts ...Count) string {
	var all []string
	for _, c := range counts {
		switch c.N {
		case 0:
		case 1:
			all = append(all, "1 "+c.One)
		default:
			all = append(all, fmt.Sprintf("%d %s", c.N, c.Many))
		}
	}
	return strings.Join(all, ", ")
}
