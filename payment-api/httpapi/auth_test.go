package httpapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

func TestAuth_WhoHasNoKnownKey_Gets401AndTheDomainIsNotAsked(t *testing.T) {
	d := open(t, &fakeDomain{})
	for name, authorization := range map[string]string{
		"missing": "", "no scheme": "key-1", "another scheme": "Basic key-1", "unknown": "Bearer key-3", "empty key": "Bearer ",
		"a hash is no key": "Bearer " + strings.Repeat("ab", 32), "prefix": "Bearer key-", "key and more": "Bearer key-1 x",
	} {
		t.Run(name, func(t *testing.T) {
			d.post(good, with("Authorization", authorization)).isProblem(t, 401, "unauthorized")
		})
	}
	d.post(good, without("Authorization")).isProblem(t, 401, "unauthorized")
	if n := d.domain.count(); n != 0 {
		t.Errorf("the domain was asked %d times", n)
	}
}

func TestAuth_EachMerchantIsWhoItsKeySays(t *testing.T) {
	d := open(t, &fakeDomain{})
	for key, merchant := range map[string]payment.MerchantID{"key-1": 1, "key-2": 2} {
		if got := d.post(good, with("Authorization", "bearer "+key)); got.status != 201 {
			t.Fatalf("status %d", got.status)
		}
		if got := d.domain.last(t).merchant; got != merchant {
			t.Errorf("%s is merchant %d, want %d", key, got, merchant)
		}
	}
}

func TestKeys_ANewKey_BecomesKnownWithoutARestart(t *testing.T) {
	var registered atomic.Bool
	keys := NewKeys(func(ctx context.Context) (map[[32]byte]payment.MerchantID, error) {
		known, _ := twoMerchants(ctx)
		if registered.Load() {
			known[sha256.Sum256([]byte("key-3"))] = 3
		}
		return known, nil
	})
	if _, ok, err := keys.Owner(t.Context(), "key-3"); ok || err != nil {
		t.Fatalf("known before it is: %t %v", ok, err)
	}
	registered.Store(true)
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if merchant, ok, _ := keys.Owner(t.Context(), "key-3"); ok && merchant == 3 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the new key never became known")
		}
	}
}

// Revoked or expired, a key is known no more: it is gone from what is read, and reading does not wait for somebody unknown.
func TestKeys_ARevokedKey_IsRefusedSoon(t *testing.T) {
	if bound := watchEvery + refreshWithin; bound > 30*time.Second {
		t.Errorf("a revoked key lives for %s", bound)
	}
	var revoked, away atomic.Bool
	log := &syncBuffer{}
	keys := NewKeys(func(ctx context.Context) (map[[32]byte]payment.MerchantID, error) {
		known, _ := twoMerchants(ctx)
		if away.Load() {
			return nil, errors.New("no database")
		}
		if revoked.Load() {
			delete(known, sha256.Sum256([]byte("key-1")))
		}
		return known, nil
	})
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		keys.watch(ctx, 10*time.Millisecond, slog.New(slog.NewTextHandler(log, nil)))
	}()
	if _, ok, err := keys.Owner(t.Context(), "key-1"); !ok || err != nil {
		t.Fatalf("known: %t, %v", ok, err)
	}
	away.Store(true)
	eventually(t, func() bool { return strings.Contains(log.String(), "no database") })
	if _, ok, err := keys.Owner(t.Context(), "key-1"); !ok || err != nil {
		t.Errorf("while the database is away: known: %t, %v", ok, err)
	}
	revoked.Store(true)
	away.Store(false)
	eventually(t, func() bool { _, ok, err := keys.Owner(t.Context(), "key-1"); return !ok && err == nil })
	if _, ok, _ := keys.Owner(t.Context(), "key-2"); !ok {
		t.Error("another key was revoked with it")
	}
	end()
	<-ended
}

// A guesser makes the database be asked once a second, not once a guess; and while the database is away nobody waits in
// line for a try of his own.
func TestKeys_UnknownKeys_AskTheDatabaseOnceASecond(t *testing.T) {
	down := errors.New("no database")
	for name, err := range map[string]error{"the database answers": nil, "the database is away": down} {
		t.Run(name, func(t *testing.T) {
			var reads atomic.Int64
			keys := NewKeys(func(ctx context.Context) (map[[32]byte]payment.MerchantID, error) {
				reads.Add(1)
				if _, bounded := ctx.Deadline(); !bounded {
					t.Error("the read has no deadline")
				}
				time.Sleep(20 * time.Millisecond) // a database takes its time
				known, _ := twoMerchants(ctx)
				return known, err
			})
			started := time.Now()
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					if _, ok, got := keys.Owner(t.Context(), "guess"); ok || !errors.Is(got, err) {
						t.Errorf("known: %t, error %v", ok, got)
					}
				})
			}
			all.Wait()
			if n, most := reads.Load(), int64(time.Since(started)/refreshEvery)+1; n > most {
				t.Errorf("%d reads for 100 guesses in %s", n, time.Since(started))
			}
		})
	}
}

func TestKeys_KnownOnes_StayKnownWhileTheDatabaseIsAway(t *testing.T) {
	var away atomic.Bool
	d := open(t, &fakeDomain{}, func(_ *Options, read *ReadKeys) {
		*read = func(ctx context.Context) (map[[32]byte]payment.MerchantID, error) {
			if away.Load() {
				return nil, errors.New("dial tcp 10.0.0.1:3306: refused")
			}
			return twoMerchants(ctx)
		}
	})
	if got := d.post(good); got.status != 201 {
		t.Fatalf("status %d", got.status)
	}
	away.Store(true)
	if got := d.post(good); got.status != 201 {
		t.Errorf("a known key: status %d", got.status)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		got := d.post(good, with("Authorization", "Bearer key-3"))
		if got.status == 401 && time.Now().Before(deadline) {
			continue // the last read is fresh still
		}
		got.isProblem(t, 503, "unavailable")
		if strings.Contains(got.body, "10.0.0.1") || got.header.Get("Retry-After") != "1" {
			t.Errorf("body %s, Retry-After %q", got.body, got.header.Get("Retry-After"))
		}
		return
	}
}
