package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"gazua.example/payment-api/payment"
)

// Journal reads what was posted, for those who compare it with the means.
type Journal struct{ db *sql.DB }

// NewJournal reads the journal of db.
func NewJournal(db *sql.DB) *Journal { return &Journal{db: db} }

// Booking is what the ledger says that a means owes us (a capture, above zero) or took back (a refund, below).
type Booking struct {
	Payment   payment.ID
	Means     payment.Means
	Amount    int64
	Currency  payment.Currency
	Reference string
	Day       string // the business day, such as 2026-03-01
}

// journalChunk is how much of a day's ids one statement reads: within a partition, and no result is long.
const journalChunk = time.Hour

// Bookings yields what was posted on a business day for the means, of payments created in [from, to), in the order of
// their ids.
func (j *Journal) Bookings(ctx context.Context, day string, from, to time.Time) iter.Seq2[Booking, error] {
	return func(yield func(Booking, error) bool) {
		for first, until := range chunks(from, to) {
			more, err := j.chunk(ctx, day, first, until, yield)
			if err != nil {
				yield(Booking{}, fmt.Errorf("read the journal of %s: %w", day, err))
			}
			if err != nil || !more {
				return
			}
		}
	}
}

const bookingColumns = "SELECT payment_id, SUBSTRING(account, 12), amount, currency, reference, business_day FROM journal_entry "

func (j *Journal) chunk(ctx context.Context, day string, first, until payment.ID, yield func(Booking, error) bool) (more bool, err error) {
	found, err := j.db.QueryContext(ctx, bookingColumns+`WHERE payment_id >= ? AND payment_id < ? AND business_day = ? AND account LIKE 'receivable:%'
		ORDER BY payment_id, seq`, first, until, day)
	if err != nil {
		return false, err
	}
	defer func() { _ = found.Close() }()
	for found.Next() {
		b, err := scanBooking(found)
		if err != nil {
			return false, err
		}
		if !yield(b, nil) {
			return false, nil
		}
	}
	return true, found.Err()
}

// Booking reads what was posted under a reference of a payment, on whatever day; nil: nothing.
func (j *Journal) Booking(ctx context.Context, id payment.ID, reference string) (*Booking, error) {
	b, err := scanBooking(j.db.QueryRowContext(ctx, bookingColumns+"WHERE payment_id = ? AND reference = ? AND account LIKE 'receivable:%'", id, reference))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the journal of payment %d: %w", id, err)
	}
	return &b, nil
}

// State is where a payment stands; empty: it is not here.
func (j *Journal) State(ctx context.Context, id payment.ID) (state payment.State, err error) {
	err = j.db.QueryRowContext(ctx, "SELECT state FROM payment WHERE id = ?", id).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the state of payment %d: %w", id, err)
	}
	return state, nil
}

// Totals sums the accounts that are not the means', over a business day.
func (j *Journal) Totals(ctx context.Context, day string, from, to time.Time) (map[payment.Account]int64, error) {
	sums := map[payment.Account]int64{}
	for first, until := range chunks(from, to) {
		if err := j.addTotals(ctx, day, first, until, sums); err != nil {
			return nil, fmt.Errorf("sum the accounts of %s: %w", day, err)
		}
	}
	return sums, nil
}

func (j *Journal) addTotals(ctx context.Context, day string, first, until payment.ID, sums map[payment.Account]int64) error {
	found, err := j.db.QueryContext(ctx, `SELECT account, SUM(amount) FROM journal_entry
		WHERE payment_id >= ? AND payment_id < ? AND business_day = ? AND account NOT LIKE 'receivable:%' GROUP BY account`, first, until, day)
	if err != nil {
		return err
	}
	defer func() { _ = found.Close() }()
	for found.Next() {
		var account payment.Account
		var sum int64
		if err := found.Scan(&account, &sum); err != nil {
			return err
		}
		sums[account] += sum
	}
	return found.Err()
}

// chunks cuts the time in which payments were created into ranges of their ids.
func chunks(from, to time.Time) iter.Seq2[payment.ID, payment.ID] {
	return func(yield func(first, until payment.ID) bool) {
		for begin := from.UTC().Truncate(journalChunk); begin.Before(to); begin = begin.Add(journalChunk) {
			if !yield(payment.FirstIDAt(begin), payment.FirstIDAt(begin.Add(journalChunk))) {
				return
			}
		}
	}
}

func scanBooking(row interface{ Scan(into ...any) error }) (Booking, error) {
	var b Booking
	var day time.Time
	err := row.Scan(&b.Payment, &b.Means, &b.Amount, &b.Currency, &b.Reference, &day)
	b.Day = day.Format(time.DateOnly)
	return b, err
}
