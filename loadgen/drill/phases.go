package drill

import (
	"time"
)

// PhaseSeen is one phase of one shutdown, as the process that went through it has logged it.
type PhaseSeen struct {
	Process string        `json:"process"`
	Phase   string        `json:"phase"`
	Ended   time.Duration `json:"ended_ns"` // by the run's clock
	Lasted  time.Duration `json:"lasted_ns"`
	Outcome string        `json:"outcome"`
	Left    string        `json:"left,omitempty"`
}

// The processes whose shutdown is taught.
var taught = []string{"payment-api-1", "payment-api-2", "payment-worker-1", "payment-worker-2"}

// phases reads every shutdown that happened during the load.
func (s *Scene) phases() (found []PhaseSeen, err error) {
	for _, name := range taught {
		delete(s.seen, name) // the whole log
		err := s.lines(name, func(line map[string]any, _ string) error {
			if line["msg"] != "shutdown phase" && line["msg"] != "shutdown ends" {
				return nil
			}
			text, _ := line["time"].(string)
			at, err := time.Parse(time.RFC3339Nano, text)
			if err != nil || at.Before(s.start) {
				return nil
			}
			elapsed, _ := line["elapsed_ms"].(float64)
			p := PhaseSeen{Process: name, Phase: "all", Ended: at.Sub(s.start), Lasted: time.Duration(elapsed * float64(time.Millisecond))}
			if phase, is := line["phase"].(string); is {
				p.Phase = phase
			}
			p.Outcome, _ = line["outcome"].(string)
			p.Left, _ = line["left"].(string)
			found = append(found, p)
			return nil
		})
		if err != nil && err != errNotLogged {
			return nil, err
		}
	}
	return found, nil
}
