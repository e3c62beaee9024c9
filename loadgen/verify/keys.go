package verify

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"strings"
)

// Hash is what an idempotency key is stored by.
type Hash = [sha256.Size]byte

// hashKey is that of a key that came with a POST to the path.
func hashKey(path, key string) Hash { return sha256.Sum256([]byte("POST\n" + path + "\n" + key)) }

// claimed names an idempotency key of a merchant.
type claimed struct {
	merchant uint32
	hash     Hash
}

// storedKey is what the database keeps under a key.
type storedKey struct {
	payment      uint64
	cancellation uint32
	status       int    // of the stored answer, 0 when there is none
	body         uint64 // the first 8 bytes of the SHA-256 of its bytes
}

// keyBatch is how many keys are looked up at once.
const keyBatch = 200

// Keys looks keys up. It yields those that are there.
func (s *Snapshot) Keys(ctx context.Context, wanted []claimed, found func(claimed, storedKey)) error {
	for len(wanted) > 0 {
		batch := wanted[:min(len(wanted), keyBatch)]
		wanted = wanted[len(batch):]
		args := make([]any, 0, 2*len(batch))
		for _, k := range batch {
			args = append(args, k.merchant, k.hash[:])
		}
		err := s.each(ctx, func(rows *sql.Rows) error {
			var k claimed
			var stored storedKey
			var hash []byte
			var status sql.NullInt64
			var body sql.NullString
			err := rows.Scan(&k.merchant, &hash, &stored.payment, &stored.cancellation, &status, &body)
			copy(k.hash[:], hash)
			stored.status, stored.body = int(status.Int64), bodyHash(body.String)
			found(k, stored)
			return err
		}, `SELECT merchant_id, key_hash, payment_id, cancellation_seq, status, LEFT(SHA2(body, 256), 16)
			FROM idempotency_key WHERE (merchant_id, key_hash) IN (`+strings.Repeat(",(?,?)", len(batch))[1:]+")", args...)
		if err != nil {
			return fmt.Errorf("look up %d idempotency keys: %w", len(batch), err)
		}
	}
	return nil
}
