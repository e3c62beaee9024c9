package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// What a shutdown says: a line at its beginning, one a phase, one at its end. docs/telemetry.md has their fields.

func (s *shutdown) begin(ctx context.Context, phases []Phase) {
	var inFlight []string
	for _, p := range phases {
		if p.Skip {
			continue
		}
		if left := p.left(); left != "" {
			inFlight = append(inFlight, left)
		}
	}
	told, why := reason(ctx)
	args := []any{"signal", told, "in_flight", strings.Join(inFlight, ", ")}
	if why != nil {
		args = append(args, "reason", why.Error())
	}
	s.log.Info("shutdown begins", args...)
}

// reason is the signal by which ctx ended, or the error.
func reason(ctx context.Context) (told string, why error) {
	cause := context.Cause(ctx)
	var s signaled
	if errors.As(cause, &s) {
		return s.String(), nil
	}
	if errors.Is(cause, context.Canceled) {
		return "", nil
	}
	return "", cause
}

func (s *shutdown) tell(e end) {
	args := []any{"phase", e.Name, "bound_ms", e.Bound.Milliseconds(), "elapsed_ms", milliseconds(e.took), "outcome", e.outcome}
	if e.err == nil {
		s.log.Info("shutdown phase", args...)
		return
	}
	s.log.Error("shutdown phase", append(args, "error", e.err.Error(), "left", e.left)...)
}

// end tells how it went, and returns that as the sentence of the exit.
func (s *shutdown) end(ctx context.Context) error {
	var all, left []string
	var errs []error
	if _, why := reason(ctx); why != nil {
		all, errs = append(all, why.Error()), append(errs, why)
	}
	for _, e := range s.ends {
		if e.err == nil {
			continue
		}
		all, errs = append(all, e.sentence()), append(errs, e.err)
		if e.left != "" {
			left = append(left, e.left)
		}
	}
	took := milliseconds(time.Since(s.began))
	if len(errs) == 0 {
		s.log.Info("shutdown ends", "elapsed_ms", took, "code", 0, "left", "")
		return nil
	}
	s.log.Error("shutdown ends", "elapsed_ms", took, "code", 1, "left", strings.Join(left, ", "))
	return &unfinished{strings.Join(all, "; "), errs}
}

// sentence says which phase is not done, what it left, and what becomes of that.
func (e end) sentence() string {
	text := fmt.Sprintf("shutdown phase %q ", e.Name)
	switch e.outcome {
	case overrun:
		text += fmt.Sprintf("overran its bound of %s", e.Bound)
	case cut:
		text += "was cut short by a second signal"
	default:
		text += "failed: " + e.err.Error()
	}
	if e.left != "" {
		text += ", with " + e.left + " left"
		if e.Heir != "" {
			text += ": " + e.Heir
		}
	}
	return text
}

// unfinished is a shutdown that left something, or that nobody asked for.
type unfinished struct {
	text string
	errs []error
}

func (u *unfinished) Error() string   { return u.text }
func (u *unfinished) Unwrap() []error { return u.errs }

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}
