package monitor

import (
	"fmt"

	"gazua.example/infra/stack/proc"
	"gazua.example/loadgen/census"
)

// follower sees what became of the processes since it looked last.
type follower struct {
	seen map[string]sighting
}

type sighting struct {
	alive
	state proc.State
}

// look returns the processes that live (paused ones do) and what happened to them, in words.
func (f *follower) look(processes []census.Process) (living []census.Process, events []string) {
	first := f.seen == nil
	now := map[string]sighting{}
	for _, p := range processes {
		s := sighting{alive{p.Name, p.PID, p.StartTicks}, p.State()}
		now[p.Name] = s
		if s.state == proc.Running || s.state == proc.Paused {
			living = append(living, p)
		}
		if first {
			continue
		}
		if what := change(f.seen[p.Name], s); what != "" {
			events = append(events, fmt.Sprintf("%s %s", p.Name, what))
		}
	}
	f.seen = now
	return living, events
}

// change says in a word what happened between two sightings of one name, or "".
func change(before, now sighting) string {
	running := now.state == proc.Running || now.state == proc.Paused
	switch {
	case before.name == "" && running:
		return "started"
	case before.name == "":
		return ""
	case before.alive != now.alive && running:
		return "restarted"
	case before.state == now.state:
		return ""
	case now.state == proc.Dead:
		return "died"
	case before.state == proc.Paused && now.state == proc.Running:
		return "resumed"
	}
	return string(now.state) // stopped, paused
}
