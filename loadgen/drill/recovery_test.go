package drill

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// journal is one of a run: break 1 at 2 s, break 2 at 10 s, the load's end at 20 s.
func journal(t *testing.T, lines ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "journal.jsonl")
	text := `{"k":"h","v":2,"run":"r","start":"2026-01-01T00:00:00Z","n":0}` + "\n" + strings.Join(lines, "\n") + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var twoBreaks = []Break{{What: "one", At: 2 * time.Second}, {What: "two", At: 10 * time.Second}, {What: "the end", At: 20 * time.Second}}

func TestImpacts_CountsWhatClientsSaw_BreakByBreak(t *testing.T) {
	found, err := impacts(journal(t,
		// Before any break: not counted, however bad.
		`{"k":"p","n":1,"at":1000000}`, `{"k":"a","n":1,"s":1000000,"d":1001000,"st":503}`, `{"k":"f","n":1,"at":1900000,"b":"PAID"}`,
		// Served well, after the first break.
		`{"k":"p","n":2,"at":2100000}`, `{"k":"a","n":2,"s":2100000,"d":2200000,"st":201}`, `{"k":"f","n":2,"at":2200000,"b":"PAID"}`,
		// No answer, then one at the second attempt: ambiguous and settled, two errors with a look that got 503.
		`{"k":"p","n":3,"at":3000000}`, `{"k":"a","n":3,"s":3000000,"d":3100000,"err":"reset"}`, `{"k":"g","n":3,"s":3150000,"d":3160000,"st":503}`,
		`{"k":"a","n":3,"s":3200000,"d":3300000,"st":201}`, `{"k":"f","n":3,"at":3300000,"b":"PAID"}`,
		// Answered well but late.
		`{"k":"p","n":4,"at":4000000}`, `{"k":"a","n":4,"s":4000000,"d":5500000,"st":201}`, `{"k":"f","n":4,"at":5500000,"b":"FAILED"}`,
		// After the second break: a promise to who did not ask for one, and no end in sight.
		`{"k":"p","n":5,"at":10500000}`, `{"k":"a","n":5,"s":10500000,"d":10600000,"st":202}`, `{"k":"f","n":5,"at":99000000,"b":"gave-up"}`,
		// An asynchronous one is promised as it asked; its end comes in time.
		`{"k":"p","n":6,"at":12000000,"async":true}`, `{"k":"a","n":6,"s":12000000,"d":12010000,"st":202}`, `{"k":"f","n":6,"at":13000000,"b":"PAID"}`,
		// After the load's end.
		`{"k":"p","n":7,"at":20000000}`, `{"k":"a","n":7,"s":20000000,"d":20001000,"st":503}`,
	), twoBreaks)
	if err != nil {
		t.Fatal(err)
	}
	want := []Impact{
		{Payments: 3, Errors: 2, First: 1, Ambiguous: 1, Settled: 1, Unwell: 2, FirstUnwell: time.Second, Recovery: 2 * time.Second, Recovered: true},
		{Payments: 2, Ambiguous: 1, Late: 1, Unwell: 1, FirstUnwell: 500 * time.Millisecond, Recovery: 500 * time.Millisecond, Recovered: true},
	}
	for i := range want {
		if found[i] != want[i] {
			t.Errorf("break %d: %+v, want %+v", i+1, found[i], want[i])
		}
	}
}

func TestImpacts_WhoIsNotServedWellUntilTheNextBreak_HasNotRecovered(t *testing.T) {
	found, err := impacts(journal(t,
		`{"k":"p","n":1,"at":3000000}`, `{"k":"a","n":1,"s":3000000,"d":3100000,"st":503}`, `{"k":"f","n":1,"at":3200000,"b":"PAID"}`,
		`{"k":"p","n":2,"at":9500000}`, `{"k":"a","n":2,"s":9500000,"d":9600000,"st":429}`, `{"k":"f","n":2,"at":9700000,"b":"PAID"}`,
	), twoBreaks)
	if err != nil {
		t.Fatal(err)
	}
	if found[0].Recovered || found[0].Recovery != 7500*time.Millisecond {
		t.Errorf("%+v, want it not to have recovered 7.5 s after the break", found[0])
	}
	if !found[1].Recovered || found[1].Payments != 0 {
		t.Errorf("%+v", found[1])
	}
}

// What a break meets on its way is that break's, also where there is none before; what was lost or refused before is not.
func TestImpacts_WhatWasOnItsWay_CountsForTheBreakThatCaughtIt(t *testing.T) {
	found, err := impacts(journal(t,
		`{"k":"p","n":1,"at":1900000}`, `{"k":"a","n":1,"s":1900000,"d":2001000,"err":"closed"}`, `{"k":"f","n":1,"at":12000000,"b":"PAID"}`,
		// Accepted, then nobody works on it until long after.
		`{"k":"p","n":2,"at":9900000,"async":true}`, `{"k":"a","n":2,"s":9900000,"d":9910000,"st":202}`, `{"k":"f","n":2,"at":18000000,"b":"PAID"}`,
		// On its way, and served well all the same: of the time before.
		`{"k":"p","n":3,"at":9950000}`, `{"k":"a","n":3,"s":9950000,"d":10050000,"st":201}`, `{"k":"f","n":3,"at":10050000,"b":"PAID"}`,
		// Refused before the second break, and already late at it.
		`{"k":"p","n":4,"at":5000000}`, `{"k":"a","n":4,"s":5000000,"d":5100000,"st":503}`, `{"k":"f","n":4,"at":15200000,"b":"PAID"}`,
		`{"k":"p","n":5,"at":7000000}`, `{"k":"a","n":5,"s":7000000,"d":12000000,"err":"timeout"}`, `{"k":"f","n":5,"at":13000000,"b":"PAID"}`,
	), twoBreaks)
	if err != nil {
		t.Fatal(err)
	}
	want := []Impact{
		{Payments: 4, Errors: 3, First: 3, Ambiguous: 2, Settled: 2, Late: 3, Unwell: 3, Recovery: 5 * time.Second, Recovered: true},
		{Payments: 1, Late: 1, Unwell: 1, Recovered: true},
	}
	for i := range want {
		if found[i] != want[i] {
			t.Errorf("break %d: %+v, want %+v", i+1, found[i], want[i])
		}
	}
}

// A system that hangs from a break on has not recovered, though the last ones that it hangs on are the next break's.
func TestImpacts_WhoHangsUntilTheNextBreak_HasNotRecovered(t *testing.T) {
	var lines []string
	for n := range 78 {
		lines = append(lines, fmt.Sprintf(`{"k":"p","n":%d,"at":%d}`, n+1, 2100000+n*100000), fmt.Sprintf(`{"k":"a","n":%d,"s":%d,"d":15000000,"st":201}`, n+1, 2100000+n*100000),
			fmt.Sprintf(`{"k":"f","n":%d,"at":15000000,"b":"PAID"}`, n+1))
	}
	found, err := impacts(journal(t, lines...), twoBreaks)
	if err != nil {
		t.Fatal(err)
	}
	if found[0].Recovered || found[0].Unwell+found[1].Unwell != 78 || found[1].Unwell == 0 {
		t.Errorf("%+v, %+v", found[0], found[1])
	}
}

// The load's end is no break: what is on its way then, and not late yet, is no proof that the last break lasts on. What was
// refused before the end is.
func TestImpacts_WhatIsOnItsWayAtTheEnd_DoesNotProlongTheLastBreak(t *testing.T) {
	slow := []string{
		`{"k":"p","n":1,"at":11000000}`, `{"k":"a","n":1,"s":11000000,"d":11100000,"st":503}`, `{"k":"f","n":1,"at":11500000,"b":"PAID"}`,
		`{"k":"p","n":2,"at":19800000}`, `{"k":"a","n":2,"s":19800000,"d":25000000,"st":201}`, `{"k":"f","n":2,"at":25000000,"b":"PAID"}`,
	}
	found, err := impacts(journal(t, slow...), twoBreaks)
	if err != nil {
		t.Fatal(err)
	}
	if i := found[1]; !i.Recovered || i.Recovery != time.Second || i.FirstUnwell != time.Second || i.Unwell != 1 || i.Payments != 2 {
		t.Errorf("%+v", i)
	}
	found, err = impacts(journal(t, append(slow,
		`{"k":"p","n":3,"at":19500000}`, `{"k":"a","n":3,"s":19500000,"d":19600000,"st":503}`, `{"k":"f","n":3,"at":19700000,"b":"PAID"}`)...), twoBreaks)
	if err != nil {
		t.Fatal(err)
	}
	if i := found[1]; i.Recovered || i.Recovery != 9500*time.Millisecond {
		t.Errorf("%+v", i)
	}
}
