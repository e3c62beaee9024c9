package dump

import (
	"fmt"
	"io"
	"strings"
)

const (
	shownWaits   = 12 // of a process, on the first screen those that are suspicious
	shownBuckets = 25
	shownSpots   = 3
)

// WriteText writes the report for a person: the story first, then every process with its stacks.
func (r Report) WriteText(w io.Writer) {
	r.story(w)
	for _, p := range r.Processes {
		p.details(w)
	}
}

// WriteStory writes the first screen alone.
func (r Report) WriteStory(w io.Writer) { r.story(w) }

func (r Report) story(w io.Writer) {
	fmt.Fprintf(w, "Goroutines at %s", r.Taken.Format("2006-01-02 15:04:05 UTC"))
	if r.Dumps > 1 {
		fmt.Fprintf(w, ", %d times within %g s", r.Dumps, r.Seconds)
	}
	if r.Why != "" {
		fmt.Fprintf(w, ", because %s", r.Why)
	}
	fmt.Fprint(w, "\n\n")
	for _, p := range r.Processes {
		p.line(w)
	}
	r.suspicious(w)
	r.growing(w)
	r.contention(w)
	r.MySQL.write(w)
}

// line is one process: how many, and where most of them stand.
func (p Process) line(w io.Writer) {
	counts := strings.ReplaceAll(strings.Trim(fmt.Sprint(p.Goroutines), "[]"), " ", " → ")
	switch {
	case len(p.Goroutines) == 0:
		fmt.Fprintf(w, "  %-17s %s\n", p.Name, p.Note)
		return
	case p.Note != "":
		fmt.Fprintf(w, "  %-17s %s goroutines, then: %s\n", p.Name, counts, p.Note)
		return
	}
	var most []string
	for _, wait := range p.Waits {
		if len(most) < 3 && wait.Suspicious == "" {
			most = append(most, fmt.Sprintf("%d %s", wait.Count, wait.Kind))
		}
	}
	fmt.Fprintf(w, "  %-17s %s goroutines: %s\n", p.Name, counts, strings.Join(most, ", "))
}

func (r Report) suspicious(w io.Writer) {
	found := false
	for _, p := range r.Processes {
		for _, wait := range p.Waits {
			if wait.Suspicious == "" {
				continue
			}
			if !found {
				fmt.Fprint(w, "\nWho waits for what:\n")
				found = true
			}
			wait.write(w, p.Name)
		}
	}
	if !found {
		fmt.Fprint(w, "\nNobody waits for a lock, a pool or a receiver.\n")
	}
}

func (w Wait) write(to io.Writer, process string) {
	fmt.Fprintf(to, "  %s: %d wait for %s %s", process, w.Count, article(w.Kind), w.On)
	if w.Minutes > 0 {
		fmt.Fprintf(to, ", the longest for %d min", w.Minutes)
	}
	fmt.Fprintf(to, " (%s)\n", w.Suspicious)
	for _, h := range w.Holders {
		fmt.Fprintf(to, "      %s %s [%s] %s: %s\n", w.verb(), named(h.Count, h.Examples), h.State, h.At, h.Because)
	}
	if len(w.Holders) == 0 && (w.Kind == kindMutex || w.Kind == kindDatabase || w.Kind == kindHTTP) {
		fmt.Fprint(to, "      who holds it does not show: no other goroutine is inside\n")
	}
}

func (w Wait) verb() string {
	if w.Kind == kindSend || w.Kind == kindReceive {
		return "perhaps for"
	}
	return "held by"
}

func article(kind string) string {
	switch kind {
	case kindDatabase, kindHTTP:
		return "the " + kind + ":"
	case kindMutex:
		return "a mutex,"
	}
	return kind + " at"
}

// named names a few goroutines by their ids and counts more.
func named(count int, examples []int) string {
	if count == 1 {
		return fmt.Sprintf("goroutine %d", examples[0])
	}
	return fmt.Sprintf("%d goroutines (%d, …)", count, examples[0])
}

func (r Report) growing(w io.Writer) {
	found := false
	for _, p := range r.Processes {
		for _, g := range p.Growing[:min(len(p.Growing), 3)] {
			if !found {
				fmt.Fprint(w, "\nWhat grew from dump to dump:\n")
				found = true
			}
			counts := strings.ReplaceAll(strings.Trim(fmt.Sprint(g.Counts), "[]"), " ", " → ")
			fmt.Fprintf(w, "  %s: %s [%s] %s\n", p.Name, counts, g.State, g.At)
		}
	}
}

func (r Report) contention(w io.Writer) {
	found := false
	for _, p := range r.Processes {
		if p.Contention == nil {
			continue
		}
		for _, one := range []struct {
			what  string
			spots []Spot
		}{{"because a lock was held until", p.Contention.Mutex}, {"was waited for at", p.Contention.Block}} {
			for _, s := range telling(one.spots) {
				if !found {
					fmt.Fprintf(w, "\nWhat waiting cost in %g s, all goroutines together:\n", p.Contention.Seconds)
					found = true
				}
				fmt.Fprintf(w, "  %s: %.3f s in %d times: %s %s\n", p.Name, s.Waited, s.Times, one.what, s.At)
			}
		}
	}
	for _, p := range r.Processes {
		if p.Contention != nil && p.Contention.Note != "" {
			fmt.Fprintf(w, "\n%s: what waiting cost is not known: %s\n", p.Name, p.Contention.Note)
		}
	}
}

// telling are the spots that mean something by themselves: who waits for a channel in somebody else's library mostly waits for
// work.
func telling(spots []Spot) (shown []Spot) {
	for _, s := range spots {
		ours := strings.HasPrefix(s.At, "gazua.example/")
		if (s.Kind == "lock" || s.Kind == "send" || s.Kind == "receive" && ours) && len(shown) < shownSpots {
			shown = append(shown, s)
		}
	}
	return shown
}

func (m MySQL) write(w io.Writer) {
	switch {
	case m.Note != "":
		fmt.Fprintf(w, "\nMySQL: %s\n", m.Note)
	case len(m.Waits) == 0:
		fmt.Fprint(w, "\nMySQL: no transaction waits for a lock.\n")
	default:
		fmt.Fprint(w, "\nMySQL, transactions that wait for a lock:\n")
		for _, l := range m.Waits {
			fmt.Fprintf(w, "  %s: %s, for %g s: %s\n      blocked by: %s\n", l.Table, l.Lock, l.Waited, l.Waiting, l.Blocking)
		}
	}
}
