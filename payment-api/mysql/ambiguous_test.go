package mysql_test

import (
	"errors"
	"testing"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// The connection breaks at COMMIT. Committed or not, only the database knows: what the callers are told must be what stands
// there. Each is tried in a batch of several and with both ways in which a COMMIT can be lost.
func TestCommit_Lost_TellsWhatStands(t *testing.T) {
	for name, at := range map[string]cut{"not committed": beforeCommit, "committed": afterCommit} {
		t.Run(name, func(t *testing.T) {
			pool, to := record(db)
			defer pool.Close()
			s := mysql.NewStore(pool, mysql.GroupOptions{Max: 64, Committers: 1})
			defer s.Close()
			came := at == afterCommit

			n := fresh(payment.Sync)
			to.cutNext(at)
			if got := s.Claim(t.Context(), []payment.NewPayment{n})[0]; (got == payment.Claimed{}) != came || !came && got.Err == nil {
				t.Errorf("claim: %+v", got)
			}
			if there := number(t, "SELECT COUNT(*) FROM payment WHERE id = ?", n.Payment.ID) == 1; there != came {
				t.Errorf("the payment is there: %t", there)
			}

			p := claimed(t, payment.Sync)
			to.cutNext(at)
			if err := s.Apply(t.Context(), []payment.Change{toPaid(p)})[0]; (err == nil) != came || !came && !errors.Is(err, payment.ErrUnavailable) {
				t.Errorf("apply: %v", err)
			}
			if there := load(t, p.ID).State == payment.Paid; there != came {
				t.Errorf("the payment is PAID: %t", there)
			}

			n, p = fresh(payment.Sync), claimed(t, payment.Sync)
			to.cutNext(at)
			claims, errs := s.Mixed(t.Context(), []bool{false, true}, []payment.NewPayment{n}, []payment.Change{toPaid(p)})
			if (claims[0] == payment.Claimed{}) != came || (errs[0] == nil) != came {
				t.Errorf("claim and change in one transaction: %+v, %v", claims[0], errs[0])
			}
			if there := number(t, "SELECT COUNT(*) FROM payment WHERE id = ?", n.Payment.ID) == 1; there != came || (load(t, p.ID).State == payment.Paid) != came {
				t.Errorf("in one transaction: the new payment is there: %t, the other is %s", there, load(t, p.ID).State)
			}

			p = paid(t, 1)
			wanted := cancellation(p, 11)
			to.cutNext(at)
			got := s.ClaimCancellation(t.Context(), []payment.NewCancellation{wanted})[0]
			if got.Cancellation != nil || (got.Key != nil) != came || (got.Err != nil) == came {
				t.Errorf("claim a cancellation: %+v", got)
			}
			if came && (got.Key.Cancellation != 1 || got.Key.RequestHash != wanted.RequestHash || got.Key.Answer != nil) {
				t.Errorf("claim a cancellation: %+v", got.Key)
			}
			if there := len(cancellations(t, p.ID)) == 1; there != came {
				t.Errorf("the cancellation is there: %t", there)
			}

			p = paid(t, 1)
			first, second := canceling(t, p, 11), canceling(t, p, 12)
			applyCancellation(t, moveCancellation(second, payment.CancelProcessing)) // events of another one in between
			to.cutNext(at)
			err := s.ApplyCancellation(t.Context(), []payment.CancellationChange{moveCancellation(first, payment.CancelSucceeded)})[0]
			if (err == nil) != came || !came && !errors.Is(err, payment.ErrUnavailable) {
				t.Errorf("apply a change of a cancellation: %v", err)
			}
			if there := load(t, p.ID).Canceled == 11; there != came {
				t.Errorf("it is canceled: %t", there)
			}
		})
	}
}

// Somebody else moved it meanwhile: a lost COMMIT of ours is not taken for theirs.
func TestCommit_LostAndNotOurs_IsAMiss(t *testing.T) {
	pool, to := record(db)
	defer pool.Close()
	s := mysql.NewStore(pool, mysql.GroupOptions{Max: 64, Committers: 1})
	defer s.Close()
	p := paid(t, 1)
	c := canceling(t, p, 11)
	ours := moveCancellation(c, payment.CancelSucceeded)
	to.whenCut(beforeCommit, func() { applyCancellation(t, moveCancellation(c, payment.CancelReview)) })
	if err := s.ApplyCancellation(t.Context(), []payment.CancellationChange{ours})[0]; !errors.Is(err, payment.ErrMissed) {
		t.Errorf("%v", err)
	}
	other := claimed(t, payment.Sync)
	to.whenCut(beforeCommit, func() { apply(t, move(other, payment.Undoing, payment.Work{})) })
	if err := s.Apply(t.Context(), []payment.Change{toPaid(other)})[0]; !errors.Is(err, payment.ErrMissed) {
		t.Errorf("%v", err)
	}
}
