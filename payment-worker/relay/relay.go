// Package relay turns outbox rows into Kafka messages.
//
//	claim rows (a lease, committed) ─► produce, all replicas acknowledge ─► mark them sent with partition and offset
//
// A crash between any two steps repeats the rest after the lease: a message may go out twice, never not at all.
package relay

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"gazua.example/payment-api/events"
	"gazua.example/payment-api/mysql"
)

// Bounds of the relay.
const (
	batch = 200
	lease = 10 * time.Second
	idle  = 50 * time.Millisecond // between two looks when the last found no full batch; rows gather meanwhile and share commits
	pause = time.Second           // after a failure

	sweepEvery = time.Minute
	keepSent   = 24 * time.Hour
	sweepBatch = 1000
)

// Outbox is what the relay needs of the store.
type Outbox interface {
	Claim(ctx context.Context, limit int, lease time.Duration) ([]mysql.OutboxRow, error)
	MarkSent(ctx context.Context, sent []mysql.Sent) error
	Sweep(ctx context.Context, keep time.Duration, limit int) (int64, error)
}

// Relay moves rows; Run is its life.
type Relay struct {
	outbox       Outbox
	writer       *Writer
	log          *slog.Logger
	lease, pause time.Duration

	mu        sync.Mutex
	delivered []mysql.Sent // filled by the writer's completion, emptied by each round
}

// New makes a relay to the brokers.
func New(outbox Outbox, brokers []string, log *slog.Logger) *Relay {
	r := &Relay{outbox: outbox, log: log, lease: lease, pause: pause}
	r.writer = NewWriter(brokers)
	r.writer.Completion = r.note
	return r
}

// Run relays until ctx ends; what was claimed by then is finished first.
func (r *Relay) Run(ctx context.Context) {
	swept := time.Now()
	for ctx.Err() == nil {
		moved, err := r.round(context.WithoutCancel(ctx))
		wait := idle
		switch {
		case err != nil:
			r.log.Warn("relay", "error", err.Error())
			wait = r.pause
		case moved == batch:
			continue
		}
		if time.Since(swept) > sweepEvery {
			swept = time.Now()
			r.sweep(ctx)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// sweep deletes what was sent long ago, to the last row: a bound below the rate of new rows would let the table grow for
// ever. Each statement deletes a small batch, so that none holds its locks for long.
func (r *Relay) sweep(ctx context.Context) {
	for deleted := int64(sweepBatch); deleted == sweepBatch && ctx.Err() == nil; {
		var err error
		if deleted, err = r.outbox.Sweep(ctx, keepSent, sweepBatch); err != nil {
			r.log.Warn("relay: sweep", "error", err.Error())
			return
		}
	}
}

// Close ends the producer.
func (r *Relay) Close() error { return r.writer.Close() }

// round moves one batch. Rows whose message failed stay claimed until their lease ends and then come again.
func (r *Relay) round(ctx context.Context) (int, error) {
	claimed, err := r.outbox.Claim(ctx, batch, r.lease)
	if err != nil || len(claimed) == 0 {
		return 0, err
	}
	messages := make([]kafka.Message, 0, len(claimed))
	for _, row := range claimed {
		m, err := events.Encode(row.Payment, row.Trace)
		if err != nil {
			return 0, err
		}
		m.WriterData = row.ID
		messages = append(messages, m)
	}
	spans := begin(messages)
	sendCtx, cancel := context.WithTimeout(ctx, r.lease/2)
	sendErr := r.writer.WriteMessages(sendCtx, messages...)
	cancel()
	r.mu.Lock()
	delivered := r.delivered
	r.delivered = nil
	r.mu.Unlock()
	spans.end(delivered, sendErr)
	if err := r.outbox.MarkSent(ctx, delivered); err != nil {
		return 0, err
	}
	return len(claimed), sendErr
}

// note is the writer's completion: it runs before WriteMessages returns.
func (r *Relay) note(messages []kafka.Message, err error) {
	if err != nil {
		return // WriteMessages returns it
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range messages {
		if id, ok := m.WriterData.(uint64); ok {
			r.delivered = append(r.delivered, mysql.Sent{ID: id, Partition: m.Partition, Offset: m.Offset})
		}
	}
}
