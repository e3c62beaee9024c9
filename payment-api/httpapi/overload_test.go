package httpapi

import (
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

func TestRates_ABucketForEachMerchant(t *testing.T) {
	r, now := newRates(10, 3), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range 3 {
		if wait := r.take(1, now); wait != 0 {
			t.Errorf("request %d of the burst waits %s", i+1, wait)
		}
	}
	if wait := r.take(1, now); wait != 100*time.Millisecond {
		t.Errorf("beyond the burst: wait %s", wait)
	}
	if wait := r.take(1, now); wait != 100*time.Millisecond {
		t.Errorf("a refused request used up what it did not get: wait %s", wait)
	}
	if wait := r.take(2, now); wait != 0 {
		t.Errorf("another merchant waits %s", wait)
	}
	if wait := r.take(1, now.Add(100*time.Millisecond)); wait != 0 {
		t.Errorf("after the time that was named: wait %s", wait)
	}
}

func TestRates_ManyAtOnce_GetExactlyTheBurst(t *testing.T) {
	r, now := newRates(1, 50), time.Now()
	var got atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if r.take(1, now) == 0 {
					got.Add(1)
				}
			}
		})
	}
	all.Wait()
	if got.Load() != 50 {
		t.Errorf("%d of 400 requests went through, want 50", got.Load())
	}
}

// One merchant's flood is refused before its bodies are looked at, and touches nobody else.
func TestLimit_OverTheMerchantsRate_Is429BeforeTheBody(t *testing.T) {
	d := open(t, &fakeDomain{}, func(o *Options, _ *ReadKeys) { o.MerchantRate, o.MerchantBurst = 1, 2 })
	for range 2 {
		if got := d.post(good); got.status != 201 {
			t.Fatalf("status %d", got.status)
		}
	}
	got := d.post("this is not even JSON")
	got.isProblem(t, 429, "too-many-requests")
	if got.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
	}
	d.get("/v1/payments/7", "key-1").isProblem(t, 429, "too-many-requests")
	d.post(good, with("Authorization", "Bearer nobody")).isProblem(t, 401, "unauthorized")
	if got := d.post(good, with("Authorization", "Bearer key-2")); got.status != 201 {
		t.Errorf("another merchant: status %d", got.status)
	}
	if got := d.get("/openapi.yaml", "key-1"); got.status != 200 {
		t.Errorf("the file: status %d", got.status)
	}
	if n := d.domain.count(); n != 3 {
		t.Errorf("the domain was asked %d times", n)
	}
}

// All places are taken by payments that hang. What comes on top is refused and never queues, neither behind them nor behind
// each other; and those that have a place are answered as if nothing were. With -v it prints what it measured.
func TestOverload_RefusalsComeAtOnce_AndWhoHasAPlaceKeepsItsTime(t *testing.T) {
	const places, refusers, hang, lasts = 32, 4, 300 * time.Millisecond, 1500 * time.Millisecond
	d := open(t, &fakeDomain{create: func(*payment.Request) (payment.Created, error) {
		time.Sleep(hang) // the means takes its time
		return payment.Created{Answer: stored(201, paid(7).Render()), Payment: 7}, nil
	}}, func(o *Options, _ *ReadKeys) { o.MaxInFlight, o.WorkDeadline = places, 10*time.Second })
	d.client.Transport = &http.Transport{MaxIdleConnsPerHost: places + refusers} // without the witness, which takes longer than a refusal
	until := time.Now().Add(lasts)
	var mu sync.Mutex
	var accepted, refused []time.Duration
	record := func(to *[]time.Duration, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		*to = append(*to, took)
	}
	var all sync.WaitGroup
	for range places {
		all.Go(func() {
			for time.Now().Before(until) {
				started := time.Now()
				if got := d.post(good); got.status == 201 {
					record(&accepted, time.Since(started))
				}
			}
		})
	}
	for range refusers {
		all.Go(func() {
			for time.Now().Before(until) {
				if len(d.api.places) < places {
					time.Sleep(time.Millisecond) // not overloaded just now
					continue
				}
				started := time.Now()
				got := d.post(good)
				took := time.Since(started)
				switch got.status {
				case 503:
					got.isProblem(t, 503, "unavailable")
					record(&refused, took)
				case 201: // a place came free just then
				default:
					t.Errorf("status %d", got.status)
				}
			}
		})
	}
	all.Wait()
	slices.Sort(accepted)
	slices.Sort(refused)
	if len(accepted) < places || len(refused) < 20 {
		t.Fatalf("%d accepted and %d refused: this was no overload", len(accepted), len(refused))
	}
	share := func(of []time.Duration, percent int) time.Duration { return of[(len(of)-1)*percent/100] }
	t.Logf("places %d, each taken for %s: %d refusals p50 %s p99 %s; %d accepted p50 %s p99 %s", places, hang,
		len(refused), share(refused, 50), share(refused, 99), len(accepted), share(accepted, 50), share(accepted, 99))
	if share(refused, 50) >= hang { // generous: the machine may be busy with others
		t.Errorf("half of the refusals took longer than %s: they queued", share(refused, 50))
	}
	if share(accepted, 50) >= 10*hang {
		t.Errorf("half of those with a place took longer than %s, the work %s", share(accepted, 50), hang)
	}
	if n := d.domain.count(); n < len(accepted) || n > len(accepted)+places*refusers*4 {
		t.Errorf("%d accepted, but the domain was asked %d times", len(accepted), n)
	}
}
