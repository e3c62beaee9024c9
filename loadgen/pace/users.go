package pace

import (
	"math"
	"time"
)

// UsersAt is how many virtual users a closed model has at this time from the start: in each stage they go in a straight
// line from one number to another. None afterwards.
func (p Plan) UsersAt(at time.Duration) int {
	if at >= p.Duration() {
		return 0
	}
	stage := p.StageAt(at)
	s := p.stages[stage]
	part := float64(at-p.starts[stage]) / float64(s.Duration)
	return int(math.Round(float64(s.UsersFrom) + float64(s.UsersTo-s.UsersFrom)*part))
}

// MoreUsersAt is when, after this time, there may be more of them; the end of the plan at the latest. Fewer need no moment
// of their own: whoever is too many leaves when he would begin anew.
func (p Plan) MoreUsersAt(after time.Duration) time.Duration {
	if after >= p.Duration() {
		return p.Duration()
	}
	stage := p.StageAt(after)
	s, start := p.stages[stage], p.starts[stage]
	end := start + s.Duration
	if s.UsersTo <= s.UsersFrom {
		return end
	}
	next := float64(p.UsersAt(after)) + 0.5 // where it is rounded up
	part := (next - float64(s.UsersFrom)) / float64(s.UsersTo-s.UsersFrom)
	return min(end, max(after+1, start+time.Duration(math.Ceil(part*float64(s.Duration)))))
}
