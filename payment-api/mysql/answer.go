package mysql

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"gazua.example/payment-api/payment"
)

// Answer implements payment.Store: the first answer stands.
func (s *Store) Answer(ctx context.Context, merchant payment.MerchantID, keyHash [32]byte, a payment.Answer) (payment.Answer, error) {
	_, err := s.db.ExecContext(ctx, `UPDATE idempotency_key SET status = ?, body = ?, answered_at = UTC_TIMESTAMP(6)
		WHERE merchant_id = ? AND key_hash = ? AND status IS NULL`, a.Status, a.Body, merchant, keyHash[:])
	if err != nil {
		return payment.Answer{}, notStored(err)
	}
	key, err := readKey(ctx, s.db, merchant, keyHash)
	if err != nil {
		return payment.Answer{}, err
	}
	if key.Answer == nil {
		return payment.Answer{}, notStored(errors.New("the key lost its answer"))
	}
	return *key.Answer, nil
}

// keyName names an idempotency key, of a payment or of a cancellation.
type keyName struct {
	merchant payment.MerchantID
	hash     [32]byte
}

// compare is the order in which keys are taken, so that two transactions that want the same ones do not deadlock.
func (k keyName) compare(other keyName) int {
	return cmp.Or(cmp.Compare(k.merchant, other.merchant), bytes.Compare(k.hash[:], other.hash[:]))
}

func readKey(ctx context.Context, q querier, merchant payment.MerchantID, keyHash [32]byte) (*payment.KeyRecord, error) {
	name := keyName{merchant, keyHash}
	found, err := readKeys(ctx, q, []keyName{name})
	if err != nil {
		return nil, err
	}
	if found[name] == nil {
		return nil, notStored(errors.New("the key is gone"))
	}
	return found[name], nil
}

// readKeys reads what stands under these keys; the absent are left out.
func readKeys(ctx context.Context, q querier, names []keyName) (map[keyName]*payment.KeyRecord, error) {
	var wanted list
	for _, n := range names {
		wanted.row("(?,?)", n.merchant, n.hash[:])
	}
	found, err := q.QueryContext(ctx, `SELECT merchant_id, key_hash, request_hash, payment_id, cancellation_seq, status, body FROM idempotency_key
		WHERE (merchant_id, key_hash) IN (`+wanted.marks.String()+")", wanted.args...)
	if err != nil {
		return nil, notStored(err)
	}
	defer func() { _ = found.Close() }()
	keys := make(map[keyName]*payment.KeyRecord, len(names))
	for found.Next() {
		var (
			key                     payment.KeyRecord
			name                    keyName
			hash, requestHash, body []byte
			status                  sql.NullInt64
		)
		if err := found.Scan(&name.merchant, &hash, &requestHash, &key.Payment, &key.Cancellation, &status, &body); err != nil {
			return nil, notStored(err)
		}
		copy(name.hash[:], hash)
		copy(key.RequestHash[:], requestHash)
		if status.Valid {
			key.Answer = &payment.Answer{Status: int(status.Int64), Body: body}
		}
		keys[name] = &key
	}
	if err := found.Err(); err != nil {
		return nil, notStored(err)
	}
	return keys, nil
}

// SweepKeys deletes at most limit keys that are older than keep, oldest first, and says how many. A key without an answer
// stays, and so does one whose work is still open: who settles that has to know how the creator was answered.
func (s *Store) SweepKeys(ctx context.Context, keep time.Duration, limit int) (int64, error) {
	old, err := s.oldKeys(ctx, keep, limit)
	if err != nil || old.empty() {
		return 0, err
	}
	result, err := s.db.ExecContext(ctx, "DELETE /*+ INDEX(idempotency_key PRIMARY) */ FROM idempotency_key WHERE (merchant_id, key_hash) IN ("+old.marks.String()+") AND status IS NOT NULL", old.args...)
	if err != nil {
		return 0, notStored(err)
	}
	return result.RowsAffected()
}

// oldKeys reads apart from the DELETE, and so without a lock. What it finds can only be deleted: an answer stands, and open
// work that has ended does not open again.
func (s *Store) oldKeys(ctx context.Context, keep time.Duration, limit int) (*list, error) {
	found, err := s.db.QueryContext(ctx, `SELECT k.merchant_id, k.key_hash FROM idempotency_key k FORCE INDEX (created)
		WHERE k.created_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND AND k.status IS NOT NULL AND NOT EXISTS (
			SELECT 1 FROM open_payment o WHERE o.payment_id = k.payment_id AND o.cancellation_seq = k.cancellation_seq)
		ORDER BY k.created_at LIMIT ?`, micros(keep), limit)
	if err != nil {
		return nil, notStored(err)
	}
	defer func() { _ = found.Close() }()
	var old []keyName
	for found.Next() {
		var name keyName
		var hash []byte
		if err := found.Scan(&name.merchant, &hash); err != nil {
			return nil, notStored(err)
		}
		copy(name.hash[:], hash)
		old = append(old, name)
	}
	if err := found.Err(); err != nil {
		return nil, notStored(err)
	}
	slices.SortFunc(old, keyName.compare)
	var keys list
	for _, n := range old {
		keys.row("(?,?)", n.merchant, n.hash[:])
	}
	return &keys, nil
}
