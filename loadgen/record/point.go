package record

import "time"

// SeriesSchema names the format of series.jsonl. A reader refuses any other.
const SeriesSchema = "gazua.series/1"

// SeriesHeader is the first line of series.jsonl; each other line is a Point.
type SeriesHeader struct {
	Schema string    `json:"schema"`
	Run    string    `json:"run"`
	Start  time.Time `json:"start"`
}

// Point is one interval of the run, a second as a rule: T is its end, in seconds since the start. The counts are of the
// interval, the gauges are those of its end.
type Point struct {
	T     float64 `json:"t"`
	Phase string  `json:"phase"`           // load, settle
	Stage string  `json:"stage,omitempty"` // of the scenario, while there is load

	Seen
	Gauges

	Sync       Interval `json:"sync"`       // planned → response, synchronous
	Response   Interval `json:"response"`   // sent → response, every request
	Completion Interval `json:"completion"` // planned → final
	Own        Interval `json:"own"`        // planned → response, synchronous and PAID, less the delays that were asked for
	Lateness   Interval `json:"lateness"`   // planned → sent
}

// Seen are the counts of an interval.
type Seen struct {
	Planned        int64 `json:"planned"`
	Sent           int64 `json:"sent"`
	Unsent         int64 `json:"unsent"`
	Accepted       int64 `json:"accepted"`
	Paid           int64 `json:"paid"`
	Failed         int64 `json:"failed"`
	Rejected       int64 `json:"rejected"`
	GaveUp         int64 `json:"gave_up"`
	Attempts       int64 `json:"attempts"`
	Looks          int64 `json:"looks"`
	Callbacks      int64 `json:"callbacks"`
	Faults         int64 `json:"faults"`
	AsyncRequested int64 `json:"async_requested"` // accepted, and not final yet
	AsyncCompleted int64 `json:"async_completed"` // of those, whose end was seen
}

// Gauges are what is on its way at the end of an interval.
type Gauges struct {
	InFlight      int64   `json:"in_flight"` // requests
	Open          int64   `json:"open"`      // payments started and not final
	Backlog       int64   `json:"backlog"`   // of those, accepted
	OldestPending float64 `json:"oldest_pending_s"`
}

// Interval is a distribution within one second, in ms.
type Interval struct {
	N    int64   `json:"n"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

func interval(f Figures) Interval {
	return Interval{N: f.Count, P50: f.P50, P90: f.P90, P99: f.P99, P999: f.P999, Max: f.Max}
}

func (t *Tally) seen() Seen {
	return Seen{
		Planned: t.Planned.Load(), Sent: t.Sent.Load(), Unsent: t.Unsent.Load(), Accepted: t.Accepted.Load(), Paid: t.Paid.Load(),
		Failed: t.Failed.Load(), Rejected: t.Rejected.Load(), GaveUp: t.GaveUp.Load(), Attempts: t.Attempts.Load(), Looks: t.Looks.Load(),
		Callbacks: t.Callbacks.Load(), Faults: t.Faults(), AsyncRequested: t.Backlog.Requested(), AsyncCompleted: t.Backlog.Completed(),
	}
}

func (c Seen) minus(b Seen) Seen {
	return Seen{
		Planned: c.Planned - b.Planned, Sent: c.Sent - b.Sent, Unsent: c.Unsent - b.Unsent, Accepted: c.Accepted - b.Accepted, Paid: c.Paid - b.Paid,
		Failed: c.Failed - b.Failed, Rejected: c.Rejected - b.Rejected, GaveUp: c.GaveUp - b.GaveUp, Attempts: c.Attempts - b.Attempts,
		Looks: c.Looks - b.Looks, Callbacks: c.Callbacks - b.Callbacks, Faults: c.Faults - b.Faults,
		AsyncRequested: c.AsyncRequested - b.AsyncRequested, AsyncCompleted: c.AsyncCompleted - b.AsyncCompleted,
	}
}
