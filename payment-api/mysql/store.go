package mysql

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/payment"
)

// Store is the domain's memory. What several callers commit at about the same time shares a transaction; each member
// gets exactly what it would have got alone.
type Store struct {
	db                  *sql.DB
	payments            *group[work, done]
	cancellations       *group[payment.NewCancellation, payment.ClaimedCancellation]
	cancellationChanges *group[payment.CancellationChange, error]
	loads               *loads
}

var _ payment.Store = (*Store)(nil)

// NewStore keeps payments in db, which has the schema of migrations/. Close ends it.
func NewStore(db *sql.DB, o GroupOptions) *Store {
	s := &Store{db: db}
	s.payments = newGroup(o, kind[work, done]{"payment", work.step, s.commitMixed, work.size, func(w work, err error) done { return w.failed(notStored(err)) }, work.lapses})
	s.cancellations = newGroup(o, kind[payment.NewCancellation, payment.ClaimedCancellation]{
		name: "claim_cancellation", step: func(payment.NewCancellation) string { return "claim_cancellation" }, run: s.claimCancellations,
		size: func(payment.NewCancellation) int { return rowBytes },
		failed: func(_ payment.NewCancellation, err error) payment.ClaimedCancellation {
			return payment.ClaimedCancellation{Err: notStored(err)}
		},
		lapses: func(payment.NewCancellation) bool { return true },
	})
	s.cancellationChanges = newGroup(o, kind[payment.CancellationChange, error]{
		name: "apply_cancellation", step: func(payment.CancellationChange) string { return "apply_cancellation" }, run: s.applyCancellations,
		size:   func(c payment.CancellationChange) int { return rowBytes + answerBytes(c.Answer) },
		failed: func(_ payment.CancellationChange, err error) error { return notStored(err) },
		lapses: func(payment.CancellationChange) bool { return false },
	})
	s.loads = newLoads(o.Max, func(ctx context.Context, ids []payment.ID) ([]*payment.Payment, error) {
		return loadPayments(ctx, db, ids)
	})
	return s
}

// rowBytes is about what the rows of a step send, without what merchants and means put into them.
const rowBytes = 2 << 10

func answerBytes(a *payment.Answer) int {
	if a == nil {
		return 0
	}
	return len(a.Body)
}

// Close ends the committers, after what they were given; who uses the store later is refused.
func (s *Store) Close() {
	s.payments.end()
	s.cancellations.end()
	s.cancellationChanges.end()
}

// Claim implements payment.Store.
func (s *Store) Claim(ctx context.Context, batch []payment.NewPayment) []payment.Claimed {
	members := make([]work, len(batch))
	for i := range batch {
		members[i].claim = &batch[i]
	}
	claimed := make([]payment.Claimed, len(batch))
	for i, d := range s.payments.do(ctx, members) {
		claimed[i] = d.claimed
	}
	return claimed
}

// Apply implements payment.Store. A callback goes on with the trace of whoever settles.
func (s *Store) Apply(ctx context.Context, batch []payment.Change) []error {
	members := make([]work, len(batch))
	for i := range batch {
		if batch[i].Callback != nil {
			batch[i].Trace = telemetry.Carry(ctx)
		}
		members[i].change = &batch[i]
	}
	errs := make([]error, len(batch))
	for i, d := range s.payments.do(ctx, members) {
		errs[i] = d.err
	}
	return errs
}

// ClaimCancellation implements payment.Store.
func (s *Store) ClaimCancellation(ctx context.Context, batch []payment.NewCancellation) []payment.ClaimedCancellation {
	return s.cancellations.do(ctx, batch)
}

// ApplyCancellation implements payment.Store; callbacks as Apply's.
func (s *Store) ApplyCancellation(ctx context.Context, batch []payment.CancellationChange) []error {
	for i := range batch {
		if batch[i].Callback != nil {
			batch[i].Trace = telemetry.Carry(ctx)
		}
	}
	return s.cancellationChanges.do(ctx, batch)
}

// micros is a duration as SQL takes it: INTERVAL ? MICROSECOND.
func micros(d time.Duration) int64 { return d.Microseconds() }

// nullMicros is NULL for no duration: NULL added to a time is NULL.
func nullMicros(d time.Duration) sql.NullInt64 {
	return sql.NullInt64{Int64: micros(d), Valid: d > 0}
}

// now is the database's clock, which is the same for all that a statement writes.
const now = "UTC_TIMESTAMP(6)"

// in is the time d from now; none without a d.
func in(d time.Duration) (mark string, args []any) {
	if d <= 0 {
		return "NULL", nil
	}
	return now + " + INTERVAL ? MICROSECOND", []any{micros(d)}
}

// nullTime cuts to what a column holds: rounded up, a time before midnight would be of the next day.
func nullTime(t time.Time) sql.NullTime {
	return sql.NullTime{Time: t.Truncate(time.Microsecond), Valid: !t.IsZero()}
}

// list gathers rows of values and their placeholders: (?,?),(?,?).
type list struct {
	marks strings.Builder
	args  []any
}

// row adds a row whose placeholders may be expressions, such as (?,UTC_TIMESTAMP(6)).
func (l *list) row(marks string, args ...any) {
	if l.marks.Len() > 0 {
		l.marks.WriteByte(',')
	}
	l.marks.WriteString(marks)
	l.args = append(l.args, args...)
}

func (l *list) empty() bool { return l.marks.Len() == 0 }

// marks is n placeholders: ?,?,?
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }
