package mysql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gazua.example/payment-api/payment"
)

// Fate is what became of the message of an accepted payment.
type Fate struct {
	Gone      bool // there is no row: nothing will ever be sent
	Sent      bool
	Age       time.Duration // since the payment was accepted, by the database's clock
	Partition int           // where the broker has it, once sent
	Offset    int64
	Trace     string // trace context of the request that was accepted
}

// Fate looks at a payment's outbox row. The row is written with the payment and kept for a day after it was sent.
func (o *Outbox) Fate(ctx context.Context, id payment.ID) (Fate, error) {
	var f Fate
	var age int64
	var partition, offset sql.NullInt64
	err := o.db.QueryRowContext(ctx, `SELECT sent_at IS NOT NULL, TIMESTAMPDIFF(MICROSECOND, created_at, UTC_TIMESTAMP(6)), kafka_partition, kafka_offset, trace
		FROM outbox WHERE payment_id = ? ORDER BY id DESC LIMIT 1`, id).Scan(&f.Sent, &age, &partition, &offset, &f.Trace)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Fate{Gone: true}, nil
	case err != nil:
		return Fate{}, notStored(err)
	}
	f.Age, f.Partition, f.Offset = time.Duration(age)*time.Microsecond, int(partition.Int64), offset.Int64
	return f, nil
}
