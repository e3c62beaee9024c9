package run

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"gazua.example/loadgen/report"
)

// stalls are the times since boot in which some task waited for a resource (/proc/pressure, PSI:
// https://docs.kernel.org/accounting/psi.html). The totals are used and not the averages, which know 10, 60 and 300 s only.
type stalls struct {
	at    time.Time
	some  map[string]time.Duration
	known bool // the kernel tells; one without PSI has no such files
}

func readStalls() stalls {
	s := stalls{at: time.Now(), some: map[string]time.Duration{}, known: true}
	for _, resource := range []string{"cpu", "memory", "io"} {
		text, err := os.ReadFile("/proc/pressure/" + resource)
		if err != nil {
			return stalls{}
		}
		if s.some[resource], err = decodeStall(string(text)); err != nil {
			return stalls{}
		}
	}
	return s
}

// decodeStall finds the total of a line such as "some avg10=1.25 avg60=1.37 avg300=3.44 total=7854803727", in µs.
func decodeStall(text string) (time.Duration, error) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "some" {
			continue
		}
		for _, field := range fields[1:] {
			if total, ok := strings.CutPrefix(field, "total="); ok {
				micros, err := strconv.ParseInt(total, 10, 53)
				if err != nil || micros < 0 {
					return 0, fmt.Errorf("the pressure's total %q is no number of µs", total)
				}
				return time.Duration(micros) * time.Microsecond, nil
			}
		}
	}
	return 0, fmt.Errorf("no line some with a total in %q", text)
}

// since is the share of the time between two readings, nil where the kernel does not tell.
func (s stalls) since(before stalls) *report.Pressure {
	took := s.at.Sub(before.at)
	if !s.known || !before.known || took <= 0 {
		return nil
	}
	share := func(resource string) float64 {
		return min(max((s.some[resource]-before.some[resource]).Seconds()/took.Seconds(), 0), 1)
	}
	return &report.Pressure{CPU: share("cpu"), Memory: share("memory"), IO: share("io")}
}
