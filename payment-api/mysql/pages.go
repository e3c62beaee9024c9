package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gazua.example/payment-api/payment"
)

// ByOrder implements payment.Store.
func (s *Store) ByOrder(ctx context.Context, merchant payment.MerchantID, order string) (holder payment.ID, taken bool, err error) {
	ctx, cancel := reading(ctx)
	defer cancel()
	err = s.db.QueryRowContext(ctx, "SELECT payment_id FROM order_guard WHERE merchant_id = ? AND order_id = ?", merchant, order).Scan(&holder)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, false, nil
	case err != nil:
		return 0, false, notStored(err)
	}
	return holder, true, nil
}

// Between implements payment.Store. The ids come first and from the index alone, of the days of the range only; the rest is
// read of the page's payments and not of the whole range. The index is named, so that no statistics of a young day choose
// to look through all merchants' payments instead.
func (s *Store) Between(ctx context.Context, merchant payment.MerchantID, first, before payment.ID, limit int) ([]*payment.Payment, error) {
	ctx, cancel := reading(ctx)
	defer cancel()
	found, err := s.db.QueryContext(ctx, "SELECT id FROM payment FORCE INDEX (merchant) WHERE merchant_id = ? AND id >= ? AND id < ? ORDER BY id LIMIT ?",
		merchant, first, before, limit)
	if err != nil {
		return nil, notStored(err)
	}
	defer func() { _ = found.Close() }()
	var ids []payment.ID
	for found.Next() {
		var id payment.ID
		if err := found.Scan(&id); err != nil {
			return nil, notStored(err)
		}
		ids = append(ids, id)
	}
	if err := found.Err(); err != nil {
		return nil, notStored(err)
	}
	return s.Load(ctx, ids)
}

// Events implements payment.Store.
func (s *Store) Events(ctx context.Context, id payment.ID) ([]payment.Event, error) {
	ctx, cancel := reading(ctx)
	defer cancel()
	found, err := s.db.QueryContext(ctx, "SELECT seq, at, cancellation_seq, from_state, to_state, cause FROM payment_event WHERE payment_id = ? ORDER BY seq", id)
	if err != nil {
		return nil, notStored(err)
	}
	defer func() { _ = found.Close() }()
	var events []payment.Event
	for found.Next() {
		var e payment.Event
		if err := found.Scan(&e.Version, &e.At, &e.Cancellation, &e.From, &e.To, &e.Cause); err != nil {
			return nil, notStored(err)
		}
		events = append(events, e)
	}
	if err := found.Err(); err != nil {
		return nil, notStored(err)
	}
	return events, nil
}

// Archived implements payment.Store. Of a day that is just being archived nobody can tell: it may yet come back.
func (s *Store) Archived(ctx context.Context, id payment.ID) (bool, error) {
	ctx, cancel := reading(ctx)
	defer cancel()
	var step Step
	err := s.db.QueryRowContext(ctx, "SELECT step FROM archive_day WHERE first_id <= ? AND until_id > ?", id, id).Scan(&step)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, notStored(err)
	case step == StepExchanging:
		return false, notStored(fmt.Errorf("the day of payment %d is just being archived", id))
	}
	return true, nil
}
