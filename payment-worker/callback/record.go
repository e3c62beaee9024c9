package callback

import (
	"context"
	"time"

	"gazua.example/payment-api/mysql"
)

// Bounds of recording.
const (
	gather      = 20 * time.Millisecond // after the first outcome, while others are under way: what ends meanwhile shares its commit
	recordTries = 5
	recordMost  = 128 // outcomes in one statement, which looks for each among all of them
)

// record writes outcomes until there come no more. A place is free again when its outcome is written: so there never is
// more in memory than in flight.
func (s *Sender) record(ctx context.Context) {
	for first := range s.outcomes {
		batch := s.together(first)
		s.metrics.batch(ctx, recorded, len(batch))
		outcomes := make([]mysql.CallbackOutcome, len(batch))
		for i := range batch {
			outcomes[i] = batch[i].CallbackOutcome
		}
		s.persist(ctx, outcomes)
		for _, o := range batch {
			s.places.leave(o.merchant, o.State == mysql.CallbackDelivered)
		}
	}
}

// together gathers what ends at about the same time. When nothing else is under way there is nothing to wait for.
func (s *Sender) together(first outcome) []outcome {
	batch := []outcome{first}
	timer := time.NewTimer(gather)
	defer timer.Stop()
	for len(batch) < min(s.places.underWay(), recordMost) {
		select {
		case next, more := <-s.outcomes:
			if !more {
				return batch
			}
			batch = append(batch, next)
		case <-timer.C:
			return batch
		}
	}
	return batch
}

// persist tries for a while. What cannot be recorded is sent again when its lease ends: the merchant knows the id.
func (s *Sender) persist(ctx context.Context, outcomes []mysql.CallbackOutcome) {
	for try := 1; ; try++ {
		err := s.store.Record(ctx, s.options.Owner, outcomes)
		if err == nil {
			return
		}
		s.log.Warn("callbacks: record", "outcomes", len(outcomes), "try", try, "error", err.Error())
		if try == recordTries {
			return
		}
		time.Sleep(pause)
	}
}
