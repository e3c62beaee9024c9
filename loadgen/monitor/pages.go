package monitor

import (
	"context"
	"slices"
)

// watched is a page's source with what ends it.
type watched struct {
	*asked
	stop context.CancelFunc
}

// look brings the list of processes up to date, and with it the pages that are asked.
func (m *monitor) look(ctx context.Context) ([]string, error) {
	processes, err := m.Stack.Processes()
	if err != nil {
		return nil, err
	}
	living, events := m.follower.look(processes)
	var list []alive
	pages := map[alive]watched{}
	for _, p := range living {
		a := alive{p.Name, p.PID, p.StartTicks}
		list = append(list, a)
		if p.Admin == "" {
			continue
		}
		source, known := m.programs[a]
		if !known && len(m.fixed)+len(pages)+len(m.programs) < mostSources {
			reading, stop := context.WithCancel(ctx)
			page := &program{name: p.Name, url: "http://" + p.Admin + "/metrics", client: m.pages, counters: counters{}}
			source, known = watched{serve(reading, "the metrics of "+p.Name, page, m.bound(), m.answers), stop}, true
		}
		if known {
			pages[a] = source
		}
		delete(m.programs, a)
	}
	for _, gone := range m.programs {
		gone.stop()
	}
	m.programs = pages
	if m.Generator != 0 {
		list = append(list, alive{name: "loadgen", pid: m.Generator})
	}
	m.living.Store(&list)
	return events, nil
}

func (m *monitor) sources() []*asked {
	all := slices.Clone(m.fixed)
	for _, p := range m.programs {
		all = append(all, p.asked)
	}
	return all
}
