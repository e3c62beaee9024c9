package run

import (
	"context"
	"fmt"
	"time"

	"gazua.example/loadgen/verify"
)

// quiescence is what must be empty before a run can be judged.
type quiescence struct {
	payments  int64         // that the client has not seen final
	errands   int64         // cancellations and probes of the client that have not ended
	work      uint64        // rows of the run in open_payment: payments and cancellations that are not final
	messages  uint64        // rows of the outbox that are not sent
	callbacks uint64        // of the run, neither delivered nor given up
	late      time.Duration // for which a charge that comes late may still reach the PG, when nothing else is left
	err       error         // the database does not answer just now
}

func (q quiescence) empty() bool {
	return q.err == nil && q.payments == 0 && q.errands == 0 && q.work == 0 && q.messages == 0 && q.callbacks == 0
}

func (q quiescence) reached() bool { return q.empty() && q.late <= 0 }

func (q quiescence) String() string {
	switch {
	case q.err != nil:
		return fmt.Sprintf("the database does not answer: %v", q.err)
	case q.empty():
		return fmt.Sprintf("waiting %s for charges that the scenario lets come late", q.late.Round(time.Second))
	}
	return fmt.Sprintf("waiting for %d payments and %d errands of the client, %d open in the database, %d unsent messages, %d callbacks",
		q.payments, q.errands, q.work, q.messages, q.callbacks)
}

// look asks once. Three counts on small tables a second: what is measured does not feel it.
func look(ctx context.Context, database *verify.Database, from uint64, engine *Engine) (q quiescence) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	q.payments, q.errands = engine.Open()
	if database.Legacy() {
		return q // what the client has not seen final nobody will bring to an end
	}
	if q.work, q.err = database.OpenWork(ctx, from); q.err != nil {
		return q
	}
	if q.messages, q.err = database.UnsentMessages(ctx); q.err != nil {
		return q
	}
	q.callbacks, q.err = database.PendingCallbacks(ctx, from)
	return q
}
