package trend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorded is a run's folder as the run and its monitor leave one.
type recorded struct {
	seconds int
	memory  func(t float64) float64 // of payment-api-1
	sent    func(t float64) float64
	p99     func(t float64) float64
	events  map[int]string
}

func steady(level float64) func(float64) float64 { return func(float64) float64 { return level } }

func (r recorded) write(t *testing.T) string {
	folder := t.TempDir()
	var series, monitor bytes.Buffer
	fmt.Fprintln(&series, `{"schema":"gazua.series/1","run":"x","start":"2026-11-23T00:00:00Z"}`)
	fmt.Fprintln(&monitor, `{"schema":"gazua.monitor/1","start":"2026-11-23T00:00:00Z","units":{"rss_bytes":"bytes"}}`)
	for i := 1; i <= r.seconds; i++ {
		at := float64(i)
		if event := r.events[i]; event != "" {
			fmt.Fprintf(&monitor, `{"t":%d,"event":%q}`+"\n", i, event)
		}
		fmt.Fprintf(&series, `{"t":%d,"phase":"load","sent":%d,"backlog":7,"sync":{"n":5,"p99":%g}}`+"\n", i, int(r.sent(at)), r.p99(at))
		values, _ := json.Marshal(map[string]any{"t": at, "v": map[string]float64{
			"payment-api-1/rss_bytes": r.memory(at), "payment-api-1/goroutines": 40, "host/rss_bytes": at, "payment-api-1/cpu_cores": at,
		}})
		fmt.Fprintf(&monitor, "%s\n", values)
	}
	// What comes after the load does not count.
	fmt.Fprintf(&series, `{"t":%d,"phase":"settle","backlog":100000}`+"\n", r.seconds+1)
	fmt.Fprintf(&monitor, `{"t":%d,"v":{"payment-api-1/rss_bytes":9e15}}`+"\n", r.seconds+1)
	if event := r.events[r.seconds+1]; event != "" {
		fmt.Fprintf(&monitor, `{"t":%d,"event":%q}`+"\n", r.seconds+1, event)
	}
	for name, text := range map[string][]byte{"series.jsonl": series.Bytes(), "monitor.jsonl": monitor.Bytes()} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// of gives the verdicts by "<process>/<metric>".
func (r recorded) of(t *testing.T) (map[string]Line, []Line) {
	lines, err := Of(r.write(t), float64(r.seconds))
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]Line{}
	for _, l := range lines {
		by[l.Process+"/"+l.Metric] = l
	}
	return by, lines
}

// An hour in which the API gains 30 MiB of 200, in a saw's teeth and with noise, after a warm-up that gains 100 MiB.
func leaking(t float64) float64 {
	return (200 - 100*math.Exp(-t/100) + 30*t/3600 + 5*math.Mod(t, 7) + 3*math.Sin(t*t)) * (1 << 20)
}

func TestOf_Leak_Rises(t *testing.T) {
	by, lines := recorded{3600, leaking, steady(100), steady(80), nil}.of(t)
	leak := by["payment-api-1/rss_bytes"]
	if leak.Verdict != Rises || math.Abs(leak.PerHour/(1<<20)-30) > 3 {
		t.Errorf("%+v", leak)
	}
	for key, l := range by {
		if key != "payment-api-1/rss_bytes" && l.Verdict != Flat {
			t.Errorf("%s: %+v", key, l)
		}
	}
	if len(lines) != 5 || lines[0].Process != client || Conclude(lines) != RunRises || ExitCode(Conclude(lines)) != 4 {
		t.Errorf("%s of %d lines", Conclude(lines), len(lines))
	}
	var text bytes.Buffer
	Text(&text, lines, 3600)
	if !strings.Contains(text.String(), "first 720 s") || !strings.Contains(text.String(), "rises") || !strings.Contains(text.String(), "MiB") {
		t.Errorf("%s", &text)
	}
}

func TestOf_WarmUpOnly_IsFlat(t *testing.T) {
	by, lines := recorded{3600, func(t float64) float64 { return (200 - 100*math.Exp(-t/100)) * (1 << 20) }, steady(100), steady(80), nil}.of(t)
	if l := by["payment-api-1/rss_bytes"]; l.Verdict != Flat || Conclude(lines) != RunFlat {
		t.Errorf("%s, %+v", Conclude(lines), l)
	}
}

func TestOf_Noise_IsUnclearAndNeverFlat(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	by, lines := recorded{700, steady(1 << 28), steady(100), func(float64) float64 { return 80 * math.Exp(random.NormFloat64()) }, nil}.of(t)
	if l := by["payments/sync_p99_ms"]; l.Verdict != Unclear || Conclude(lines) != RunUnclear || ExitCode(Conclude(lines)) != 0 {
		t.Errorf("%s, %+v", Conclude(lines), l)
	}
}

// A verdict says no more than its interval does.
func TestOf_Verdict_FollowsFromTheInterval(t *testing.T) {
	seen := map[Verdict]bool{}
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 7))
		noisy := func(at float64) float64 { return 100 + float64(seed%3)*at/100 + float64(seed)*random.NormFloat64() }
		s := series{process: client, metric: "sync_p99_ms"}
		for i := range 1200 {
			s.bins.add(float64(i), noisy(float64(i)))
		}
		l := s.judge(1200)
		seen[l.Verdict] = true
		if l.Low == nil || (l.Verdict == Rises) != (*l.Low > l.Bound) || (l.Verdict == Flat) != (*l.High <= l.Bound) {
			t.Errorf("seed %d: %+v from %g to %g", seed, l, *l.Low, *l.High)
		}
	}
	if !seen[Rises] || !seen[Flat] || !seen[Unclear] {
		t.Error(seen)
	}
}

func TestOf_ShortRun_HasNoVerdict(t *testing.T) {
	_, lines := recorded{LeastSeconds - 1, leaking, steady(100), steady(80), nil}.of(t)
	for _, l := range lines {
		if l.Verdict != TooShort {
			t.Errorf("%+v", l)
		}
	}
	if verdict := Conclude(lines); verdict != RunTooShort || ExitCode(verdict) != 3 {
		t.Error(verdict)
	}
}

// A process that leaks is started again in the middle: over the whole it does not rise, since its start.
func TestOf_Restart_CountsFromItsStart(t *testing.T) {
	saw := func(t float64) float64 { return (200 + 50*math.Mod(t, 1800)/1800) * (1 << 20) }
	by, _ := recorded{3600, saw, steady(100), steady(80), map[int]string{1801: "payment-api-1 restarted"}}.of(t)
	if l := by["payment-api-1/rss_bytes"]; l.Verdict != Rises || l.Seconds > 1500 || l.Seconds < 1300 {
		t.Errorf("%+v", l)
	}
	by, _ = recorded{3600, saw, steady(100), steady(80), map[int]string{3601: "payment-api-1 restarted"}}.of(t)
	if l := by["payment-api-1/rss_bytes"]; l.Verdict == TooShort {
		t.Errorf("started again after the load: %+v", l)
	}
	by, _ = recorded{3600, saw, steady(100), steady(80), map[int]string{3300: "payment-api-1 restarted"}}.of(t)
	if l := by["payment-api-1/rss_bytes"]; l.Verdict != TooShort {
		t.Errorf("%+v", l)
	}
}

func TestOf_RisingLoad_SaysNothing(t *testing.T) {
	_, lines := recorded{3600, leaking, func(t float64) float64 { return 100 + t/36 }, steady(80), nil}.of(t)
	if verdict := Conclude(lines); verdict != RunUneven || ExitCode(verdict) != 3 {
		t.Error(verdict)
	}
}

func TestOf_EmptyFolder_HasNoLines(t *testing.T) {
	lines, err := Of(t.TempDir(), 3600)
	if err != nil || len(lines) != 0 || Conclude(lines) != RunTooShort {
		t.Error(lines, err)
	}
}
