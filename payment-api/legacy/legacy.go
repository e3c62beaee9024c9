// Package legacy is the system before the renewal, as the baseline that the renewed one is measured against (`payment-api
// legacy`). It answers the same requests, and does so the way that systems of its time did:
//
//	POST ─► whose key? ─► INSERT, COMMIT ─► call, UPDATE, COMMIT ─► call, UPDATE, COMMIT ─► … ─► UPDATE, COMMIT ─► 201
//	         SELECT       PROCESSING         each on a connection of its own               PAID or FAILED
//
// One wide table with secondary indexes; a transaction a step; a new TCP connection for each call. It has no idempotency, no
// guard of the order, no breaker, no bound on what is in flight, no asynchronous way, no recovery. A call without an answer
// counts as failed, so it can lose money as soon as anything breaks: it is measured with faults off, and docs/legacy.md says
// what is judged of it. It is slow by its shape and by nothing else: same database, same durability, same HTTP server, same
// number of connections as the renewed one.
package legacy

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// system is one process of it.
type system struct {
	table table
	means *means
	log   *slog.Logger
}

// payment is a row. Its legs are in the order of the calls.
type payment struct {
	ID       uint64
	Merchant uint32
	Order    string
	Amount   int64
	Currency string
	State    string
	Reason   string
	Legs     []leg
	Created  time.Time
}

// leg is one means' share: a group of columns.
type leg struct {
	Means       string // COUPON, POINT or PG
	Amount      int64
	Token       string
	State       string
	Reference   string
	Transaction string
	Code        string
}

// What rows and legs can be.
const (
	processing = "PROCESSING"
	paid       = "PAID"
	failed     = "FAILED"

	pending  = "PENDING"
	held     = "HELD"
	captured = "CAPTURED"
	declined = "DECLINED"
	errored  = "ERROR" // no answer, or none that is understood: taken for a failure, which is the mistake
	released = "RELEASED"
	voided   = "VOIDED"
)

// pay makes a payment and brings it to its end. An error means that a statement failed: whatever was booked until then stays
// as it is, and the row PROCESSING, for good.
func (s *system) pay(ctx context.Context, p *payment) error {
	p.State, p.Created = processing, time.Now().UTC().Truncate(time.Microsecond)
	if err := s.table.insert(ctx, p); err != nil {
		return err
	}
	err := s.takeAll(ctx, p)
	var refusal *refusal
	switch {
	case err == nil:
		p.State = paid
	case errors.As(err, &refusal):
		s.undo(ctx, p)
		p.State, p.Reason = failed, refusal.code
	default:
		return err
	}
	return s.table.end(ctx, p)
}

// takeAll reserves the coupon and the points, charges the card, and then confirms what was reserved.
func (s *system) takeAll(ctx context.Context, p *payment) error {
	for i := range p.Legs {
		if err := s.take(ctx, p, &p.Legs[i]); err != nil {
			return err
		}
	}
	for i := range p.Legs {
		if p.Legs[i].State != held {
			continue
		}
		if err := s.step(ctx, p, &p.Legs[i], confirm); err != nil {
			return err
		}
	}
	return nil
}

func (s *system) take(ctx context.Context, p *payment, l *leg) error {
	if l.Means == "PG" {
		return s.step(ctx, p, l, charge)
	}
	return s.step(ctx, p, l, reserve)
}

// step is one call and the transaction that writes down what came of it. A refusal is returned as one.
func (s *system) step(ctx context.Context, p *payment, l *leg, o operation) error {
	refused := s.means.call(ctx, p, l, o)
	if err := s.table.leg(ctx, p, l); err != nil {
		return err
	}
	if refused != nil {
		return refused
	}
	return nil
}

// undo gives back what was taken, in reverse, as well as it can: what fails here is logged and never tried again.
func (s *system) undo(ctx context.Context, p *payment) {
	for i := len(p.Legs) - 1; i >= 0; i-- {
		l := &p.Legs[i]
		var back operation
		switch {
		case l.State == held:
			back = release
		case l.State == captured && l.Means == "PG":
			back = netCancel
		case l.State == captured:
			back = void
		default:
			continue
		}
		if err := s.step(ctx, p, l, back); err != nil {
			s.log.Warn("not given back", "payment_id", p.ID, "leg", l.Reference, "error", err.Error())
		}
	}
}
