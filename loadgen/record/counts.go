package record

// Counts is the conservation of a run: Planned = Sent + Unsent, and
// Sent = Paid + Failed + Rejected + GaveUp + Pending. Pending is what was given up because the run was ended before its
// payment was.
type Counts struct {
	Planned   int64          `json:"planned"`
	Sent      int64          `json:"sent"` // payments, not attempts
	Unsent    int64          `json:"unsent"`
	Paid      int64          `json:"paid"`
	Failed    int64          `json:"failed"`
	Rejected  int64          `json:"rejected"` // a definite 4xx
	GaveUp    int64          `json:"gave_up"`  // the merchant's deadline passed
	Pending   int64          `json:"pending"`
	Accepted  int64          `json:"accepted"` // promised with a 2xx
	Attempts  int64          `json:"attempts"`
	Looks     int64          `json:"looks"` // GETs
	Cancels   CancelCounts   `json:"cancellations"`
	Probes    ProbeCounts    `json:"probes"`
	Callbacks CallbackCounts `json:"callbacks"`

	Expectations ExpectationCounts `json:"expectations"`
}

// CancelCounts is that of the cancellations: Asked = Succeeded + Failed + Rejected + GaveUp + Pending.
type CancelCounts struct {
	Asked     int64 `json:"asked"` // cancellations, not attempts
	Succeeded int64 `json:"succeeded"`
	Failed    int64 `json:"failed"`
	Rejected  int64 `json:"rejected"` // a definite 4xx, also where the scenario asks for more than there is
	GaveUp    int64 `json:"gave_up"`
	Pending   int64 `json:"pending"`
	Attempts  int64 `json:"attempts"`
	Looks     int64 `json:"looks"`
}

// ProbeCounts is that of the probes: Sent = Answered + Paid + Failed + GaveUp + Pending.
type ProbeCounts struct {
	Sent     int64 `json:"sent"`     // probes, not attempts
	Answered int64 `json:"answered"` // refused, or with an answer given before
	Paid     int64 `json:"paid"`     // made a payment of its own, where the first had failed
	Failed   int64 `json:"failed"`   // the same
	GaveUp   int64 `json:"gave_up"`
	Pending  int64 `json:"pending"`
	Attempts int64 `json:"attempts"`
	Looks    int64 `json:"looks"`
}

// CallbackCounts of what was received.
type CallbackCounts struct {
	Received int64 `json:"received"`
	Refused  int64 `json:"refused"` // on purpose, so that it comes again
	Untaken  int64 `json:"untaken"` // a wrong signature, or not to be understood
}

// ExpectationCounts of the scenario's flows.
type ExpectationCounts struct {
	Checked int64 `json:"checked"`
	Unmet   int64 `json:"unmet"`
}

// Requests is how many went out and came in: what the generator's work is counted by.
func (c Counts) Requests() int64 {
	return c.Attempts + c.Looks + c.Cancels.Attempts + c.Cancels.Looks + c.Probes.Attempts + c.Probes.Looks + c.Callbacks.Received
}

// Counts reads the counters. The sums hold once the run is over.
func (t *Tally) Counts() Counts {
	c := Counts{
		Planned: t.Planned.Load(), Sent: t.Sent.Load(), Unsent: t.Unsent.Load(), Paid: t.Paid.Load(), Failed: t.Failed.Load(),
		Rejected: t.Rejected.Load(), GaveUp: t.GaveUp.Load(), Accepted: t.Accepted.Load(), Attempts: t.Attempts.Load(),
		Looks: t.Looks.Load(),
		Cancels: CancelCounts{
			Asked: t.Cancels.Begun.Load(), Succeeded: t.Cancels.Done.Load(), Failed: t.Cancels.Failed.Load(),
			Rejected: t.Cancels.Rejected.Load(), GaveUp: t.Cancels.GaveUp.Load(), Attempts: t.Cancels.Attempts.Load(), Looks: t.Cancels.Looks.Load(),
		},
		Probes: ProbeCounts{
			Sent: t.Probes.Begun.Load(), Answered: t.Probes.Rejected.Load(), Paid: t.Probes.Done.Load(), Failed: t.Probes.Failed.Load(),
			GaveUp: t.Probes.GaveUp.Load(), Attempts: t.Probes.Attempts.Load(), Looks: t.Probes.Looks.Load(),
		},
		Callbacks:    CallbackCounts{Received: t.Callbacks.Load(), Refused: t.CallbacksRefused.Load(), Untaken: t.CallbacksUntaken.Load()},
		Expectations: ExpectationCounts{Checked: t.Expected.Load(), Unmet: t.Unmet.Load()},
	}
	c.Pending = c.Sent - c.Paid - c.Failed - c.Rejected - c.GaveUp
	c.Cancels.Pending = c.Cancels.Asked - c.Cancels.Succeeded - c.Cancels.Failed - c.Cancels.Rejected - c.Cancels.GaveUp
	c.Probes.Pending = c.Probes.Sent - c.Probes.Answered - c.Probes.Paid - c.Probes.Failed - c.Probes.GaveUp
	return c
}
