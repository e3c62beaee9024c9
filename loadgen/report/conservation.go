package report

import (
	"fmt"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/verify"
)

// Conservation says whether the totals agree with each other, and with what the verifier counted in the journal.
type Conservation struct {
	Holds      bool     `json:"holds"`
	Mismatches []string `json:"mismatches,omitempty"` // each with its two numbers
}

// Totals are counts of one thing by two that do not know of each other.
type Totals struct {
	What          string
	Ours, Theirs  int64
	OursBy, Other string
}

// Balance are the equations that the counts alone must fulfil. open and errands is what the engine still had on its way when
// it ended: payments, and what merchants do about them.
func Balance(c record.Counts, open, errands int64) []Totals {
	ends := c.Paid + c.Failed + c.Rejected + c.GaveUp
	return []Totals{
		{"payments planned", c.Planned, c.Sent + c.Unsent, "planned", "sent + unsent"},
		{"payments sent", c.Sent, ends + open, "sent", "paid + failed + rejected + given up + open at the end"},
		{"cancellations and probes", c.Cancels.Pending + c.Probes.Pending, errands, "asked for and not ended", "open at the end"},
	}
}

// Journaled are the equations with what the verifier counted in the journal.
func Journaled(c record.Counts, v *verify.Verdict) []Totals {
	return []Totals{
		{"payments sent", c.Sent, int64(v.Sent), "the client's count", "the journal's"},
		{"cancellations", c.Cancels.Asked, v.CancellationsSent, "the client's count", "the journal's"},
		{"attempts of probes", c.Probes.Attempts, v.Probes, "the client's count", "the journal's"},
		{"callbacks", c.Callbacks.Received, int64(v.Callbacks), "the client's count", "the journal's"},
	}
}

// Conserve keeps the totals that do not agree.
func (r *Result) Conserve(totals ...Totals) {
	for _, t := range totals {
		if t.Ours != t.Theirs {
			r.Conservation.Mismatches = append(r.Conservation.Mismatches, fmt.Sprintf("%s: %s is %d, %s is %d", t.What, t.OursBy, t.Ours, t.Other, t.Theirs))
		}
	}
	r.Conservation.Holds = len(r.Conservation.Mismatches) == 0
}
