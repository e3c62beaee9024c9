package pace

import (
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func drawStage(t *rapid.T) Stage {
	length := func(label string) time.Duration {
		return time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(10*time.Second)).Draw(t, label))
	}
	s := Stage{
		Shape: rapid.SampledFrom([]Shape{Line, Step, Spike, Sine}).Draw(t, "shape"),
		From:  rapid.Float64Range(0, 5000).Draw(t, "from"), To: rapid.Float64Range(0, 5000).Draw(t, "to"),
		Duration: length("duration"), Steps: rapid.IntRange(2, 20).Draw(t, "steps"), Period: length("period"),
		Poisson: rapid.Bool().Draw(t, "poisson"),
	}
	switch s.Shape {
	case Sine:
		s.From, s.To = min(s.From, s.To), max(s.From, s.To)
		s.Period = max(s.Period, s.Duration/20) // what the sum below can follow
	case Spike:
		s.Rise, s.Hold, s.Fall = s.Duration/5, s.Duration/7, s.Duration/3
	}
	return s
}

func drawPlan(t *rapid.T) (Plan, []Stage, uint64) {
	stages, seed := rapid.SliceOfN(rapid.Custom(drawStage), 1, 5).Draw(t, "stages"), rapid.Uint64().Draw(t, "seed")
	plan, err := New(stages, seed)
	if err != nil {
		t.Fatal(err)
	}
	return plan, stages, seed
}

// Whatever the stages: arrivals never go back in time, lie inside their stage, and the number due by any moment is the
// area under the rate so far: to within one arrival where they come evenly, to within six standard deviations where they
// are a Poisson process.
func TestPlan_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan, stages, _ := drawPlan(t)
		last, due := time.Duration(0), areaOf(plan)
		for n := range plan.Total() {
			at, stage := plan.At(n)
			if at < last {
				t.Fatalf("arrival %d at %v is before the one before it (%v)", n, at, last)
			}
			last = at
			if at < plan.starts[stage] || at > plan.starts[stage]+stages[stage].Duration {
				t.Fatalf("arrival %d at %v is outside its stage %d", n, at, stage)
			}
			g := groupOf(plan, n)
			area, slack := due(g, at), 0.01
			if stages[stage].Poisson {
				slack = 6*math.Sqrt(area) + 20
			}
			if math.Abs(area-float64(n-g.first)) > slack {
				t.Fatalf("arrival %d of its group at %v, where the area is %v", n-g.first, at, area)
			}
		}
		for i := range plan.groups {
			g := &plan.groups[i]
			area, slack := due(g, plan.Duration()), 1.
			if g.poisson {
				slack = 6*math.Sqrt(area) + 20
			}
			if math.Abs(area-float64(g.total)) > slack {
				t.Fatalf("%d arrivals for an area of %v", g.total, area)
			}
		}
	})
}

// areaOf gives the area of a group by a time, added up by trapezoids that know nothing of the curves' own integrals.
func areaOf(plan Plan) func(g *group, by time.Duration) float64 {
	const steps = 400
	sums := map[*piece][]float64{} // of each piece, after each step
	for i := range plan.groups {
		for k := range plan.groups[i].pieces {
			p := &plan.groups[i].pieces[k]
			step, sum := p.length.Seconds()/steps, make([]float64, steps+1)
			for n := range steps {
				from, to := p.length*time.Duration(n)/steps, p.length*time.Duration(n+1)/steps
				sum[n+1] = sum[n] + (p.rate(from)+4*p.rate((from+to)/2)+p.rate(to))/6*step // Simpson's rule
			}
			sums[p] = sum
		}
	}
	return func(g *group, by time.Duration) (area float64) {
		for k := range g.pieces {
			p := &g.pieces[k]
			into := min(max(by-p.start, 0), p.length)
			n := min(int(into*steps/p.length), steps-1)
			from := p.length * time.Duration(n) / steps
			area += sums[p][n] + (p.rate(from)+4*p.rate((from+into)/2)+p.rate(into))/6*(into-from).Seconds()
		}
		return area
	}
}

func groupOf(plan Plan, n int) *group {
	for i := range plan.groups {
		if g := &plan.groups[i]; n < g.first+g.total {
			return g
		}
	}
	return nil
}

// The same seed gives the same plan, in whatever order it is asked.
func TestPlan_SameSeed_SamePlanInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan, stages, seed := drawPlan(t)
		again, err := New(stages, seed)
		if err != nil {
			t.Fatal(err)
		}
		if plan.Total() != again.Total() {
			t.Fatalf("%d arrivals, then %d", plan.Total(), again.Total())
		}
		forwards := map[int]time.Duration{}
		for n := range plan.Total() {
			forwards[n], _ = plan.At(n)
		}
		for range 200 {
			if plan.Total() == 0 {
				return
			}
			n := rapid.IntRange(0, plan.Total()-1).Draw(t, "n")
			if at, _ := again.At(n); at != forwards[n] {
				t.Fatalf("arrival %d at %v, and at %v when it is asked out of turn", n, forwards[n], at)
			}
		}
	})
}

func TestPoisson_OtherSeed_OtherTimesSameRate(t *testing.T) {
	stages := []Stage{{From: 1000, To: 1000, Duration: 100 * time.Second, Poisson: true}}
	var plans [2]Plan
	for i := range plans {
		plan, err := New(stages, uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(float64(plan.Total())-100_000) > 6*math.Sqrt(100_000) {
			t.Errorf("%d arrivals, want 100000 ± 1900", plan.Total())
		}
		plans[i] = plan
	}
	if reflect.DeepEqual(times(plans[0], 100), times(plans[1], 100)) {
		t.Error("two seeds have the same arrivals")
	}
}

// The gaps are exponential: their mean is their standard deviation, and e⁻¹ of them are longer than it. Even gaps have no
// deviation at all.
func TestPoisson_GapsAreExponential(t *testing.T) {
	plan, err := New([]Stage{{From: 1000, To: 1000, Duration: 100 * time.Second, Poisson: true}}, 7)
	if err != nil {
		t.Fatal(err)
	}
	all := times(plan, plan.Total())
	mean, squares, longer := 0., 0., 0.
	for i := 1; i < len(all); i++ {
		gap := (all[i] - all[i-1]).Seconds() * 1000
		mean += gap
		squares += gap * gap
		if gap > 1 {
			longer++
		}
	}
	n := float64(len(all) - 1)
	mean /= n
	deviation := math.Sqrt(squares/n - mean*mean)
	if math.Abs(mean-1) > 0.02 || math.Abs(deviation-1) > 0.02 || math.Abs(longer/n-math.Exp(-1)) > 0.01 {
		t.Errorf("gaps of 1 ms: mean %.3f, deviation %.3f, %.3f of them longer", mean, deviation, longer/n)
	}
}

func times(plan Plan, count int) []time.Duration {
	list := make([]time.Duration, count)
	for n := range list {
		list[n], _ = plan.At(n)
	}
	return list
}

// What the engine pays for each arrival: it asks for growing n.
func BenchmarkAt(b *testing.B) {
	for name, s := range map[string]Stage{
		"line":    {From: 1, To: 1e6},
		"sine":    {Shape: Sine, From: 1, To: 1e6, Period: time.Minute},
		"poisson": {From: 1e5, To: 1e5, Poisson: true},
	} {
		s.Duration = 100 * time.Second
		plan, err := New([]Stage{s}, 1)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				plan.At(n % plan.Total())
			}
		})
	}
}
