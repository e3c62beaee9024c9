package payment

import "time"

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
	s.behind.Go(func() {
		answer, err := work()
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

// Wait waits for the work whose callers were answered before it ended.
func (s *Service) Wait() { s.behind.Wait() }
