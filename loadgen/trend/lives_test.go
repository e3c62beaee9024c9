package trend

import (
	"fmt"
	"math"
	"testing"
)

// restarts is a run in which payment-api-1 is started again every 6 s, and has this much memory in each life after a start
// with half of it.
func restarts(t *testing.T, lives int, memory func(life int) float64) (string, float64) {
	r := recorded{seconds: lives * 6, sent: steady(100), p99: steady(80), events: map[int]string{}}
	for life := 1; life < lives; life++ {
		r.events[life*6] = "payment-api-1 restarted"
	}
	r.memory = func(at float64) float64 {
		if into := math.Mod(at, 6); into < 3 {
			return memory(int(at/6)) / 2
		}
		return memory(int(at / 6))
	}
	return r.write(t), float64(r.seconds)
}

func TestLives_ALevelThatGrowsFromLifeToLife_Rises(t *testing.T) {
	for name, c := range map[string]struct {
		memory func(life int) float64
		want   Verdict
	}{
		"a MiB more in each": {func(life int) float64 { return float64(40+life) * (1 << 20) }, Rises},
		"the same in each":   {func(int) float64 { return 40 << 20 }, Flat},
		"some more, some less": {func(life int) float64 {
			return (40 + math.Sin(float64(life*life))*0.2) * (1 << 20)
		}, Flat},
		"less in each": {func(life int) float64 { return float64(80-life) * (1 << 20) }, Flat},
	} {
		t.Run(name, func(t *testing.T) {
			folder, load := restarts(t, 21, c.memory)
			lines, err := Lives(folder, load)
			if err != nil {
				t.Fatal(err)
			}
			if len(lines) != 2 {
				t.Fatalf("%d lines, want memory and goroutines: %+v", len(lines), lines)
			}
			if l := lines[1]; l.Metric != "rss_bytes" || l.Lives != 21 || l.Verdict != c.want {
				t.Errorf("%+v, want %s", l, c.want)
			}
			if want := c.memory(10); math.Abs(lines[1].Level-want) > 0.5*(1<<20) {
				t.Errorf("the level is %.1f MiB: what a life begins with counts", lines[1].Level/(1<<20))
			}
			if l := lines[0]; l.Level != 40 || l.Verdict != Flat {
				t.Errorf("%+v", l)
			}
			if got := ConcludeLives(lines); (got == RunRises) != (c.want == Rises) {
				t.Errorf("all of them: %s", got)
			}
		})
	}
}

func TestLives_TooFewSayNothing(t *testing.T) {
	folder, load := restarts(t, 9, func(life int) float64 { return float64(life) * (1 << 30) })
	lines, err := Lives(folder, load)
	if err != nil || len(lines) != 0 || ConcludeLives(lines) != RunTooShort {
		t.Errorf("%+v, %v", lines, err)
	}
}

// A process that was never started again has no line, whatever it does.
func TestLives_OnlyWhoWasReplaced(t *testing.T) {
	r := recorded{seconds: 300, memory: func(at float64) float64 { return at * (1 << 20) }, sent: steady(1), p99: steady(1), events: map[int]string{}}
	for i := 10; i < 300; i += 10 {
		r.events[i] = fmt.Sprintf("payment-worker-%d restarted", i%2+1)
	}
	lines, err := Lives(r.write(t), 300)
	if err != nil || len(lines) != 0 {
		t.Errorf("%+v, %v", lines, err)
	}
}
