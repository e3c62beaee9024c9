package script

import (
	"math"
	"slices"
	"testing"
	"time"
)

func mustDelay(t *testing.T, text string) Delay {
	t.Helper()
	d, err := parseDelay(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDraw_TheSameSeedOpAndNumberGiveTheSameDelay(t *testing.T) {
	d := mustDelay(t, "lognormal/50ms/0.5")
	// Fixed figures: they must not change from one release to the next, or old runs cannot be repeated.
	for _, c := range []struct {
		seed uint64
		op   Op
		nth  int
		want time.Duration
	}{{42, Charge, 1, 73_052_417}, {42, Charge, 2, 59_522_650}, {42, Void, 1, 101_291_649}, {43, Charge, 1, 47_925_594}} {
		if got := d.Draw(c.seed, c.op, c.nth); got != c.want {
			t.Errorf("seed %d, %s, %d: %d ns, want %d", c.seed, c.op, c.nth, got, c.want)
		}
	}
}

func TestDraw_TheDistributionsAreWhatTheyAreCalled(t *testing.T) {
	const draws = 20_000
	sample := func(text string) []time.Duration {
		d := mustDelay(t, text)
		all := make([]time.Duration, draws)
		for seed := range all {
			all[seed] = d.Draw(uint64(seed), Charge, 1)
		}
		slices.Sort(all)
		return all
	}
	near := func(what string, got, want time.Duration) {
		t.Helper()
		if math.Abs(float64(got-want)) > 0.03*float64(want) {
			t.Errorf("%s is %s, want %s within 3%%", what, got, want)
		}
	}
	fixed := sample("fixed/50ms")
	near("least of fixed/50ms", fixed[0], 50*time.Millisecond)
	near("most of fixed/50ms", fixed[draws-1], 50*time.Millisecond)

	uniform := sample("uniform/20ms/80ms")
	near("median of uniform/20ms/80ms", uniform[draws/2], 50*time.Millisecond)
	near("first tenth of uniform/20ms/80ms", uniform[draws/10], 26*time.Millisecond)
	if uniform[0] < 20*time.Millisecond || uniform[draws-1] > 80*time.Millisecond {
		t.Errorf("uniform/20ms/80ms runs from %s to %s", uniform[0], uniform[draws-1])
	}

	lognormal := sample("lognormal/50ms/0.5")
	near("median of lognormal/50ms/0.5", lognormal[draws/2], 50*time.Millisecond)
	// The 84.13th percentile lies one sigma above the median: 50 ms × e^0.5.
	near("84th percentile of lognormal/50ms/0.5", lognormal[draws*8413/10000], 82436*time.Microsecond)

	if long := sample("lognormal/20s/5"); long[draws-1] != MaxDelay {
		t.Errorf("the longest of lognormal/20s/5 is %s, want the cap of %s", long[draws-1], MaxDelay)
	}
}
