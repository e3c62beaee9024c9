package mysql

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"gazua.example/payment-api/payment"
)

// Store is the domain's memory. Its verbs take batches; a batch is worked off member by member, each in a transaction of
// its own.
type Store struct {
	db *sql.DB
}

var _ payment.Store = (*Store)(nil)

// NewStore keeps payments in db, which has the schema of migrations/.
func NewStore(db *sql.DB) *Store { return &Store{db: db} }

// Claim implements payment.Store.
func (s *Store) Claim(ctx context.Context, batch []payment.NewPayment) []payment.Claimed {
	claimed := make([]payment.Claimed, len(batch))
	for i := range batch {
		claimed[i] = s.claimOne(ctx, &batch[i])
	}
	return claimed
}

// Apply implements payment.Store.
func (s *Store) Apply(ctx context.Context, batch []payment.Change) []error {
	errs := make([]error, len(batch))
	for i := range batch {
		errs[i] = s.applyOne(ctx, &batch[i])
	}
	return errs
}

// micros is a duration as SQL takes it: INTERVAL ? MICROSECOND.
func micros(d time.Duration) int64 { return d.Microseconds() }

// marks is n placeholders: ?,?,?
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// rows is n rows of placeholders: (?,?),(?,?)
func rows(n int, row string) string { return strings.TrimSuffix(strings.Repeat(row+",", n), ",") }

func nullTime(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }
