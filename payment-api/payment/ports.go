package payment

import (
	"context"
	"time"
)

// Clock is where this process's time comes from. It is used for waits and deadlines inside the process only; what is
// compared between processes is the database's time.
type Clock interface{ Now() time.Time }

// Store is the payments' memory. Every verb that writes works on a batch and gives each member exactly what it would have
// got alone; the error of one member never touches its neighbours.
type Store interface {
	Payments
	CancellationStore
	OpenWork
	Pages
}

// Payments is the Store of payments.
type Payments interface {
	// Claim commits new payments: idempotency key, order guard, payment, legs with their references, first event, open
	// work and, asynchronous, the outbox row. One Claimed a member, in order.
	Claim(ctx context.Context, batch []NewPayment) []Claimed
	// Apply commits changes, each a compare-and-set on state and version. One error a member: nil, ErrMissed when
	// somebody else moved the payment first, or ErrUnavailable when it is not committed (or nobody can tell).
	Apply(ctx context.Context, batch []Change) []error
	// Load reads payments; the absent are left out.
	Load(ctx context.Context, ids []ID) ([]*Payment, error)
	// Answer stores the answer of a key that has none yet, and returns the one that stands.
	Answer(ctx context.Context, merchant MerchantID, keyHash [32]byte, a Answer) (Answer, error)
}

// CancellationStore is the Store of cancellations.
type CancellationStore interface {
	// ClaimCancellation commits new cancellations: idempotency key, cancellation, refunds with their references, event, open
	// work. It holds the payment's row meanwhile, and calls Allocate with what it read there, once for each try.
	ClaimCancellation(ctx context.Context, batch []NewCancellation) []ClaimedCancellation
	// ApplyCancellation commits changes, each a compare-and-set on the cancellation's state and version; errors as Apply's.
	ApplyCancellation(ctx context.Context, batch []CancellationChange) []error
	// Cancellations reads all of a payment, by seq.
	Cancellations(ctx context.Context, id ID) ([]*Cancellation, error)
}

// OpenWork is the Store of what is not final.
type OpenWork interface {
	// Take leases at most limit pieces of open work that are due and that nobody holds.
	Take(ctx context.Context, owner string, limit int, lease time.Duration) ([]Task, error)
	// Postpone gives up open work that owner holds, or that nobody does, until some time from now.
	Postpone(ctx context.Context, owner string, batch []Later) error
}

// Pages is what merchants look through.
type Pages interface {
	// ByOrder says which payment holds an order.
	ByOrder(ctx context.Context, merchant MerchantID, order string) (holder ID, taken bool, err error)
	// Between reads a merchant's payments with first ≤ id < before, by id, at most limit.
	Between(ctx context.Context, merchant MerchantID, first, before ID, limit int) ([]*Payment, error)
	// Events reads the history of a payment and its cancellations, by version.
	Events(ctx context.Context, id ID) ([]Event, error)
	// Archived says that the id is of a day that was archived.
	Archived(ctx context.Context, id ID) (bool, error)
}

// Delivery says what became of the message of an accepted payment.
type Delivery interface {
	// Lost says that its row has been unsent for too long, or that its message was read and acknowledged and is long past. A
	// mere backlog is not lost.
	Lost(ctx context.Context, id ID) (bool, error)
}

// Outbox is where asynchronous payments wait until they are messages.
type Outbox interface {
	// Full says that so many wait already that no more should be accepted.
	Full() bool
}

// NewPayment is what Claim commits.
type NewPayment struct {
	Payment     *Payment
	RequestHash [32]byte
	Answer      *Answer       // asynchronous: the 202 that is given as soon as this is committed
	Due         time.Duration // when the resolver may look at it, from now
	Lease       time.Duration // how long it is the creator's; 0: nobody's
	Expires     time.Duration // asynchronous: never claimed later than this
	Trace       string        // trace context that rides along to the worker
	Actor       string
}

// Claimed says what became of a NewPayment: nothing set means that it is committed.
type Claimed struct {
	Err   error        // not committed, or nobody can tell: nothing may be sent
	Key   *KeyRecord   // the key was there already
	Guard *GuardRecord // another payment holds the order
}

// KeyRecord is what stands under an idempotency key.
type KeyRecord struct {
	RequestHash  [32]byte
	Payment      ID
	Cancellation uint32  // 0: the key created the payment
	Answer       *Answer // nil: in progress
}

// GuardRecord is the payment that holds an order.
type GuardRecord struct {
	Payment ID
	State   State
}

// Change is one step of a payment to be committed. Payment is as it becomes; From and FromVersion are what it must
// still be in the store.
type Change struct {
	Payment     *Payment
	From        State
	FromVersion uint32
	Cause       string
	Actor       string
	Work        Work
	Answer      *Answer   // stored if the key has none yet
	Posting     []Entry   // for the journal
	Callback    *Callback // stored if the key's answer was 202
	Trace       string    // trace context that rides along with the callback; the store takes it from its caller
}

// NewCancellation is what ClaimCancellation commits.
type NewCancellation struct {
	Payment     ID
	Merchant    MerchantID
	KeyHash     [32]byte
	RequestHash [32]byte
	Due, Lease  time.Duration // as a NewPayment's
	Actor       string
	// Allocate makes the cancellation from the payment as it stands and all its cancellations, or refuses with an *Error;
	// then nothing is left behind.
	Allocate func(p *Payment, before []*Cancellation) (*Cancellation, error)
}

// ClaimedCancellation says what became of a NewCancellation. Payment nil without Err and Key: there is none of this
// merchant with this id.
type ClaimedCancellation struct {
	Err          error      // an *Error of Allocate, or: not committed, or nobody can tell
	Key          *KeyRecord // the key was there already
	Payment      *Payment   // as it stands now
	Cancellation *Cancellation
}

// CancellationChange is one step of a cancellation to be committed. It moves the payment's version, which counts the
// events of both, and with SUCCEEDED its canceled amount.
type CancellationChange struct {
	Payment      ID
	Cancellation *Cancellation
	From         CancellationState
	FromVersion  uint32
	Cause        string
	Actor        string
	Work         Work
	Answer       *Answer // stored if the key has none yet
	Posting      []Entry // for the journal
	// Callback makes what is stored if the key's answer was 202, from the payment as this change leaves it; nil: none.
	Callback func(p *Payment) *Callback
	Trace    string // as a Change's
}

// Work is what becomes of the open work with a change. A final state ends it; REVIEW keeps it without a due time.
type Work struct {
	Due      time.Duration // from now
	Lease    time.Duration // from now; 0: given up, anybody may take it when due
	Deferred bool          // an ACCEPTED payment whose message was read: it is taken up when due, without another
}

// WorkID names a piece of open work.
type WorkID struct {
	Payment      ID
	Cancellation uint32 // 0: the payment itself
}

// Later puts a piece of open work off.
type Later struct {
	Work     WorkID
	Wait     time.Duration
	Deferred bool // as Work's; false leaves it as it is
}

// Task is a piece of open work that was leased to us.
type Task struct {
	Payment      *Payment
	Cancellation *Cancellation // nil: the payment itself
	Attempts     int           // how often it was taken, this time included
	Deferred     bool
}

// Answer is what a request was answered, byte for byte.
type Answer struct {
	Status int
	Body   []byte
}
