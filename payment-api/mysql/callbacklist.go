package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gazua.example/payment-api/payment"
)

// Destination is where a merchant is called, and what the call is signed with.
type Destination struct {
	URL     string   // empty: none is registered
	Secrets []string // each that is valid now, the newest first: whsec_ and base64
}

// Destinations reads where merchants are called.
func (c *Callbacks) Destinations(ctx context.Context, merchants []payment.MerchantID) (map[payment.MerchantID]Destination, error) {
	if len(merchants) == 0 {
		return nil, nil
	}
	args := make([]any, len(merchants))
	for i, m := range merchants {
		args[i] = m
	}
	found, err := c.db.QueryContext(ctx, `SELECT m.id, COALESCE(m.callback_url, ''), s.secret FROM merchant m LEFT JOIN webhook_secret s
		ON s.merchant_id = m.id AND (s.expires_at IS NULL OR s.expires_at > UTC_TIMESTAMP(6))
		WHERE m.id IN (`+marks(len(merchants))+") ORDER BY m.id, s.created_at DESC, s.secret", args...)
	if err != nil {
		return nil, notStored(err)
	}
	defer func() { _ = found.Close() }()
	all := map[payment.MerchantID]Destination{}
	for found.Next() {
		var merchant payment.MerchantID
		var url string
		var secret sql.NullString
		if err := found.Scan(&merchant, &url, &secret); err != nil {
			return nil, notStored(err)
		}
		d := all[merchant]
		d.URL = url
		if secret.Valid {
			d.Secrets = append(d.Secrets, secret.String)
		}
		all[merchant] = d
	}
	if err := found.Err(); err != nil {
		return nil, notStored(err)
	}
	return all, nil
}

// CallbackRow is a callback as a person looks at it.
type CallbackRow struct {
	ID           uint64
	Payment      payment.ID
	Version      uint32
	Cancellation uint32 // 0: of the payment itself
	Merchant     payment.MerchantID
	Type         string
	State        CallbackState
	Attempts     int
	Status       int // of the last answer; 0: there was none
	Error        string
	Age          time.Duration // since its delivery began
	Due          time.Duration // PENDING: until the next attempt; negative: it is due
}

// List reads at most limit callbacks in these states, the newest first.
func (c *Callbacks) List(ctx context.Context, limit int, states ...CallbackState) ([]CallbackRow, error) {
	args := make([]any, 0, len(states)+1)
	for _, s := range states {
		args = append(args, s)
	}
	found, err := c.db.QueryContext(ctx, `SELECT id, payment_id, version, cancellation_seq, merchant_id, type, state, attempts, COALESCE(last_status, 0), last_error,
		TIMESTAMPDIFF(MICROSECOND, created_at, UTC_TIMESTAMP(6)), COALESCE(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), due_at), 0)
		FROM (SELECT id FROM callback FORCE INDEX (due) WHERE state IN (`+marks(len(states))+`) ORDER BY id DESC LIMIT ?) wanted JOIN callback USING (id)
		ORDER BY id DESC`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("read the callbacks: %w", err)
	}
	defer func() { _ = found.Close() }()
	var rows []CallbackRow
	for found.Next() {
		var r CallbackRow
		var age, due int64
		if err := found.Scan(&r.ID, &r.Payment, &r.Version, &r.Cancellation, &r.Merchant, &r.Type, &r.State, &r.Attempts, &r.Status, &r.Error, &age, &due); err != nil {
			return nil, fmt.Errorf("read the callbacks: %w", err)
		}
		r.Age, r.Due = time.Duration(age)*time.Microsecond, time.Duration(due)*time.Microsecond
		rows = append(rows, r)
	}
	return rows, found.Err()
}

// resendNow makes a callback due, as if it had never been tried: its time to be delivered begins again.
const resendNow = `UPDATE callback SET state = 'PENDING', due_at = UTC_TIMESTAMP(6), created_at = UTC_TIMESTAMP(6), attempts = 0,
	lease_until = NULL, owner = '', ended_at = NULL WHERE `

// Resend sends one again, whatever became of it; false: there is none.
func (c *Callbacks) Resend(ctx context.Context, id uint64) (bool, error) {
	return c.resend(ctx, "id = ?", id)
}

// ResendEvent is Resend by what the event is called outside.
func (c *Callbacks) ResendEvent(ctx context.Context, id payment.ID, version uint32) (bool, error) {
	return c.resend(ctx, "payment_id = ? AND version = ?", id, version)
}

func (c *Callbacks) resend(ctx context.Context, which string, args ...any) (bool, error) {
	result, err := c.db.ExecContext(ctx, resendNow+which, args...)
	if err != nil {
		return false, fmt.Errorf("make the callback due: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// ResendGivenUp sends at most limit of those again that were given up, and says how many.
func (c *Callbacks) ResendGivenUp(ctx context.Context, limit int) (int64, error) {
	result, err := c.db.ExecContext(ctx, resendNow+"state = 'GAVE_UP' LIMIT ?", limit)
	if err != nil {
		return 0, fmt.Errorf("make the callbacks due: %w", err)
	}
	return result.RowsAffected()
}
