package httpapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"gazua.example/payment-api/payment"
)

// ReadKeys reads who owns which key, by the key's SHA-256: the keys that are valid now, without those that were revoked or
// have expired.
type ReadKeys func(context.Context) (map[[32]byte]payment.MerchantID, error)

// Keys knows the merchants' API keys by their hashes. A key that it does not know makes it look into the database again,
// at most once in refreshEvery, so that a new merchant needs no restart and a guesser costs nothing. Watch looks by itself,
// so that a key that was revoked is refused soon.
//
// While the database is away the keys stay as they were: without it no payment is made or shown, with whatever key.
type Keys struct {
	read  ReadKeys
	known atomic.Pointer[[]ownedKey]

	mu       sync.Mutex // one refresh at a time; guards the two below
	lastRead time.Time
	lastErr  error
}

type ownedKey struct {
	hash     [32]byte
	merchant payment.MerchantID
}

// A refresh that failed counts like one that did not: while the database is away requests are refused at once instead of
// queueing up, each for its own try.
const (
	refreshEvery  = time.Second
	refreshWithin = 2 * time.Second
	watchEvery    = 10 * time.Second // with refreshWithin: how long a key lives that was revoked or has expired
)

// NewKeys reads the keys for the first time when the first request comes.
func NewKeys(read ReadKeys) *Keys {
	k := &Keys{read: read}
	k.known.Store(&[]ownedKey{})
	return k
}

// Watch reads the keys again and again until ctx ends.
func (k *Keys) Watch(ctx context.Context, log *slog.Logger) { k.watch(ctx, watchEvery, log) }

func (k *Keys) watch(ctx context.Context, every time.Duration, log *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := k.refresh(ctx); err != nil && ctx.Err() == nil {
			log.Warn("read the API keys", "error", err.Error())
		}
	}
}

// Owner is whose key this is.
func (k *Keys) Owner(ctx context.Context, key string) (payment.MerchantID, bool, error) {
	hash := sha256.Sum256([]byte(key))
	if merchant, ok := k.find(hash); ok {
		return merchant, true, nil
	}
	if err := k.refresh(ctx); err != nil {
		return 0, false, err
	}
	merchant, ok := k.find(hash)
	return merchant, ok, nil
}

// find compares with every key in constant time: how long it takes tells nothing about which came close.
func (k *Keys) find(hash [32]byte) (merchant payment.MerchantID, ok bool) {
	for _, known := range *k.known.Load() {
		if subtle.ConstantTimeCompare(known.hash[:], hash[:]) == 1 {
			merchant, ok = known.merchant, true
		}
	}
	return merchant, ok
}

func (k *Keys) refresh(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.lastRead) < refreshEvery {
		return k.lastErr
	}
	ctx, cancel := context.WithTimeout(ctx, refreshWithin)
	defer cancel()
	read, err := k.read(ctx)
	k.lastRead, k.lastErr = time.Now(), err
	if err != nil {
		return err
	}
	list := make([]ownedKey, 0, len(read))
	for _, hash := range slices.SortedFunc(maps.Keys(read), func(a, b [32]byte) int { return slices.Compare(a[:], b[:]) }) {
		list = append(list, ownedKey{hash, read[hash]})
	}
	k.known.Store(&list)
	return nil
}

type merchantKey struct{}

func (a *API) authenticate(c *fiber.Ctx) error {
	scheme, key, found := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return &payment.Error{Kind: kindUnauthorized, Detail: "send your API key as Authorization: Bearer <key>"}
	}
	merchant, ok, err := a.keys.Owner(c.UserContext(), key)
	if err != nil {
		return &payment.Error{Kind: payment.KindUnavailable, Detail: "API keys cannot be checked now; try again", RetryAfter: time.Second, Cause: err}
	}
	if !ok {
		return &payment.Error{Kind: kindUnauthorized, Detail: "this API key is not known"}
	}
	c.Locals(merchantKey{}, merchant)
	return c.Next()
}

func merchantOf(c *fiber.Ctx) payment.MerchantID {
	merchant, _ := c.Locals(merchantKey{}).(payment.MerchantID) // every route stands behind authenticate
	return merchant
}
