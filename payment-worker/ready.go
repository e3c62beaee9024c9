package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"gazua.example/payment-worker/consume"
)

// readiness is whether this worker can do its work now: the database answers, a broker does, and the group gave it its
// place.
type readiness struct {
	db       *sql.DB
	brokers  []string
	consumer atomic.Pointer[consume.Consumer]
}

func (r *readiness) check() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := r.db.PingContext(ctx); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	if err := consume.Reachable(ctx, r.brokers); err != nil {
		return err
	}
	if consumer := r.consumer.Load(); consumer == nil || !consumer.Joined() {
		return errors.New("not yet a member of the consumer group")
	}
	return nil
}
