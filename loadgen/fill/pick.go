package fill

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
)

// Payment is a filled one as its merchant knows it.
type Payment struct {
	ID       uint64
	Merchant uint32
	Order    string
	Amount   int64
}

// Pick draws some of the filled payments, each as likely as any other, without reading one: a look at it then is the first.
func Pick(ctx context.Context, db *sql.DB, count int, chance *rand.Rand) (picked []Payment, err error) {
	steps, total, err := filled(ctx, db)
	if err != nil {
		return nil, err
	}
	if total == 0 {
		return nil, fmt.Errorf("pick filled payments: there are none")
	}
	for range count {
		n := chance.Int64N(total)
		for _, s := range steps {
			if n >= s.payments {
				n -= s.payments
				continue
			}
			p := s.payment(n)
			picked = append(picked, Payment{p.id, p.merchant, string(s.order(nil, n)), p.amount})
			break
		}
	}
	return picked, nil
}

// filled are the steps of a database that are whole.
func filled(ctx context.Context, db *sql.DB) (steps []*step, total int64, err error) {
	of := &step{}
	if err := of.readMerchants(ctx, db); err != nil {
		return nil, 0, err
	}
	rows, err := db.QueryContext(ctx, "SELECT step, payments, first_id, until_id FROM loadgen_fill WHERE ended_at IS NOT NULL ORDER BY step")
	if err != nil {
		return nil, 0, fmt.Errorf("read what was filled: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		s := &step{merchants: of.merchants}
		var first, until uint64
		if err := rows.Scan(&s.number, &s.payments, &first, &until); err != nil {
			return nil, 0, fmt.Errorf("read what was filled: %w", err)
		}
		s.start, s.end = timeOf(first), timeOf(until)
		steps, total = append(steps, s), total+s.payments
	}
	return steps, total, rows.Err()
}
