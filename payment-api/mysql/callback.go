package mysql

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"gazua.example/payment-api/payment"
)

// Callbacks is the store's side of telling the merchants. A row is written by the transaction that settles what its
// merchant was answered 202 for; from then on it is due, leased to a worker, due again, until it is delivered or given up.
//
// due_at is the only clock: a lease moves it to the lease's end, so that what is being sent is passed over without a look
// and comes back by itself when its worker died.
type Callbacks struct {
	db *sql.DB
}

// NewCallbacks reads the callbacks of db.
func NewCallbacks(db *sql.DB) *Callbacks { return &Callbacks{db: db} }

// CallbackState is where a callback stands.
type CallbackState string

// The states of a callback.
const (
	CallbackPending   CallbackState = "PENDING"
	CallbackDelivered CallbackState = "DELIVERED"
	CallbackGaveUp    CallbackState = "GAVE_UP"
)

// DueCallback is one that is ours to send for a while.
type DueCallback struct {
	ID       uint64
	Payment  payment.ID
	Version  uint32
	Merchant payment.MerchantID
	Body     []byte
	Trace    string        // trace context of who settled it
	Attempts int           // this one included
	Age      time.Duration // since its delivery began, by the database's clock
}

// Share is how many callbacks of a merchant there is room for.
type Share struct {
	Merchant payment.MerchantID
	Limit    int
}

// Waiting says which merchants have callbacks that are due; it costs a jump in the index a merchant, however many wait.
func (c *Callbacks) Waiting(ctx context.Context) ([]payment.MerchantID, error) {
	found, err := c.db.QueryContext(ctx, `SELECT merchant_id FROM callback WHERE state = 'PENDING' GROUP BY state, merchant_id
		HAVING MIN(due_at) <= UTC_TIMESTAMP(6)`)
	if err != nil {
		return nil, notStored(err)
	}
	defer func() { _ = found.Close() }()
	var merchants []payment.MerchantID
	for found.Next() {
		var m payment.MerchantID
		if err := found.Scan(&m); err != nil {
			return nil, notStored(err)
		}
		merchants = append(merchants, m)
	}
	if err := found.Err(); err != nil {
		return nil, notStored(err)
	}
	return merchants, nil
}

// Claim leases what is due, at most a share of each merchant's, the oldest first. The primary key is named for the same
// reason as in the outbox.
func (c *Callbacks) Claim(ctx context.Context, owner string, shares []Share, lease time.Duration) ([]DueCallback, error) {
	var claimed []DueCallback
	err := inPackets(ctx, c.db, func(t *transaction) error {
		if _, err := t.send(ctx, t.packet()); err != nil {
			return err
		}
		claimed = claimed[:0]
		for _, share := range shares {
			if err := selectCallbacks(ctx, t.conn, share, &claimed); err != nil {
				return err
			}
		}
		if len(claimed) == 0 {
			return nil
		}
		args := []any{owner, micros(lease), micros(lease)}
		for _, d := range claimed {
			args = append(args, d.ID)
		}
		p := t.packet()
		p.add(`UPDATE callback FORCE INDEX (PRIMARY) SET owner = ?, attempts = attempts + 1, due_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
			lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND WHERE id IN (`+marks(len(claimed))+")", args...)
		return t.sendAndCommit(ctx, p)
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

func selectCallbacks(ctx context.Context, q querier, share Share, into *[]DueCallback) error {
	due, err := q.QueryContext(ctx, `SELECT id, payment_id, version, merchant_id, body, trace, attempts + 1, TIMESTAMPDIFF(MICROSECOND, created_at, UTC_TIMESTAMP(6))
		FROM callback WHERE state = 'PENDING' AND merchant_id = ? AND due_at <= UTC_TIMESTAMP(6) ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED`,
		share.Merchant, share.Limit)
	if err != nil {
		return notStored(err)
	}
	defer func() { _ = due.Close() }()
	for due.Next() {
		var d DueCallback
		var age int64
		if err := due.Scan(&d.ID, &d.Payment, &d.Version, &d.Merchant, &d.Body, &d.Trace, &d.Attempts, &age); err != nil {
			return notStored(err)
		}
		d.Age = time.Duration(age) * time.Microsecond
		*into = append(*into, d)
	}
	if err := due.Err(); err != nil {
		return notStored(err)
	}
	return nil
}

// CallbackOutcome is what became of an attempt.
type CallbackOutcome struct {
	ID     uint64
	State  CallbackState // PENDING: again after Wait
	Wait   time.Duration
	Status int    // of the merchant's answer; 0: there was none
	Error  string // for people
}

// Record writes outcomes, in one statement and so in one transaction. That a callback was delivered is true whoever holds it
// now; what failed counts only while it is still owner's and not yet somebody else's. Where the COMMIT is lost nobody knows: to
// record it again says the same, unless the callback has been somebody else's since.
func (c *Callbacks) Record(ctx context.Context, owner string, outcomes []CallbackOutcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	state, wait := byID("id", "state", "?"), byID("id", "due_at", "UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND")
	status, trouble := byID("id", "last_status", "?"), byID("id", "last_error", "?")
	var ids, delivered list
	for _, o := range slices.SortedFunc(slices.Values(outcomes), func(a, b CallbackOutcome) int { return cmp.Compare(a.ID, b.ID) }) {
		state.of(o.ID, o.State)
		wait.of(o.ID, micros(o.Wait))
		status.of(o.ID, sql.NullInt64{Int64: int64(o.Status), Valid: o.Status != 0})
		trouble.of(o.ID, o.Error)
		ids.row("?", o.ID)
		if o.State == CallbackDelivered {
			delivered.row("?", o.ID)
		}
	}
	if delivered.empty() {
		delivered.row("?", 0) // an id that no row has
	}
	set, args := assign(state, wait, status, trouble)
	return again(func() error {
		// The columns are set from left to right, so ended_at sees the new state.
		_, err := c.db.ExecContext(ctx, "UPDATE callback FORCE INDEX (PRIMARY) SET "+set+`, ended_at = IF(state = 'PENDING', NULL, UTC_TIMESTAMP(6)), lease_until = NULL, owner = ''
			WHERE id IN (`+ids.marks.String()+") AND (owner = ? OR id IN ("+delivered.marks.String()+"))",
			slices.Concat(args, ids.args, []any{owner}, delivered.args)...)
		if err != nil {
			return notStored(err)
		}
		return nil
	})
}

// Sweep deletes at most limit callbacks that ended longer than keep ago, and says how many. The index is named for the same
// reason as in the outbox's.
func (c *Callbacks) Sweep(ctx context.Context, keep time.Duration, limit int) (int64, error) {
	result, err := c.db.ExecContext(ctx, "DELETE /*+ INDEX(callback ended) */ FROM callback WHERE ended_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND LIMIT ?", micros(keep), limit)
	if err != nil {
		return 0, notStored(err)
	}
	return result.RowsAffected()
}

// CallbackBacklog is how much there is to tell and for how long it has been.
type CallbackBacklog struct {
	Pending int64
	Oldest  time.Duration
}

// Backlog counts what is pending; it reads the index only.
func (c *Callbacks) Backlog(ctx context.Context) (CallbackBacklog, error) {
	var b CallbackBacklog
	var oldest int64
	err := c.db.QueryRowContext(ctx, `SELECT n, COALESCE((SELECT TIMESTAMPDIFF(MICROSECOND, created_at, UTC_TIMESTAMP(6)) FROM callback WHERE id = first), 0)
		FROM (SELECT COUNT(*) AS n, MIN(id) AS first FROM callback WHERE state = 'PENDING') pending`).Scan(&b.Pending, &oldest)
	if err != nil {
		return CallbackBacklog{}, fmt.Errorf("count the callbacks: %w", err)
	}
	b.Oldest = time.Duration(oldest) * time.Microsecond
	return b, nil
}
