package report

import (
	"fmt"
	"io"
	"os"
	"time"
)

// Live shows how a run goes: on a terminal one line that is written over once a second, elsewhere a line now and then,
// so that a log stays readable.
type Live struct {
	out      io.Writer
	terminal bool
	every    time.Duration
	last     time.Time
	phase    string
	open     bool // the line on the terminal is not ended
}

// Moment is what the line says.
type Moment struct {
	Phase   string
	Elapsed time.Duration
	Left    time.Duration
	Rate    float64 // payments sent a second, lately
	P99     float64 // ms, planned → response of synchronous payments, lately
	Faults  int64
	Backlog int64  // accepted and not final
	Note    string // what the phase waits for
}

// NewLive writes to a file; it is a terminal or it is not. every is the interval where it is not.
func NewLive(out *os.File, every time.Duration) *Live {
	info, err := out.Stat()
	return &Live{out: out, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0, every: every}
}

// Show writes the moment if it is time to; a new phase always shows.
func (l *Live) Show(now time.Time, m Moment) {
	if !l.terminal && m.Phase == l.phase && now.Sub(l.last) < l.every-100*time.Millisecond {
		return
	}
	l.last, l.phase = now, m.Phase
	text := fmt.Sprintf("%-8s %7s  rate %7.1f/s  p99 %7.1f ms  errors %d  backlog %d  left %s",
		m.Phase, m.Elapsed.Round(time.Second), m.Rate, m.P99, m.Faults, m.Backlog, m.Left.Round(time.Second))
	if m.Note != "" {
		text += "  " + m.Note
	}
	if l.terminal {
		fmt.Fprintf(l.out, "\r\x1b[K%s", text)
		l.open = true
		return
	}
	fmt.Fprintln(l.out, text)
}

// Say writes a sentence on a line of its own.
func (l *Live) Say(format string, args ...any) {
	if l.open {
		fmt.Fprintln(l.out)
		l.open = false
	}
	fmt.Fprintf(l.out, format+"\n", args...)
}
