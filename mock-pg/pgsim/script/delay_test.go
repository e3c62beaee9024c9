package script

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
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

// Fixed figures: they must not change from one release to the next, or old runs cannot be repeated. docs/mock-pg.md gives
// the same table to those who make the draw themselves.
var fixedDraws = []struct {
	delay string
	seed  uint64
	op    Op
	nth   int
	want  time.Duration
}{
	{"lognormal/50ms/0.5", 42, Charge, 1, 73_052_417},
	{"lognormal/50ms/0.5", 42, Charge, 2, 59_522_650},
	{"lognormal/50ms/0.5", 42, Void, 1, 101_291_649},
	{"lognormal/50ms/0.5", 43, Charge, 1, 47_925_594},
	{"uniform/20ms/80ms", 42, Charge, 1, 66_552_009},
	{"uniform/20ms/80ms", 42, Refund, 3, 66_760_557},
	{"exponential/50ms", 42, Charge, 1, 12_688_719},
	{"pareto/20ms/1.5", 42, Charge, 1, 23_686_735},
	{"fixed/50ms", 42, Inquiry, 9, 50_000_000},
}

func TestDraw_TheSameSeedOpAndNumberGiveTheSameDelay(t *testing.T) {
	for _, c := range fixedDraws {
		if got := mustDelay(t, c.delay).Draw(c.seed, c.op, c.nth); got != c.want {
			t.Errorf("%s, seed %d, %s, %d: %d ns, want %d", c.delay, c.seed, c.op, c.nth, got, c.want)
		}
	}
}

func TestDraw_TheDocumentHasTheSameTable(t *testing.T) {
	text, err := os.ReadFile("../../../docs/mock-pg.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range fixedDraws {
		row := fmt.Sprintf("| `%s` | %d | %s | %d | %d |", c.delay, c.seed, c.op, c.nth, c.want)
		if c.op != Inquiry && !strings.Contains(string(text), row) {
			t.Errorf("docs/mock-pg.md lacks %s", row)
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

	exponential := sample("exponential/50ms")
	near("median of exponential/50ms", exponential[draws/2], 34_657_359*time.Nanosecond)
	near("95th percentile of exponential/50ms", exponential[draws*95/100], 149_786_613*time.Nanosecond)

	pareto := sample("pareto/20ms/2")
	near("least of pareto/20ms/2", pareto[0], 20*time.Millisecond)
	near("median of pareto/20ms/2", pareto[draws/2], 28_284_271*time.Nanosecond)
	near("90th percentile of pareto/20ms/2", pareto[draws*90/100], 63_245_553*time.Nanosecond)

	for _, text := range []string{"exponential/30s", "pareto/20s/0.1"} {
		if long := sample(text); long[draws-1] != MaxDelay {
			t.Errorf("the longest of %s is %s, want the cap of %s", text, long[draws-1], MaxDelay)
		}
	}
	if long := sample("lognormal/20s/5"); long[draws-1] != MaxDelay {
		t.Errorf("the longest of lognormal/20s/5 is %s, want the cap of %s", long[draws-1], MaxDelay)
	}
}
