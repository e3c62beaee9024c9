package mysql_test

import (
	"errors"
	"strings"
	"testing"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// One member that the server refuses costs its neighbours some more transactions, by halves, and nothing else.
func TestGroup_APoisonedMember_IsFoundByHalves_AndItsNeighboursAreCommitted(t *testing.T) {
	pool, sent := record(db)
	defer pool.Close()
	s := mysql.NewStore(pool, mysql.GroupOptions{Max: 64, Committers: 1})
	defer s.Close()
	const members, bad = 32, 11
	for name, poison := range map[string]func(*payment.Payment){
		"an id that no partition takes":         func(p *payment.Payment) { p.ID = 1 << 62 },
		"an order longer than its column":       func(p *payment.Payment) { p.Order = strings.Repeat("o", 65) },
		"a token longer than its column":        func(p *payment.Payment) { p.Legs[2].Token = strings.Repeat("t", 513) },
		"a reference that is taken: its own id": func(p *payment.Payment) { p.ID = claimed(t, payment.Sync).ID },
	} {
		t.Run(name, func(t *testing.T) {
			batch := make([]payment.NewPayment, members)
			for i := range batch {
				batch[i] = fresh(payment.Sync)
			}
			poison(batch[bad].Payment)
			sent.drain()
			for i, got := range s.Claim(t.Context(), batch) {
				there := number(t, "SELECT COUNT(*) FROM idempotency_key WHERE merchant_id = ? AND key_hash = ?", batch[i].Payment.Merchant, batch[i].Payment.KeyHash[:]) == 1
				if wrong := i == bad; (got.Err != nil) != wrong || there == wrong {
					t.Errorf("member %d: %+v, its key is there: %t", i, got, there)
				}
			}
			if n := transactions(sent); n > 24 {
				t.Errorf("%d transactions for one bad member of %d", n, members)
			}
		})
	}
}

// The same of changes, together with claims of others in one transaction.
func TestGroup_AChangeThatIsRefused_CostsNeitherChangesNorClaims(t *testing.T) {
	s := mysql.NewStore(db, mysql.GroupOptions{Max: 64, Committers: 1})
	defer s.Close()
	var changes []payment.Change
	for i := range 8 {
		c := toPaid(claimed(t, payment.Sync))
		if i == 5 {
			c.Cause = strings.Repeat("c", 65)
		}
		changes = append(changes, c)
	}
	claims := make(chan payment.Claimed)
	for range 8 {
		go func() { claims <- s.Claim(t.Context(), []payment.NewPayment{fresh(payment.Sync)})[0] }()
	}
	for i, err := range s.Apply(t.Context(), changes) {
		paid := load(t, changes[i].Payment.ID).State == payment.Paid
		if wrong := i == 5; (err != nil) != wrong || paid == wrong || wrong && !errors.Is(err, payment.ErrUnavailable) {
			t.Errorf("change %d: %v, PAID: %t", i, err, paid)
		}
	}
	for range 8 {
		if got := <-claims; got != (payment.Claimed{}) {
			t.Errorf("claim: %+v", got)
		}
	}
}

func transactions(sent *recorder) (n int) {
	for _, s := range sent.drain() {
		if s.query == "START TRANSACTION" {
			n++
		}
	}
	return n
}
