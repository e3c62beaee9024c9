// Package rescue finds accepted payments whose message will never come.
//
// A message is lost when its row has not been sent for too long (the broker is away, or no relay runs), or when the group
// has committed past its record for so long that whoever read it must be done: then it was acknowledged without work. As
// long as the committed offset is before the record, the message is in a mere backlog, and the payment is left to it.
//
//	outbox row ── unsent, old ─────────────────────────────────► lost
//	           └─ sent to p/o ── committed(p) > o for so long ──► lost
//	                          └─ else ──────────────────────────► a backlog: look again later
//
// "For so long" needs a memory: the committed offsets are sampled all the time, so that any worker, whoever looked the last
// time, can say since when an offset has been past.
package rescue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// Outbox says what became of a payment's row.
type Outbox interface {
	Fate(ctx context.Context, id payment.ID) (mysql.Fate, error)
}

// Offsets says how far the group has committed, by partition; partitions that it never committed for are left out.
type Offsets interface {
	Committed(ctx context.Context) (map[int]int64, error)
}

// samples is how many looks at the committed offsets there are in the time after which a message counts as lost.
const samples = 60

// Rescuer implements payment.Delivery. Run is its memory; without it only what is unsent is ever lost.
type Rescuer struct {
	outbox  Outbox
	offsets Offsets
	after   time.Duration
	log     *slog.Logger
	rescues metric.Int64Counter

	mu      sync.Mutex
	history map[int]*history
	sampled time.Time // the last look that succeeded
}

var _ payment.Delivery = (*Rescuer)(nil)

// New makes a rescuer that calls a message lost after a while.
func New(outbox Outbox, offsets Offsets, after time.Duration, log *slog.Logger) (*Rescuer, error) {
	rescues, err := otel.Meter("gazua.example/payment-worker/rescue").Int64Counter("gazua.rescues",
		metric.WithDescription("Accepted payments that were started without their message. With a healthy broker each is a lost message."))
	if err != nil {
		return nil, fmt.Errorf("make the metric of rescues: %w", err)
	}
	return &Rescuer{outbox: outbox, offsets: offsets, after: after, log: log, rescues: rescues, history: map[int]*history{}}, nil
}

// Run samples the committed offsets until ctx ends.
func (r *Rescuer) Run(ctx context.Context) {
	tick := time.NewTicker(max(r.after/samples, 100*time.Millisecond))
	defer tick.Stop()
	for failing := false; ctx.Err() == nil; {
		err := r.sample(ctx)
		if err != nil && !failing && ctx.Err() == nil { // once, and not for every look
			r.log.Warn("rescue: the group's offsets are not known now", "error", err.Error())
		}
		failing = err != nil
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (r *Rescuer) sample(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(r.after/4, time.Second))
	defer cancel()
	committed, err := r.offsets.Committed(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sampled = now
	for partition, offset := range committed {
		if r.history[partition] == nil {
			r.history[partition] = &history{}
		}
		r.history[partition].note(offset, now, r.after)
	}
	return nil
}

// Lost implements payment.Delivery.
func (r *Rescuer) Lost(ctx context.Context, id payment.ID) (bool, error) {
	fate, err := r.outbox.Fate(ctx, id)
	if err != nil {
		return false, fmt.Errorf("look at the outbox: %w", err)
	}
	why := ""
	switch {
	case fate.Gone:
		why = "no outbox row"
	case !fate.Sent && fate.Age >= r.after:
		why = "unsent"
	case fate.Sent:
		passed, err := r.passed(fate.Partition, fate.Offset)
		if err != nil || !passed {
			return false, err
		}
		why = "acknowledged without work"
	default:
		return false, nil
	}
	link(ctx, fate.Trace)
	r.rescues.Add(ctx, 1, metric.WithAttributes(attribute.String("why", why)))
	r.log.WarnContext(ctx, "rescued", "payment_id", id.String(), "why", why, "partition", fate.Partition, "offset", fate.Offset)
	return true, nil
}

// passed says whether the group has been past a record for long enough. It is an error when nobody knows.
func (r *Rescuer) passed(partition int, offset int64) (bool, error) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.history[partition]; h != nil && h.passed(offset, now.Add(-r.after)) {
		return true, nil
	}
	if r.sampled.IsZero() || now.Sub(r.sampled) > r.after {
		return false, fmt.Errorf("the offsets that the group has committed have not been known for %s", r.after)
	}
	return false, nil
}
