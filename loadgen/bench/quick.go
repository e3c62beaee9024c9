package bench

import "fmt"

// Quick is what CI looks at: one ratio, which holds on a noisy machine where no rate does.
type Quick struct {
	Line string
	Why  string // it is not good
	Code int
}

// Judge holds the ratio system/plain at that many clients against the lowest that is let through. A violated invariant
// comes first, then a run that says nothing: a ratio of such runs is none.
func (r *Report) Judge(clients, legs int, least float64) Quick {
	system := find(r.Cells, Place{Section: Grid, Mode: Sync, Legs: legs, Clients: clients, Contestant: System})
	plain := find(r.Cells, Place{Section: Grid, Mode: Sync, Legs: legs, Clients: clients, Contestant: Plain})
	x, ok := ratio(system, plain, "rate")
	q, verdict := Quick{Code: r.ExitCode()}, r.Verdict
	switch {
	case q.Code == 1:
		q.Why = "an invariant is violated; the runs above name it"
	case q.Code != 0 || !ok || r.Incomplete:
		q.Code, verdict, q.Why = 3, invalid, "it says nothing: not every run was complete and valid"
	case x.Ratio.Mean < least:
		q.Code, verdict, q.Why = 1, fail, fmt.Sprintf("grouped writes are only %.2f times as fast as the plain way at %d clients, and must be %g times", x.Ratio.Mean, clients, least)
	}
	q.Line = fmt.Sprintf("bench=quick clients=%d system=%s plain=%s ratio=%s ci=%s verdict=%s", clients, rateOf(system), rateOf(plain), number(x.Ratio.Mean, ok), interval(x.Ratio), verdict)
	return q
}

func rateOf(c *Cell) string {
	if c == nil {
		return "none"
	}
	return fmt.Sprintf("%.1f", c.Rate.Mean)
}

func number(v float64, known bool) string {
	if !known {
		return "none"
	}
	return fmt.Sprintf("%.2f", v)
}

func interval(f Figure) string {
	if f.Low == nil {
		return "none"
	}
	return fmt.Sprintf("[%.2f,%.2f]", *f.Low, *f.High)
}
