package run

// abandon closes the books of a run that was ended before everything in it was, once no worker runs any more. What has not
// ended waits in the heap. What of it was never sent does not count as open, so that the open payments, cancellations and
// probes are those that were sent and have no end; a payment in the middle of a flow, that was due and is not sent, is
// unsent. The scripts of flows are unwound.
func (e *Engine) abandon() {
	for _, o := range e.later.waiting {
		if o.walk != nil {
			o.walk.stop()
		}
		switch o.purpose.(type) {
		case paying:
			if o.attempts == 0 {
				e.open.Add(-1)
				e.pending.end(o.since)
				e.tally.Unsent.Add(1)
				e.journal.Unsent(o.number, o.planned)
			}
			if o.walk != nil && o.walk.turn.idle {
				e.errands.Add(-1) // the flow waits for its first payment, and is nowhere else
			}
		case canceling, probing:
			if o.attempts == 0 {
				e.errands.Add(-1)
			}
		default: // the turn of a flow, or its look at a payment
			e.errands.Add(-1)
		}
	}
}
