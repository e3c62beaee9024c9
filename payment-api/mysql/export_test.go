package mysql

import (
	"context"
	"errors"

	"gazua.example/payment-api/payment"
)

// Mixed commits claims and changes as one batch of the store, in the order in which chosen takes them: true is the next
// claim, false the next change.
func (s *Store) Mixed(ctx context.Context, chosen []bool, claims []payment.NewPayment, changes []payment.Change) ([]payment.Claimed, []error) {
	batch := make([]work, len(chosen))
	claim, change := 0, 0
	for i, isClaim := range chosen {
		if isClaim {
			batch[i].claim = &claims[claim]
			claim++
		} else {
			batch[i].change = &changes[change]
			change++
		}
	}
	var claimed []payment.Claimed
	var errs []error
	for i, d := range s.commitMixed(ctx, batch) {
		if chosen[i] {
			claimed = append(claimed, d.claimed)
		} else {
			errs = append(errs, d.err)
		}
	}
	return claimed, errs
}

// Ambiguous says whether an answer to COMMIT leaves open what became of the transaction, and Divisible whether a batch that
// got it is tried in parts.
func Ambiguous(err error) bool { return errors.Is(committed(err), errAmbiguous) }
func Divisible(err error) bool { return divisible(committed(err)) }

// PerServer is an address of several servers, once for each.
func PerServer(dsn string) []string { return perServer(dsn) }

// Refused is what becomes of a server's word that it takes no writes.
func Refused(said error) error { return (&steadyConn{driverConn: deaf{}}).judge(said) }

type deaf struct{ driverConn }

func (deaf) Close() error { return nil }
