package bench

import (
	"testing"
	"time"

	"gazua.example/loadgen/scenario"
)

// Every scenario of the plan is one that loadgen reads, and asks for nothing but payments that go well.
func TestScenarioText_IsAScenario(t *testing.T) {
	for _, turn := range plan(whole) {
		for _, s := range turn.steps {
			if s.Clients == 0 {
				s.Rate = 1234
			}
			text := scenarioText(s.Place, s.load(whole))
			got, err := scenario.Read(s.name(), []byte(text))
			if err != nil {
				t.Fatalf("%s: %v\n%s", s.name(), err, text)
			}
			if (got.Model == scenario.Closed) != (s.Clients > 0) || len(got.Mix) != 1 || len(got.Mix[0].Means) != s.Legs || got.Async != map[string]float64{Sync: 0, Async: 1}[s.Mode] {
				t.Errorf("%s: %+v", s.name(), got)
			}
			if got.Cancel+got.Replay+got.ReuseKey+got.SameOrder+got.Refuse != 0 || len(got.Faults) != 0 {
				t.Errorf("%s has more than payments: %+v", s.name(), got)
			}
			if sampled := got.Sampled > 0; sampled != (s.Contestant == TelemetryOn) {
				t.Errorf("%s: sampled %g", s.name(), got.Sampled)
			}
			if load := got.Stages[0].Duration; load != s.load(whole) || s.Section == sustained && load < 15*time.Second {
				t.Errorf("%s loads %s", s.name(), load)
			}
		}
	}
}
