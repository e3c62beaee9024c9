package payment

import (
	"fmt"
	"runtime/debug"
	"time"
)

// within runs work and answers what it brings, or, when the caller does not want to wait that long (RFC 7240: Prefer:
// wait), what early says. The work goes on behind it: what is begun is settled. Wait waits for that.
func (s *Service) within(wait time.Duration, work, early func() (Answer, error)) (Answer, error) {
	if wait <= 0 || wait >= s.Limits.SyncDeadline {
		return work()
	}
	type outcome struct {
		answer Answer
		err    error
	}
	done := make(chan outcome, 1)
	s.underWay.Add(1)
	s.behind.Go(func() {
		defer s.underWay.Add(-1)
		answer, err := s.survived(work)
		done <- outcome{answer, err}
	})
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case o := <-done:
		return o.answer, o.err
	case <-timer.C:
		return early()
	}
}

// survived makes a panic an error: behind a request nobody else would catch it, and it would end the process with every
// other payment in it. This one is left to the resolver.
func (s *Service) survived(work func() (Answer, error)) (answer Answer, err error) {
	defer func() {
		if mistake := recover(); mistake != nil {
			s.Log.Error("panic", "where", "payment", "reason", fmt.Sprint(mistake), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", mistake)
		}
	}()
	return work()
}

// Wait waits for the work whose callers were answered before it ended.
func (s *Service) Wait() { s.behind.Wait() }

// UnderWay is how many payments Wait would wait for.
func (s *Service) UnderWay() int { return int(s.underWay.Load()) }
