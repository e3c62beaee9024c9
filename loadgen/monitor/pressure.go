package monitor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// pressure reads /proc/pressure (PSI, kernel.org/doc/html/latest/accounting/psi.html): for which share of the time some
// task, or all of them (full), had to wait for CPU, memory or disk. A kernel without it has no such files.
func (h *host) pressure(v Values) error {
	for _, resource := range []string{"cpu", "memory", "io"} {
		text, err := os.ReadFile(h.root + "proc/pressure/" + resource)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the pressure: %w", err)
		}
		now := time.Now()
		stalls, err := decodePressure(string(text))
		if err != nil {
			return fmt.Errorf("read /proc/pressure/%s: %w", resource, err)
		}
		for kind, s := range stalls {
			if resource == "cpu" && kind == "full" {
				continue // of the whole machine it is 0 by definition
			}
			key := "psi_" + resource + "_" + kind
			if share, ok := h.rate(key, s.total.Seconds(), now); ok {
				v.put("host", key+"_pct", min(share*100, 100))
			}
			if kind == "some" {
				v.put("host", key+"_avg10_pct", s.avg10)
			}
		}
	}
	return nil
}

// stall is one line of a pressure file.
type stall struct {
	avg10 float64 // percent of the last 10 s
	total time.Duration
}

// decodePressure reads lines such as "some avg10=1.25 avg60=1.37 avg300=3.44 total=7854803727", total in microseconds.
func decodePressure(text string) (map[string]stall, error) {
	stalls := map[string]stall{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "some" && fields[0] != "full" {
			return nil, fmt.Errorf("unknown line %q", line)
		}
		var s stall
		var found int
		for _, field := range fields[1:] {
			name, value, _ := strings.Cut(field, "=")
			var err error
			switch name {
			case "avg10":
				s.avg10, err = strconv.ParseFloat(value, 64)
				found++
			case "total":
				var micros uint64
				micros, err = strconv.ParseUint(value, 10, 53)
				s.total = time.Duration(micros) * time.Microsecond
				found++
			}
			if err != nil || !(s.avg10 >= 0 && s.avg10 <= 100) {
				return nil, fmt.Errorf("unreadable %s in %q", name, line)
			}
		}
		if found != 2 {
			return nil, fmt.Errorf("no avg10 and total in %q", line)
		}
		stalls[fields[0]] = s
	}
	return stalls, nil
}

// decodeTimeWait finds "TCP: inuse 27 orphan 0 tw 3 alloc 29 mem 3" in /proc/net/sockstat.
func decodeTimeWait(text string) (float64, error) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "TCP:" {
			continue
		}
		for i := 1; i+1 < len(fields); i += 2 {
			if fields[i] != "tw" {
				continue
			}
			waiting, err := strconv.ParseUint(fields[i+1], 10, 32)
			if err != nil {
				return 0, fmt.Errorf("unreadable tw in /proc/net/sockstat: %w", err)
			}
			return float64(waiting), nil
		}
	}
	return 0, errors.New("no line TCP: with tw in /proc/net/sockstat")
}
