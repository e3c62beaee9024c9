package dump

import (
	"fmt"
	"io"
	"strings"
)

func (p Process) details(w io.Writer) {
	if len(p.Buckets) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n%s, %d goroutines, by what they wait for\n", strings.Repeat("─", 80), p.Name, p.Goroutines[len(p.Goroutines)-1])
	for _, wait := range p.Waits[:min(len(p.Waits), shownWaits)] {
		fmt.Fprintf(w, "  %6d  %s: %s\n", wait.Count, wait.Kind, wait.On)
	}
	for _, b := range p.Buckets[:min(len(p.Buckets), shownBuckets)] {
		fmt.Fprintf(w, "\n  %d × [%s%s]", b.Count, b.State, minutes(b.Minutes))
		if b.CreatedBy != "" {
			fmt.Fprintf(w, " begun by %s", b.CreatedBy)
		}
		fmt.Fprintln(w)
		for _, call := range b.Stack {
			fmt.Fprintf(w, "      %s\n", call)
		}
	}
	if more := len(p.Buckets) - shownBuckets; more > 0 {
		fmt.Fprintf(w, "\n  and %d smaller groups; the JSON beside this file has them\n", more)
	}
}

func minutes(m [2]int) string {
	switch {
	case m[1] == 0:
		return ""
	case m[0] == m[1]:
		return fmt.Sprintf(", %d min", m[0])
	}
	return fmt.Sprintf(", %d to %d min", m[0], m[1])
}
