// Package relay turns outbox rows into Kafka messages.
//
//	┌─► one transaction: mark what was sent with partition and offset, claim the next rows (a lease) ─┐
//	└──────────────────────── produce, all replicas acknowledge ◄─────────────────────────────────────┘
//
// A crash between any two steps repeats the rest after the lease: a message may go out twice, never not at all.
package relay

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"

	"gazua.example/payment-api/events"
	"gazua.example/payment-api/mysql"
)

// Bounds of the relay.
const (
	batch = 200
	lease = 10 * time.Second
	idle  = 50 * time.Millisecond // between two looks when the last found no full batch; rows gather meanwhile, share commits and requests
	pause = time.Second           // after a failure

	sweepEvery = time.Minute
	keepSent   = 24 * time.Hour
	sweepBatch = 1000
)

// Outbox is what the relay needs of the store.
type Outbox interface {
	// Next marks what was sent, and claims at most limit rows for lease.
	Next(ctx context.Context, sent []mysql.Sent, limit int, lease time.Duration) ([]mysql.OutboxRow, error)
	Sweep(ctx context.Context, keep time.Duration, limit int) (int64, error)
}

// Relay moves rows; Run is its life.
type Relay struct {
	outbox       Outbox
	writer       *Writer
	log          *slog.Logger
	lease, pause time.Duration

	sent     []mysql.Sent // by the last round: marked with the next one's claim. At most a batch
	unsent   atomic.Int64 // rows that the last round claimed and did not send; others do when their lease ends
	unmarked atomic.Int64 // len(sent), for those who look

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

// InHand is how many rows are claimed and not sent, and how many are sent and not marked: those go out a second time if
// nobody marks them.
func (r *Relay) InHand() (unsent, unmarked int) { return int(r.unsent.Load()), int(r.unmarked.Load()) }

// Run relays until ctx ends; what was claimed by then is sent and marked first.
func (r *Relay) Run(ctx context.Context) {
	defer r.finish(context.WithoutCancel(ctx))
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

// round moves one batch. Rows whose message failed stay claimed until their lease ends and then come again. What could not
// be marked is marked by the next round, which claims nothing before.
func (r *Relay) round(ctx context.Context) (int, error) {
	claimed, err := r.outbox.Next(ctx, r.sent, batch, r.lease)
	if err != nil {
		return 0, err
	}
	r.sent = nil
	r.unmarked.Store(0)
	r.unsent.Store(int64(len(claimed)))
	if len(claimed) == 0 {
		return 0, nil
	}
	measures().batch.Record(ctx, int64(len(claimed)))
	messages := make([]kafka.Message, 0, len(claimed))
	for _, row := range claimed {
		m, err := events.Encode(row.Payment, row.Trace)
		if err != nil {
			return 0, err
		}
		m.WriterData = row.ID
		messages = append(messages, m)
	}
	return len(claimed), r.send(ctx, messages)
}

// send produces a batch and keeps what is to be marked.
func (r *Relay) send(ctx context.Context, messages []kafka.Message) error {
	spans := begin(messages)
	ctx, cancel := context.WithTimeout(ctx, r.lease/2)
	defer cancel()
	err := r.writer.WriteMessages(ctx, messages...)
	r.mu.Lock()
	r.sent, r.delivered = r.delivered, nil
	r.mu.Unlock()
	r.unsent.Store(int64(len(messages) - len(r.sent)))
	r.unmarked.Store(int64(len(r.sent)))
	spans.end(r.sent, err)
	return err
}

// finish marks what the last round has sent.
func (r *Relay) finish(ctx context.Context) {
	if len(r.sent) == 0 {
		return
	}
	if _, err := r.outbox.Next(ctx, r.sent, 0, r.lease); err != nil {
		r.log.Warn("relay: what was sent last is sent again", "messages", len(r.sent), "error", err.Error())
		return
	}
	r.unmarked.Store(0)
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
