package run

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"gazua.example/loadgen/record"
)

// alarm decides, from the points of the series, when somebody should look at what the goroutines wait for. It rings once a
// run: what comes after the first trouble is most often its consequence.
type alarm struct {
	p99s *hdrhistogram.Histogram // of the load's intervals so far, µs
	seen float64                 // t of the last point
	rang bool
}

// When it rings.
const (
	alarmAfter   = 30 * time.Second // of load: before it nobody knows what is usual
	alarmFactor  = 10               // of the usual p99
	alarmPending = 90 * time.Second // age of the oldest payment that is not final: what a means never answers is undone after 60 s
	alarmLeast   = 10               // intervals with an answer, until something is usual
)

func newAlarm() *alarm {
	return &alarm{p99s: hdrhistogram.New(1, time.Hour.Microseconds(), 2)} // a few KB, however long the run
}

// look takes the last point, and says why one should look; "" for no reason. A point is taken once.
func (a *alarm) look(p *record.Point) (why string) {
	if a.rang || p.Phase != "load" || p.T <= a.seen {
		return ""
	}
	a.seen = p.T
	why = a.reason(p)
	a.rang = why != ""
	if p.Sync.N > 0 {
		_ = a.p99s.RecordValue(min(max(int64(p.Sync.P99*1000), 1), a.p99s.HighestTrackableValue())) // within its range
	}
	return why
}

func (a *alarm) reason(p *record.Point) string {
	if p.T < alarmAfter.Seconds() {
		return ""
	}
	if p.OldestPending > alarmPending.Seconds() {
		return fmt.Sprintf("the oldest pending payment was %.0f s old", p.OldestPending)
	}
	if p.Sync.N == 0 || a.p99s.TotalCount() < alarmLeast {
		return ""
	}
	// Of some hundred answers a second the p99 is one or two payments, and a means that was silent to just those is no
	// trouble of the system: the tenth slowest must be slower than the p99 usually is, too.
	usual := float64(a.p99s.ValueAtQuantile(50)) / 1000
	if p.Sync.P99 > alarmFactor*usual && p.Sync.P90 > usual {
		return fmt.Sprintf("the p99 of a second was %.0f ms, and is usually %.0f ms", p.Sync.P99, usual)
	}
	return ""
}
