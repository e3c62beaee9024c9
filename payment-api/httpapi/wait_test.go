package httpapi

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

// becomes is a payment that is looked at again and again, until end is closed.
func becomes(state payment.State, end <-chan struct{}, looks *atomic.Int64) *fakeDomain {
	return &fakeDomain{get: func(_ payment.MerchantID, id payment.ID) (*payment.Payment, error) {
		looks.Add(1)
		select {
		case <-end:
			p := paid(id)
			p.State = state
			return p, nil
		default:
			return in(payment.Processing, id), nil
		}
	}}
}

func TestWait_ItIsFinalAlready_IsAnsweredAtOnce(t *testing.T) {
	d := open(t, &fakeDomain{})
	started := time.Now()
	got := d.get("/v1/payments/7", "key-1", with("Prefer", "wait=30"))
	if got.status != 200 || got.header.Get("Preference-Applied") != "wait=30" || time.Since(started) > 10*time.Second {
		t.Errorf("got %+v after %s", got, time.Since(started))
	}
}

func TestWait_EndsWithThePayment(t *testing.T) {
	for _, state := range []payment.State{payment.Paid, payment.Failed} {
		var looks atomic.Int64
		end := make(chan struct{})
		d := open(t, becomes(state, end, &looks))
		answered := make(chan reply, 1)
		go func() { answered <- d.get("/v1/payments/7", "key-1", with("Prefer", "wait=30")) }()
		eventually(t, func() bool { return looks.Load() >= 3 })
		close(end)
		got := <-answered
		if got.status != 200 || !strings.Contains(got.body, `"status":"`+string(state)) || got.header.Get("Preference-Applied") != "wait=30" {
			t.Errorf("got %+v", got)
		}
	}
}

// It ends with the time asked for, and looks at growing intervals: 50 ms, 75 ms, 112 ms … 250 ms.
func TestWait_EndsWithItsTime(t *testing.T) {
	var looks atomic.Int64
	d := open(t, becomes(payment.Paid, nil, &looks))
	started := time.Now()
	got := d.get("/v1/payments/7", "key-1", with("Prefer", "wait=1"))
	took := time.Since(started)
	if got.status != 200 || !strings.Contains(got.body, `"status":"PROCESSING"`) || got.header.Get("Preference-Applied") != "wait=1" {
		t.Errorf("got %+v", got)
	}
	if n := looks.Load(); took < time.Second || n < 2 || n > 1+6 {
		t.Errorf("%d looks in %s", n, took)
	}
}

func TestWait_EndsAtShutdown_WithWhatIsThere(t *testing.T) {
	var looks atomic.Int64
	d := open(t, becomes(payment.Paid, nil, &looks))
	answered := make(chan reply, 1)
	go func() { answered <- d.get("/v1/payments/7", "key-1", with("Prefer", "wait=30")) }()
	eventually(t, func() bool { return len(d.api.waiting) == 1 })
	d.api.Farewell()
	select {
	case got := <-answered:
		t.Fatalf("while the balancer notices it is served as before; it got %+v", got)
	case <-time.After(3 * lastPause):
	}
	if err := d.api.StopAccepting(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-answered:
		if got.status != 200 || !strings.Contains(got.body, `"status":"PROCESSING"`) || !got.close {
			t.Errorf("got %+v", got)
		}
	case <-time.After(10 * time.Second):
		t.Error("a wait outlives its process")
	}
}

// Who only waits takes no place of who pays; and beyond the bound of those who wait one is answered at once with what is
// there.
func TestWait_TakesNoPlaceOfPayments_AndHasABoundOfItsOwn(t *testing.T) {
	var looks atomic.Int64
	end := make(chan struct{})
	d := open(t, becomes(payment.Paid, end, &looks), func(o *Options, _ *ReadKeys) { o.MaxInFlight, o.MaxWaiting = 2, 5 })
	var waiting sync.WaitGroup
	for n := range 5 {
		waiting.Go(func() {
			if got := d.get("/v1/payments/7", "key-1", with("Prefer", "wait=30")); got.status != 200 || !strings.Contains(got.body, "PAID") {
				t.Errorf("who waited got %+v", got)
			}
		})
		eventually(t, func() bool { return len(d.api.waiting) == n+1 && len(d.api.places) == 0 })
	}
	for range 3 {
		if got := d.post(good); got.status != 201 {
			t.Errorf("a payment beside those who wait: status %d", got.status)
		}
	}
	started := time.Now()
	got := d.get("/v1/payments/7", "key-1", with("Prefer", "wait=30"))
	if got.status != 200 || !strings.Contains(got.body, "PROCESSING") || got.header.Get("Preference-Applied") != "" || time.Since(started) > 10*time.Second {
		t.Errorf("one too many got %+v after %s", got, time.Since(started))
	}
	close(end)
	waiting.Wait()
	if len(d.api.waiting) != 0 || len(d.api.places) != 0 || len(d.api.looks) != 0 {
		t.Errorf("still taken: %d who wait, %d places, %d looks", len(d.api.waiting), len(d.api.places), len(d.api.looks))
	}
}

// While the store is slow those who wait do not pile up at it.
func TestWait_OnlyAFewLookAtOneTime(t *testing.T) {
	var first, now, most atomic.Int64
	gate := make(chan struct{})
	d := open(t, &fakeDomain{get: func(_ payment.MerchantID, id payment.ID) (*payment.Payment, error) {
		if first.Add(1) <= 12 {
			return in(payment.Processing, id), nil
		}
		n := now.Add(1)
		defer now.Add(-1)
		for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
		}
		<-gate
		return paid(id), nil
	}}, func(o *Options, _ *ReadKeys) { o.MaxWaiting = 12 })
	var waiting sync.WaitGroup
	for range 12 {
		waiting.Go(func() { d.get("/v1/payments/7", "key-1", with("Prefer", "wait=30")) })
	}
	eventually(t, func() bool { return len(d.api.waiting) == 12 && now.Load() == maxLooks })
	time.Sleep(3 * lastPause) // each of the others had its turn by now, and left it
	close(gate)
	waiting.Wait()
	if most.Load() > maxLooks {
		t.Errorf("%d looked at one time", most.Load())
	}
}

func TestWait_APanicOrAnErrorInBetween_GivesEverythingBack(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error {
			return &payment.Error{Kind: payment.KindUnavailable, Detail: "not now", RetryAfter: time.Second, Cause: errors.New("away")}
		},
		"panic": func() error { panic("oops") },
	} {
		var looks atomic.Int64
		d := open(t, &fakeDomain{get: func(_ payment.MerchantID, id payment.ID) (*payment.Payment, error) {
			if looks.Add(1) == 1 {
				return in(payment.Processing, id), nil
			}
			return nil, fail()
		}})
		if got := d.get("/v1/payments/7", "key-1", with("Prefer", "wait=30")); got.status < 500 || got.header.Get("Preference-Applied") != "" {
			t.Errorf("%s: got %+v", name, got)
		}
		if len(d.api.waiting) != 0 || len(d.api.places) != 0 || len(d.api.looks) != 0 {
			t.Errorf("%s: still taken: %d who wait, %d places, %d looks", name, len(d.api.waiting), len(d.api.places), len(d.api.looks))
		}
	}
}

func TestWait_OnlyAGetWaits(t *testing.T) {
	d := open(t, becomes(payment.Paid, nil, &atomic.Int64{}))
	started := time.Now()
	d.get("/v1/payments/7", "key-1", with("Prefer", "wait=30"), func(r *http.Request) { r.Method = http.MethodHead })
	d.get(cancelPath, "key-1", with("Prefer", "wait=30"))
	if time.Since(started) > 10*time.Second {
		t.Errorf("it took %s", time.Since(started))
	}
}
