package payment

import (
	"context"
	"time"
)

// Event is one step of a payment's history, or of one of its cancellations.
type Event struct {
	Version      uint32
	At           time.Time
	Cancellation uint32 // 0: the payment's own
	From, To     string // of the payment or of that cancellation
	Cause        string
}

// MaxRange bounds the time that one list covers: it bounds how many partitions are read.
const MaxRange = 31 * 24 * time.Hour

// List reads a merchant's payments by the time of their creation, oldest first, after a given one.
func (s *Service) List(ctx context.Context, merchant MerchantID, from, to time.Time, after ID, limit int) ([]*Payment, error) {
	if !from.Before(to) {
		return nil, invalid("from must be before to")
	}
	if to.Sub(from) > MaxRange {
		return nil, invalid("from and to may be at most %s apart", days(MaxRange))
	}
	found, err := s.Store.Between(ctx, merchant, max(FirstIDAt(from), after+1), FirstIDAt(to), limit)
	if err != nil {
		return nil, unavailable(err, "the payments could not be read; try again")
	}
	return found, nil
}

// ByOrder reads the payment that holds an order; none when nothing was paid for it, or what was tried failed.
func (s *Service) ByOrder(ctx context.Context, merchant MerchantID, order string) ([]*Payment, error) {
	if !isOrderID(order) {
		return nil, invalid("order_id must be 1 to %d characters of A-Z a-z 0-9 . _ : -", MaxOrderLen)
	}
	holder, taken, err := s.Store.ByOrder(ctx, merchant, order)
	if err != nil {
		return nil, unavailable(err, "the order could not be read; try again")
	}
	if !taken {
		return nil, nil
	}
	p, err := s.Get(ctx, merchant, holder)
	if err != nil {
		return nil, err
	}
	return []*Payment{p}, nil
}

// Events reads the history of a merchant's payment, oldest first.
func (s *Service) Events(ctx context.Context, merchant MerchantID, id ID) ([]Event, error) {
	if _, err := s.Get(ctx, merchant, id); err != nil {
		return nil, err
	}
	events, err := s.Store.Events(ctx, id)
	if err != nil {
		return nil, unavailable(err, "the history could not be read; try again")
	}
	return events, nil
}

// nothingThere says why an id has no payment: it was archived, or there never was one.
func (s *Service) nothingThere(ctx context.Context, id ID) error {
	archived, err := s.Store.Archived(ctx, id)
	if err != nil {
		return unavailable(err, "the payment could not be read; try again")
	}
	if archived {
		return &Error{Kind: KindArchived, Payment: id, Detail: "this payment is older than what is kept here; it is in the archive"}
	}
	return &Error{Kind: KindNotFound, Detail: "no payment with this id"}
}
