package run

import (
	"gazua.example/loadgen/client"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
)

// probing is the purpose of a probe: a request that must not make a second payment. It ends with the first answer that
// means something. Only where the same order is asked for again, and its first payment has failed meanwhile, there is a
// new payment, and that is followed to its end.
type probing struct{}

// answered is the end of a probe that made no payment.
const answered = "answered"

func (probing) ask(e *Engine, _ int, o *open, p *scenario.Payment) (a client.Answer, end string) {
	if o.attempts == 1 {
		e.tally.Probes.Begun.Add(1)
	}
	e.tally.Probes.Attempts.Add(1)
	probe := p.Probes[o.which]
	request := probe.What.Request(*p)
	a = e.client.Create(&request, o.span())
	e.journal.Probe(o.number, probe.What, request.Key, &a)
	switch {
	case a.Again():
		if !probe.Early || a.Problem != "request-in-progress" { // which an early replay is out for
			e.fault(o.attempt(), &a)
		}
		return a, ""
	case !wantedAnswer(probe, &a):
		_, code := a.Fault()
		if a.Accepted() {
			code = a.State
		}
		e.tally.FaultOf(&a, record.Left, e.phase(a.Sent), "probe", string(probe.What)+" is answered "+code, a.Done)
	}
	if probe.What == scenario.SameOrder && a.Accepted() {
		return a, a.End()
	}
	return a, answered
}

// wantedAnswer says whether the rules know this answer to the probe. The verifier judges it with what else is known.
func wantedAnswer(probe scenario.Probe, a *client.Answer) bool {
	switch probe.What {
	case scenario.Replay:
		return a.Accepted()
	case scenario.ReuseKey:
		return a.Status == 422 && a.Problem == "idempotency-key-reused"
	}
	return a.Status == 409 && a.Problem == "order-already-paid" ||
		probe.Early && (a.Status == 409 && a.Problem == "order-in-progress" || a.Accepted())
}

func (probing) look(e *Engine, o *open, p *scenario.Payment) (a client.Answer, end string) {
	e.tally.Probes.Looks.Add(1)
	a = e.client.Read(p, o.id, o.span())
	e.journal.ProbeLook(o.number, p.Probes[o.which].What, &a)
	return a, a.End()
}

func (probing) end(e *Engine, _ int, o *open, p *scenario.Payment, end string, a *client.Answer) {
	id := o.id
	switch end {
	case "PAID":
		e.tally.Probes.Done.Add(1)
		id = a.ID
	case "FAILED":
		e.tally.Probes.Failed.Add(1)
		id = a.ID
	case answered:
		e.tally.Probes.Rejected.Add(1)
	default:
		e.tally.Probes.GaveUp.Add(1)
	}
	e.journal.ProbeEnd(o.number, p.Probes[o.which].What, id, end, a.Done)
}
