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
	claims              *group[payment.NewPayment, payment.Claimed]
	changes             *group[payment.Change, error]
	cancellations       *group[payment.NewCancellation, payment.ClaimedCancellation]
	cancellationChanges *group[payment.CancellationChange, error]
}

var _ payment.Store = (*Store)(nil)

// NewStore keeps payments in db, which has the schema of migrations/. Close ends it.
func NewStore(db *sql.DB, o GroupOptions) *Store {
	s := &Store{db: db}
	s.claims = newGroup("claim", o, s.claimAll)
	s.changes = newGroup("apply", o, s.applyAll)
	s.cancellations = newGroup("claim_cancellation", o, s.claimCancellations)
	s.cancellationChanges = newGroup("apply_cancellation", o, s.applyCancellations)
	return s
}

// Close ends the committers. Nobody may use the store any more.
func (s *Store) Close() {
	s.claims.end()
	s.changes.end()
	s.cancellations.end()
	s.cancellationChanges.end()
}

// Claim implements payment.Store.
func (s *Store) Claim(ctx context.Context, batch []payment.NewPayment) []payment.Claimed {
	return s.claims.do(ctx, batch)
}

// Apply implements payment.Store. A callback goes on with the trace of whoever settles.
func (s *Store) Apply(ctx context.Context, batch []payment.Change) []error {
	for i := range batch {
		if batch[i].Callback != nil {
			batch[i].Trace = telemetry.Carry(ctx)
		}
	}
	return s.changes.do(ctx, batch)
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
