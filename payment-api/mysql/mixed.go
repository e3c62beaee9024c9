package mysql

import (
	"context"
	"errors"

	"gazua.example/payment-api/payment"
)

// work is a new payment or a change of one: the two steps of a synchronous payment, which share transactions, so that an API
// commits half as often.
type work struct {
	claim  *payment.NewPayment
	change *payment.Change
}

// done is what became of it.
type done struct {
	claimed payment.Claimed
	err     error // of a change
}

func (w work) step() string {
	if w.claim != nil {
		return "claim"
	}
	return "apply"
}

func (w work) size() int {
	if w.claim != nil {
		bytes := rowBytes + answerBytes(w.claim.Answer)
		for i := range w.claim.Payment.Legs {
			bytes += len(w.claim.Payment.Legs[i].Token)
		}
		return bytes
	}
	bytes := rowBytes + answerBytes(w.change.Answer)
	if w.change.Callback != nil {
		bytes += len(w.change.Callback.Body)
	}
	return bytes
}

func (w work) failed(err error) done {
	if w.claim != nil {
		return done{claimed: payment.Claimed{Err: err}}
	}
	return done{err: err}
}

// lapses: a payment whose merchant has gone is not begun; what a means has said is always written down.
func (w work) lapses() bool { return w.claim != nil }

// commitMixed commits claims and changes in one transaction. What keeps it from that, it does not look into: the claims go
// together then, and so do the changes.
func (s *Store) commitMixed(ctx context.Context, batch []work) []done {
	claims, changes, results := separate(batch)
	if len(claims) > 0 && len(changes) > 0 {
		switch err := s.commitBoth(ctx, claims, changes); {
		case err == nil:
			return results
		case errors.Is(err, errAmbiguous): // for every member
			return s.settleBoth(ctx, batch, results, err)
		case errors.Is(err, errNoConnection): // and there would be none for a part of them
			for i := range batch {
				results[i] = batch[i].failed(err)
			}
			return results
		}
	}
	var claimed []payment.Claimed
	if len(claims) > 0 {
		claimed = s.claimAll(ctx, claims)
	}
	var errs []error
	if len(changes) > 0 {
		errs = s.applyAll(ctx, changes)
	}
	for i := range batch {
		if batch[i].claim != nil {
			results[i].claimed, claimed = claimed[0], claimed[1:]
		} else {
			results[i].err, errs = errs[0], errs[1:]
		}
	}
	return results
}

func separate(batch []work) (claims []payment.NewPayment, changes []payment.Change, results []done) {
	for i := range batch {
		if batch[i].claim != nil {
			claims = append(claims, *batch[i].claim)
		} else {
			changes = append(changes, *batch[i].change)
		}
	}
	return claims, changes, make([]done, len(batch))
}

// errApart: not every member can be in one transaction.
var errApart = errors.New("two members are of one key or of one payment")

func (s *Store) commitBoth(ctx context.Context, claims []payment.NewPayment, changes []payment.Change) error {
	ordered := s.changes().inOrder(changes)
	if ordered == nil || distinctKeys(claims) < len(claims) {
		return errApart
	}
	return inPackets(ctx, s.db, func(t *transaction) error {
		p := t.packet()
		addClaims(p, claims)
		return applyIn(ctx, t, p, ordered)
	})
}

// settleBoth reads what became of each member of a transaction whose COMMIT was lost.
func (s *Store) settleBoth(ctx context.Context, batch []work, results []done, ambiguous error) []done {
	ctx, cancel := settling(ctx)
	defer cancel()
	for i := range batch {
		switch {
		case batch[i].change != nil:
			results[i].err = s.wasApplied(ctx, batch[i].change)
		case !s.ownsKey(ctx, batch[i].claim):
			results[i].claimed.Err = ambiguous
		}
	}
	return results
}
