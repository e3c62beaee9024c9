package scenario

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// maxTimedFaults and longestTimed bound a schedule: the mock takes no more.
const (
	maxTimedFaults = 64
	longestTimed   = 24 * time.Hour
)

// TimedFault is a fault that all requests to the means meet for a while, whatever their tokens say (Override), or only
// those whose tokens say nothing. After counts from the run's start.
type TimedFault struct {
	After    time.Duration `json:"after_ns"`
	For      time.Duration `json:"for_ns"`
	Script   string        `json:"script"`
	Override bool          `json:"override,omitempty"`
	Means    Means         `json:"means,omitempty"` // "": all of them
	Share    float64       `json:"share"`           // of the requests that it could strike
}

// FaultBetween says whether a timed fault was on at any moment between the two, counted from the run's start.
func (s *Scenario) FaultBetween(from, to time.Duration) bool {
	for _, f := range s.Faults {
		if from < f.After+f.For && to > f.After {
			return true
		}
	}
	return false
}

func (r *reader) timedFaults(at string, n *yaml.Node) (all []TimedFault) {
	r.list(at, n, maxTimedFaults, func(at string, n *yaml.Node) {
		f := TimedFault{Share: 1}
		r.fields(at, n, fields{
			"after":  func(at string, n *yaml.Node) { f.After = r.duration(at, n, 0, longestTimed) },
			"for":    func(at string, n *yaml.Node) { f.For = r.duration(at, n, time.Millisecond, longestTimed) },
			"script": func(at string, n *yaml.Node) { f.Script = r.wishes(at, n) },
			"means":  func(at string, n *yaml.Node) { f.Means = r.oneMeans(at, n) },
			"share": func(at string, n *yaml.Node) {
				f.Share = r.share(at, n)
				r.check(f.Share > 0 || r.failed(at), at, n, "must be above 0%%")
			},
			"override": func(at string, n *yaml.Node) { f.Override = r.yes(at, n) },
		})
		for _, field := range []string{"after", "for", "script"} {
			r.check(child(n, field) != nil, at+"."+field, n, "is missing")
		}
		all = append(all, f)
	})
	return all
}

// lates are the delays of late charges that a script asks for.
func lates(script string) (all []time.Duration) {
	for _, text := range strings.FieldsFunc(script, func(c rune) bool { return strings.ContainsRune(";=,", c) }) {
		if by, late := (Outcome{Text: text}).late(); late {
			all = append(all, by)
		}
	}
	return all
}

func (r *reader) yes(at string, n *yaml.Node) bool {
	r.check(n.Value == "true" || n.Value == "false", at, n, "must be true or false, not %q", n.Value)
	return n.Value == "true"
}

// wishes reads a token's script: gz1;charge=5xx/503;inquiry=ok@fixed/5ms.
func (r *reader) wishes(at string, n *yaml.Node) string {
	segments := strings.Split(n.Value, ";")
	ok := segments[0] == "gz1" && len(segments) > 1 && len(n.Value) <= maxToken
	r.check(ok, at, n, "must be a script such as gz1;charge=5xx/503, at most %d bytes, not %q", maxToken, n.Value)
	if !ok {
		return ""
	}
	seen := map[string]bool{}
	for _, segment := range segments[1:] {
		operation, steps, _ := strings.Cut(segment, "=")
		known := operationNumber(operation) < uint64(len(operationNumbers))
		r.check(known, at, n, "%q is no operation; there are %s", operation, strings.Join(operationNumbers, ", "))
		r.check(!seen[operation], at, n, "%s is there twice", operation)
		if seen[operation] = true; !known {
			continue
		}
		for step := range strings.SplitSeq(steps, ",") {
			outcome, pause, delayed := strings.Cut(step, "@")
			if fault := checkOutcome(operation, outcome); outcome != "ok" {
				r.check(fault == "", at, n, "%s=%s: %s", operation, outcome, fault)
			}
			_, err := parseDelay(pause)
			r.check(!delayed || err == nil, at, n, "%s=%s: the delay %v", operation, step, err)
		}
	}
	return n.Value
}

// maxToken is the longest that the system takes.
const maxToken = 512
