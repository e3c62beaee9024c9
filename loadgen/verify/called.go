package verify

import (
	"fmt"
	"slices"
)

// judgeSignature is the part of invariant 16 that needs no payment: a callback went to a merchant of ours, is signed with
// that merchant's secret, is fresh, and names a payment. One of an earlier run, which may still arrive, is judged as well.
func judgeSignature(v *Verdict, c *call) {
	v.check(16, 1)
	switch {
	case !c.believed():
		v.violated(16, &Case{ID: c.payment}, "", "a callback %q to merchant %d could not be taken: its %s is wrong", c.kind, c.merchant, c.fault)
	case c.payment == 0:
		v.violated(16, &Case{}, "", "a callback %q to merchant %d names payment %q", c.kind, c.merchant, c.named)
	}
}

// calledBack is the rest of invariant 16: whoever was answered 202 was called back with the true end at least once; what
// counts as delivered has arrived; and no callback went to another merchant or contradicts the database: its version is the
// step that it tells of, and what it says is canceled is what was, at that version.
func calledBack(v *Verdict, c *Case) {
	for i := range c.Called {
		if of := &c.Called[i]; of.believed() {
			if fault := c.contradiction(of); fault != "" {
				v.violated(16, c, "", "the callback %s (version %d) %s", of.kind, of.version, fault)
			}
		}
	}
	if c.Row == nil || c.Row.Missing {
		return // nothing to be called back for; that it is missing is invariant 7's
	}
	for i := range c.Seen {
		s := &c.Seen[i]
		if s.Promised && (c.Row.State == "PAID" || c.Row.State == "FAILED") {
			v.check(16, 1)
			if !c.heard(0, "payment."+lower[c.Row.State]) {
				v.violated(16, c, s.Order, "the request was answered 202, the payment is %s, and no callback told it", c.Row.State)
			}
		}
		for k := range s.Cancels {
			c.heardOfCancellation(v, s, &s.Cancels[k])
		}
	}
	for _, row := range c.Row.Callbacks {
		if len(c.Seen) > 0 && row.State == "DELIVERED" && !slices.ContainsFunc(c.Called, func(of call) bool { return of.version == row.Version && of.fault == "" }) {
			v.violated(16, c, "", "the callback of version %d is DELIVERED, and the merchant has not received it", row.Version)
		}
	}
}

func (c *Case) heardOfCancellation(v *Verdict, s *Seen, asked *SeenCancel) {
	of := c.Row.cancellation(asked.Seq)
	if !asked.Promised || of == nil || of.State != "SUCCEEDED" && of.State != "FAILED" {
		return
	}
	v.check(16, 1)
	if !c.heard(of.Seq, "cancellation."+lower[of.State]) {
		v.violated(16, c, s.Order, "the request was answered 202, cancellation %d has %s, and no callback told it", of.Seq, of.State)
	}
}

func (c *Case) heard(cancellation uint32, kind string) bool {
	return slices.ContainsFunc(c.Called, func(of call) bool {
		return of.fault == "" && of.cancellation == cancellation && of.kind == kind && of.merchant == c.Row.Merchant
	})
}

// lower is how the types of callbacks name the ends.
var lower = map[string]string{"PAID": "paid", "FAILED": "failed", "SUCCEEDED": "succeeded"}

// contradiction says what is wrong about a callback whose signature is valid.
func (c *Case) contradiction(of *call) string {
	row := c.Row
	if row == nil || row.Missing {
		return "is about a payment that the database does not have"
	}
	if of.merchant != row.Merchant {
		return fmt.Sprintf("went to merchant %d, and the payment is of %d", of.merchant, row.Merchant)
	}
	if of.version == 0 || int(of.version) > len(row.Events) {
		return fmt.Sprintf("has a version that the payment never had: it has %d", len(row.Events))
	}
	step, kind := row.Events[of.version-1], "payment."
	if step.Cancellation != 0 {
		kind = "cancellation."
	}
	switch {
	case step.Cancellation != of.cancellation || kind+lower[step.To] != of.kind || lower[step.To] == "":
		return fmt.Sprintf("is about cancellation %d (0: none), and with that version %s became %s", of.cancellation, row.subject(step.Cancellation), step.To)
	case of.state != step.To:
		return fmt.Sprintf("says %s, and %s became %s", of.state, row.subject(step.Cancellation), step.To)
	case of.canceled != row.canceledAt(of.version):
		return fmt.Sprintf("says that %d is canceled, and at that version it was %d", of.canceled, row.canceledAt(of.version))
	}
	return ""
}

func (p *Payment) subject(cancellation uint32) string {
	if cancellation == 0 {
		return "the payment"
	}
	return fmt.Sprintf("cancellation %d", cancellation)
}

// canceledAt is what had been canceled at a version.
func (p *Payment) canceledAt(version uint32) (sum int64) {
	for _, e := range p.Events {
		if e.Seq <= version && e.Cancellation != 0 && e.To == "SUCCEEDED" {
			if of := p.cancellation(e.Cancellation); of != nil {
				sum += of.Amount
			}
		}
	}
	return sum
}
