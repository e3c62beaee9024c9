package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func instancesAt(urls ...string) []*instance {
	all := make([]*instance, len(urls))
	for i, url := range urls {
		all[i] = &instance{url: url}
	}
	return all
}

func numbered(n int) []string {
	urls := make([]string, n)
	for i := range urls {
		urls[i] = fmt.Sprintf("http://10.0.0.%d:18085", i+1)
	}
	return urls
}

// API and worker must come to the same instance, however each of them wrote the list; and a list that grows moves only
// what the new instance takes.
func TestHome_IsTheSameInAnyOrder_AndGrowthMovesOnlyToTheNewOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		urls := numbered(rapid.IntRange(1, 8).Draw(t, "instances"))
		key := rapid.StringMatching(`[ -~]{0,64}`).Draw(t, "key")
		before := home(instancesAt(urls...), key).url
		if got := home(instancesAt(rapid.Permutation(urls).Draw(t, "order")...), key).url; got != before {
			t.Fatalf("%s, in another order %s", before, got)
		}
		added := "http://10.0.1.1:18085"
		if got := home(instancesAt(append(slices.Clone(urls), added)...), key).url; got != before && got != added {
			t.Fatalf("moved from %s to %s, which was there before", before, got)
		}
	})
}

func TestHome_SharesTheKeysFairly(t *testing.T) {
	const keys = 20_000
	for n := 2; n <= 4; n++ {
		all, count := instancesAt(numbered(n)...), map[string]int{}
		for i := range keys {
			count[home(all, fmt.Sprintf("gz1.w-%d", i)).url]++
		}
		for _, i := range all {
			if share := float64(count[i.url]) * float64(n) / keys; share < 0.9 || share > 1.1 {
				t.Errorf("of %d instances %s has %.2f of its share", n, i.url, share)
			}
		}
	}
}

// What has booked a payment must be found again by a later version of this program: these are fixed for ever.
func TestHome_NeverChanges(t *testing.T) {
	all := instancesAt(numbered(4)...)
	var got []string
	for _, key := range []string{"", "tok", "gz1", "gz1.w-1", "gz1.w-2", "gz1.w-3", "gz1.w-4"} {
		got = append(got, home(all, key).url[len("http://10.0.0."):][:1])
	}
	if want := "4324244"; strings.Join(got, "") != want {
		t.Errorf("the homes are %s, want %s", strings.Join(got, ""), want)
	}
}

func TestRouteKey_IsTheTokensHead_AndFitsAHeader(t *testing.T) {
	for token, want := range map[string]string{
		"gz1.w-17;seed=7;charge=ok": "gz1.w-17", "gz1;charge=ok": "gz1", "tok": "tok", ";x": "",
		strings.Repeat("a", 64) + ";x": strings.Repeat("a", 64),
	} {
		if got := routeKey(token); got != want {
			t.Errorf("%s: %q, want %q", token, got, want)
		}
	}
	long, other := strings.Repeat("a", 65), strings.Repeat("a", 66)
	if k := routeKey(long + ";x"); len(k) > maxRouteKey || k != routeKey(long+";y") || k == routeKey(other) {
		t.Errorf("of long heads: %q and %q", k, routeKey(other))
	}
}

func TestNewInstances_ShareThePlacesOfTheMeans(t *testing.T) {
	for n, want := range map[int]int{1: 10, 3: 4, 4: 3, 11: 1} {
		all, err := newInstances("PG", numbered(n), Options{Bulkhead: 10, ControlCalls: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range all {
			if cap(i.forward.places) != want || cap(i.control.places) != want {
				t.Errorf("%d instances: %d and %d places each, want %d", n, cap(i.forward.places), cap(i.control.places), want)
			}
		}
	}
}
