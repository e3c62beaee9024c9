package scenario

import (
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"gazua.example/loadgen/pace"
)

// maxStages, and the rest, bound what one run may be asked for.
const (
	maxStages   = 1_000
	maxRate     = 1_000_000
	maxUsers    = 20_000
	maxDuration = 30 * 24 * time.Hour
)

// shapes are the fields of a stage of which it has exactly one, beside from and to.
const shapeNames = "rate (constant), from and to (a ramp; with steps, a staircase), spike, sine, or in a closed model users"

func (r *reader) stages(at string, n *yaml.Node) (stages []pace.Stage) {
	r.list(at, n, maxStages, func(at string, n *yaml.Node) {
		stage := r.stage(at, n)
		if stage.Name == "" {
			stage.Name = "stage-" + strconv.Itoa(len(stages)+1)
		}
		stages = append(stages, stage)
	})
	busy := false
	for _, s := range stages {
		busy = busy || s.Peak() > 0 || s.UsersFrom > 0 || s.UsersTo > 0
	}
	r.check(busy || len(r.faults) > 0, at, n, "has no arrivals: every rate is 0")
	return stages
}

func (r *reader) stage(at string, n *yaml.Node) (s pace.Stage) {
	r.fields(at, n, fields{
		"name": func(at string, n *yaml.Node) { s.Name = r.name(at, n) },
		"rate": func(at string, n *yaml.Node) {
			s.From = r.number(at, n, 0, maxRate)
			s.To = s.From
		},
		"from": func(at string, n *yaml.Node) { s.From = r.number(at, n, 0, maxRate) },
		"to":   func(at string, n *yaml.Node) { s.To = r.number(at, n, 0, maxRate) },
		"steps": func(at string, n *yaml.Node) {
			s.Shape, s.Steps = pace.Step, int(r.whole(at, n, 2, 1_000))
		},
		"spike":    func(at string, n *yaml.Node) { r.spike(at, n, &s) },
		"sine":     func(at string, n *yaml.Node) { r.sine(at, n, &s) },
		"users":    func(at string, n *yaml.Node) { r.users(at, n, &s) },
		"duration": func(at string, n *yaml.Node) { s.Duration = r.duration(at, n, time.Millisecond, maxDuration) },
		"arrivals": func(at string, n *yaml.Node) { s.Poisson = r.arrivals(at, n) },
	})
	has := func(field string) bool { return child(n, field) != nil }
	shapes := 0
	for _, given := range []bool{has("rate"), has("from") || has("to") || has("steps"), has("spike"), has("sine"), has("users")} {
		if given {
			shapes++
		}
	}
	r.check(shapes == 1, at, n, "needs one of %s", shapeNames)
	r.check(has("from") == has("to") && (!has("steps") || has("from")), at, n, "needs both from and to")
	if s.Shape == pace.Spike && !has("duration") {
		s.Duration = s.Rise + s.Hold + s.Fall
	}
	r.check(has("duration") || s.Shape == pace.Spike, at+".duration", n, "is missing")
	fault := s.Check()
	r.check(fault == "" || r.failed(at), at, n, "%s", fault)
	return s
}

// spike reads a base rate, from which it goes to the peak and back.
func (r *reader) spike(at string, n *yaml.Node, s *pace.Stage) {
	s.Shape = pace.Spike
	r.fields(at, n, fields{
		"base": func(at string, n *yaml.Node) { s.From = r.number(at, n, 0, maxRate) },
		"peak": func(at string, n *yaml.Node) { s.To = r.number(at, n, 0, maxRate) },
		"rise": func(at string, n *yaml.Node) { s.Rise = r.duration(at, n, 0, maxDuration) },
		"hold": func(at string, n *yaml.Node) { s.Hold = r.duration(at, n, 0, maxDuration) },
		"fall": func(at string, n *yaml.Node) { s.Fall = r.duration(at, n, 0, maxDuration) },
	})
	r.check(child(n, "base") != nil && child(n, "peak") != nil, at, n, "needs base and peak")
	r.check(s.Rise+s.Hold+s.Fall > 0 || r.failed(at), at, n, "needs rise, hold or fall")
}

// sine reads a mean and how far the rate swings to either side of it.
func (r *reader) sine(at string, n *yaml.Node, s *pace.Stage) {
	s.Shape = pace.Sine
	mean, amplitude := 0., 0.
	r.fields(at, n, fields{
		"mean":      func(at string, n *yaml.Node) { mean = r.number(at, n, 0, maxRate/2) },
		"amplitude": func(at string, n *yaml.Node) { amplitude = r.number(at, n, 0, maxRate/2) },
		"period":    func(at string, n *yaml.Node) { s.Period = r.duration(at, n, time.Millisecond, maxDuration) },
	})
	s.From, s.To = max(mean-amplitude, 0), mean+amplitude
	for _, field := range []string{"mean", "amplitude", "period"} {
		r.check(child(n, field) != nil, at+"."+field, n, "is missing")
	}
	r.check(amplitude <= mean || r.failed(at), at, n, "the amplitude must not be above the mean: no rate is below 0")
}

// users reads a number of virtual users, or from where to where it goes.
func (r *reader) users(at string, n *yaml.Node, s *pace.Stage) {
	if n.Kind == yaml.ScalarNode {
		s.UsersFrom = int(r.whole(at, n, 0, maxUsers))
		s.UsersTo = s.UsersFrom
		return
	}
	r.fields(at, n, fields{
		"from": func(at string, n *yaml.Node) { s.UsersFrom = int(r.whole(at, n, 0, maxUsers)) },
		"to":   func(at string, n *yaml.Node) { s.UsersTo = int(r.whole(at, n, 0, maxUsers)) },
	})
	r.check(child(n, "from") != nil && child(n, "to") != nil, at, n, "needs both from and to")
}

func (r *reader) arrivals(at string, n *yaml.Node) (poisson bool) {
	r.check(n.Value == "uniform" || n.Value == "poisson", at, n, "must be uniform or poisson, not %q", n.Value)
	return n.Value == "poisson"
}

// model checks what the model has to do with the stages and the rest.
func (r *reader) model(s *Scenario, root *yaml.Node) {
	stages := child(root, "stages")
	if stages == nil || r.failed("stages") || r.failed("model") {
		return
	}
	for i, stage := range s.Stages {
		at := "stages[" + strconv.Itoa(i) + "]"
		users := child(stages.Content[i], "users") != nil
		r.check(users == (s.Model == Closed), at, stages.Content[i], "a stage of %s model has %s", map[Model]string{Open: "an open", Closed: "a closed"}[s.Model],
			map[Model]string{Open: "a rate and no users (model: closed has them)", Closed: "users and no rate"}[s.Model])
		r.check(s.Model == Open || !stage.Poisson, at, stages.Content[i], "in a closed model nothing arrives, so not as a Poisson process either")
		r.check(max(stage.UsersFrom, stage.UsersTo) <= s.Client.MaxInFlight, at, stages.Content[i], "more users than client.max_in_flight, %d: they would wait in the generator", s.Client.MaxInFlight)
	}
	if think := child(root, "think"); think != nil {
		r.check(s.Model == Closed, "think", think, "is for the users of a closed model; a flow has think as a step")
	}
	if len(r.faults) == 0 {
		err := pace.Check(s.Stages)
		r.check(err == nil, "stages", stages, "%v", err)
	}
}
