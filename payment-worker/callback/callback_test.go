package callback

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
)

// quick repeats at once, so that a test need not wait for the first second.
func quick(s *Sender) {
	s.wait = func(attempts int, age time.Duration) (time.Duration, bool) {
		_, over := backoff(attempts, age)
		return 10 * time.Millisecond, over
	}
}

func TestSender_Delivers_Signed_Once(t *testing.T) {
	s := newShop(t, nil)
	ids := s.owed(50)
	run(t, mysql.NewCallbacks(db))
	eventually(t, "all are delivered", func() bool { return s.delivered(ids) })
	for _, id := range ids {
		if n := s.times(id); n != 1 {
			t.Errorf("%s arrived %d times", id, n)
		}
		if payment := id[4 : len(id)-2]; s.bodies[id] != `{"payment":"`+payment+`"}` {
			t.Errorf("%s has body %s", id, s.bodies[id])
		}
	}
	if len(s.problems) > 0 {
		t.Errorf("%d signatures do not verify: %v", len(s.problems), s.problems[0])
	}
	if s.most > 4 {
		t.Errorf("%d at one time, at most 4 of a merchant may be", s.most)
	}
}

func TestSender_NotAccepted_ComesAgain_UntilItIs(t *testing.T) {
	for name, handle := range map[string]func(http.ResponseWriter){
		"an error":    func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"not found":   func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) },
		"a redirect":  func(w http.ResponseWriter) { w.Header().Set("Location", "/elsewhere"); w.WriteHeader(http.StatusFound) },
		"a reset":     func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"not changed": func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotModified) },
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			s := newShop(t, func(w http.ResponseWriter, _ *http.Request) {
				if calls.Add(1) <= 2 {
					handle(w)
				}
			})
			ids := s.owed(1)
			run(t, mysql.NewCallbacks(db), quick)
			eventually(t, "the third attempt is accepted", func() bool { return s.delivered(ids) })
			if _, attempts, trouble := s.state(ids[0]); attempts != 3 || s.times(ids[0]) != 3 || trouble != "" {
				t.Errorf("%d attempts, %d arrived, left with %q", attempts, s.times(ids[0]), trouble)
			}
		})
	}
}

func TestSender_AfterADay_GivesUp_AndSaysWhy(t *testing.T) {
	s := newShop(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	ids := s.owed(2)
	s.exec("UPDATE callback SET created_at = created_at - INTERVAL 25 HOUR WHERE merchant_id = ?", s.id)
	run(t, mysql.NewCallbacks(db), quick)
	eventually(t, "both are given up", func() bool {
		a, _, _ := s.state(ids[0])
		b, _, _ := s.state(ids[1])
		return a == "GAVE_UP" && b == "GAVE_UP"
	})
	if _, attempts, trouble := s.state(ids[0]); attempts != 1 || trouble != "the answer was 418" {
		t.Errorf("%d attempts, %q", attempts, trouble)
	}
}

// One that hangs takes its own places, then one only; the others get theirs meanwhile, and so does what else comes due.
func TestSender_AMerchantThatHangs_HoldsUpNobodyElse(t *testing.T) {
	gate := make(chan struct{})
	hangs := newShop(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-gate:
		case <-r.Context().Done():
		}
	})
	defer close(gate)
	mountain := hangs.owed(300)
	others := []*shop{newShop(t, nil), newShop(t, nil), newShop(t, nil)}
	started := time.Now()
	run(t, mysql.NewCallbacks(db))
	for range 5 {
		for _, s := range others {
			ids := s.owed(20)
			eventually(t, "the others are told", func() bool { return s.delivered(ids) })
		}
	}
	if took := time.Since(started); took > 10*time.Second { // 300 callbacks; each that hangs takes its place for a second
		t.Errorf("telling the others took %s while one hangs", took)
	}
	hangs.mu.Lock()
	if hangs.most > 4 {
		t.Errorf("%d hang at one time, at most 4 may", hangs.most)
	}
	hangs.mu.Unlock()
	if state, _, _ := hangs.state(mountain[299]); state != "PENDING" {
		t.Errorf("one that waits behind those that hang is %s", state)
	}
}

// dying never records, as a process that dies after it sent.
type dying struct {
	*mysql.Callbacks
}

func (dying) Record(context.Context, string, []mysql.CallbackOutcome) error {
	return errors.New("killed between the POST and its record")
}

func (d dying) Claim(ctx context.Context, owner string, shares []mysql.Share, _ time.Duration) ([]mysql.DueCallback, error) {
	return d.Callbacks.Claim(ctx, owner, shares, 300*time.Millisecond) // a lease that a test can wait for
}

func TestSender_DiesBetweenThePostAndItsRecord_SentAgainWithTheSameID(t *testing.T) {
	s := newShop(t, nil)
	id := s.owed(1)[0]
	store := mysql.NewCallbacks(db)
	stop := run(t, dying{store})
	eventually(t, "it was sent", func() bool { return s.times(id) >= 1 })
	first := s.times(id)
	go stop()
	run(t, store)
	eventually(t, "it is delivered", func() bool { return s.delivered([]string{id}) })
	if len(s.arrived) != 1 || s.times(id) <= first {
		t.Errorf("arrived %v, want %s again", s.arrived, id)
	}
}

func TestSender_ToldToStop_RecordsWhatItSent(t *testing.T) {
	gate := make(chan struct{})
	s := newShop(t, func(http.ResponseWriter, *http.Request) { <-gate })
	ids := s.owed(3)
	stop := run(t, mysql.NewCallbacks(db))
	eventually(t, "all are being sent", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.now == 3 })
	ended := make(chan struct{})
	go func() { defer close(ended); stop() }()
	select {
	case <-ended:
		t.Error("it ended before what it had sent")
	case <-time.After(100 * time.Millisecond):
	}
	close(gate)
	<-ended
	if !s.delivered(ids) {
		t.Error("it ended before it recorded what it had sent")
	}
}

// mistaken is a way to merchants that panics the first time.
type mistaken struct {
	http.RoundTripper
	calls atomic.Int64
}

func (m *mistaken) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.calls.Add(1) == 1 {
		panic("a mistake")
	}
	return m.RoundTripper.RoundTrip(r)
}

func TestSender_APanic_IsAnAttemptThatFailed_OfThatCallbackOnly(t *testing.T) {
	s := newShop(t, nil)
	ids := s.owed(5)
	run(t, mysql.NewCallbacks(db), quick, func(s *Sender) { s.client.bare.Transport = &mistaken{RoundTripper: s.client.bare.Transport} })
	eventually(t, "all are delivered", func() bool { return s.delivered(ids) })
	attempts := 0
	for _, id := range ids {
		_, n, _ := s.state(id)
		attempts += n
	}
	if attempts != 6 {
		t.Errorf("%d attempts for 5 callbacks, want one more", attempts)
	}
}

// counting counts commits.
type counting struct {
	*mysql.Callbacks
	mu      sync.Mutex
	records []int
}

func (c *counting) Record(ctx context.Context, owner string, outcomes []mysql.CallbackOutcome) error {
	c.mu.Lock()
	c.records = append(c.records, len(outcomes))
	c.mu.Unlock()
	return c.Callbacks.Record(ctx, owner, outcomes)
}

func TestSender_OutcomesShareCommits(t *testing.T) {
	store := &counting{Callbacks: mysql.NewCallbacks(db)}
	shops := []*shop{newShop(t, nil), newShop(t, nil)}
	var all []string
	for _, s := range shops {
		all = append(all, s.owed(100)...)
	}
	started := time.Now()
	run(t, store, func(s *Sender) { s.places = newPlaces(64, 32) })
	eventually(t, "all are delivered", func() bool {
		return shops[0].delivered(all[:100]) && shops[1].delivered(all[100:])
	})
	if n := len(store.records); n > 30 {
		t.Errorf("200 outcomes in %d commits: %v", n, store.records)
	}
	t.Logf("200 callbacks in %s, commits of %v", time.Since(started), store.records)
}

func TestSender_TheStoreIsAway_ItGoesOnWhenItIsBack(t *testing.T) {
	s := newShop(t, nil)
	ids := s.owed(3)
	store := &away{Callbacks: mysql.NewCallbacks(db)}
	store.left.Store(4)
	run(t, store)
	eventually(t, "all are delivered", func() bool { return s.delivered(ids) })
}

// away fails so many times, wherever it is asked.
type away struct {
	*mysql.Callbacks
	left atomic.Int64
}

func (a *away) Claim(ctx context.Context, owner string, shares []mysql.Share, lease time.Duration) ([]mysql.DueCallback, error) {
	if a.left.Add(-1) >= 2 {
		return nil, errors.New("no database")
	}
	return a.Callbacks.Claim(ctx, owner, shares, lease)
}

func (a *away) Record(ctx context.Context, owner string, outcomes []mysql.CallbackOutcome) error {
	if a.left.Add(-1) >= 0 {
		return errors.New("no database")
	}
	return a.Callbacks.Record(ctx, owner, outcomes)
}

func TestSender_AMerchantWithoutURLOrSecret_WaitsAndIsNotForgotten(t *testing.T) {
	s := newShop(t, nil)
	ids := s.owed(1)
	s.exec("DELETE FROM webhook_secret WHERE merchant_id = ?", s.id)
	run(t, mysql.NewCallbacks(db), quick)
	eventually(t, "it was tried", func() bool {
		_, _, trouble := s.state(ids[0])
		return trouble == "the merchant has no webhook secret"
	})
	s.exec("INSERT INTO webhook_secret (merchant_id, secret, created_at) VALUES (?, ?, UTC_TIMESTAMP(6)), (?, ?, UTC_TIMESTAMP(6))", s.id, secretA, s.id, secretB)
	eventually(t, "it is delivered", func() bool { return s.delivered(ids) })
	if s.times(ids[0]) != 1 {
		t.Errorf("it arrived %d times", s.times(ids[0]))
	}
}
