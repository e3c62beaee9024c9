package verify

import (
	"testing"
	"time"
)

func TestWallets_AreNeverTakenBelowZero(t *testing.T) {
	entry := func(effect string, amount int64) Entry {
		return Entry{Means: "POINT", Effect: effect, Amount: amount, Source: "w7", Currency: "KRW", Reference: "77.1", Order: "o-1", Transaction: "t-1"}
	}
	tombstone := entry("released", 500)
	tombstone.Transaction = ""
	for name, c := range map[string]struct {
		book     []Entry
		violated int64
	}{
		"as much as there is":            {[]Entry{entry("funded", 1000), entry("held", 600), entry("captured", 600), entry("held", 400)}, 0},
		"more than there is":             {[]Entry{entry("funded", 1000), entry("held", 600), entry("held", 401)}, 1},
		"what is released is back":       {[]Entry{entry("funded", 1000), entry("held", 1000), entry("released", 1000), entry("held", 1000)}, 0},
		"what expired is back":           {[]Entry{entry("funded", 1000), entry("held", 1000), entry("expired", 1000), entry("held", 1000)}, 0},
		"what is refunded is back":       {[]Entry{entry("funded", 1000), entry("held", 1000), entry("captured", 1000), entry("refunded", 300), entry("held", 300)}, 0},
		"a tombstone brings nothing":     {[]Entry{entry("funded", 1000), tombstone, entry("held", 1001)}, 1},
		"a capture takes no second time": {[]Entry{entry("funded", 1000), entry("held", 1000), entry("captured", 1000)}, 0},
		"never funded, no bound":         {[]Entry{entry("held", 5000)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			v, w := newVerdict(Scope{}, time.Now()), wallets{}
			for i := range c.book {
				w.follow(v, 0, &c.book[i])
			}
			if got := v.Violated(4); got != c.violated {
				t.Errorf("%d violations, want %d", got, c.violated)
			}
		})
	}
}
