package gateway

import (
	"context"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// However calls come and go, the bulkhead has as many places as the model says, and none is lost or made.
func TestWay_PlacesAreNeverLost(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	rapid.Check(t, func(t *rapid.T) {
		places := rapid.IntRange(1, 4).Draw(t, "places")
		w := newWay(&url.URL{Host: "127.0.0.1:1"}, places, 0)
		inside := 0
		t.Repeat(map[string]func(*rapid.T){
			"enter": func(t *rapid.T) {
				ctx := context.Background()
				if rapid.Bool().Draw(t, "caller has left") {
					ctx = gone
				}
				free := inside < places
				if got := w.enter(ctx); got != free {
					t.Fatalf("entered: %t with %d of %d places taken", got, inside, places)
				}
				if free {
					inside++
				}
			},
			"leave": func(t *rapid.T) {
				if inside == 0 {
					t.Skip("nobody is inside")
				}
				w.leave()
				inside--
			},
			"": func(t *rapid.T) {
				if len(w.places) != inside {
					t.Fatalf("%d places taken, the model says %d", len(w.places), inside)
				}
			},
		})
	})
}

func TestWay_ManyAtOnce_NeverMoreThanItsPlaces(t *testing.T) {
	const places = 3
	w := newWay(&url.URL{Host: "127.0.0.1:1"}, places, 5*time.Second)
	var inside, most atomic.Int64
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			if !w.enter(t.Context()) {
				t.Error("waited five seconds in vain")
				return
			}
			defer w.leave()
			now := inside.Add(1)
			for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
			}
			inside.Add(-1)
		})
	}
	all.Wait()
	if most.Load() > places || len(w.places) != 0 {
		t.Errorf("%d inside at one time, %d places still taken", most.Load(), len(w.places))
	}
}
