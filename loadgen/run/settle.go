package run

import (
	"context"
	"fmt"
	"time"

	"gazua.example/loadgen/verify"
)

// quiescence is what must be empty before a run can be judged.
type quiescence struct {
	client   int64  // payments that the client has not seen final
	work     uint64 // payments of the run in open_payment
	messages uint64 // rows of the outbox that are not sent
	err      error  // the database does not answer just now
}

func (q quiescence) reached() bool {
	return q.err == nil && q.client == 0 && q.work == 0 && q.messages == 0
}

func (q quiescence) String() string {
	if q.err != nil {
		return fmt.Sprintf("the database does not answer: %v", q.err)
	}
	return fmt.Sprintf("waiting for %d payments of the client, %d open in the database, %d unsent messages", q.client, q.work, q.messages)
}

// look asks once. Two counts on small tables a second: what is measured does not feel it.
func look(ctx context.Context, database *verify.Database, from uint64, engine *Engine) (q quiescence) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	q.client = engine.Open()
	if q.work, q.err = database.OpenWork(ctx, from); q.err != nil {
		return q
	}
	q.messages, q.err = database.UnsentMessages(ctx)
	return q
}
