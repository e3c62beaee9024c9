package record

import (
	"time"

	"gazua.example/loadgen/callback"
	"gazua.example/loadgen/client"
	"gazua.example/loadgen/scenario"
)

// What is noted in the journal, fact by fact. See Entry for what each kind of line says.

// Planned notes a payment before its first byte goes out, so that no payment exists that the journal does not know.
func (j *Journal) Planned(p *scenario.Payment, merchant uint32, at time.Duration) {
	e := planned("p", p, merchant, at)
	j.add(&e)
}

// Unsent notes a payment that was due and never sent.
func (j *Journal) Unsent(number int, at time.Duration) {
	j.add(&Entry{Kind: "u", Number: number, At: at.Microseconds()})
}

// Attempt notes one attempt to create the payment.
func (j *Journal) Attempt(number int, a *client.Answer) {
	e := j.answered("a", number, a)
	j.add(&e)
}

// Look notes one GET of it.
func (j *Journal) Look(number int, a *client.Answer) {
	e := j.answered("g", number, a)
	j.add(&e)
}

// End notes how the payment ended for the client: PAID, FAILED, rejected or gave-up.
func (j *Journal) End(number int, id, end string, at time.Time) {
	j.add(&Entry{Kind: "f", Number: number, ID: id, State: end, At: j.since(at)})
}

// Cancel notes one attempt at the payment's cancellation which (from 0), which asks for so much.
func (j *Journal) Cancel(number, which int, asked int64, key string, a *client.Answer) {
	e := j.answered("c", number, a)
	e.Cancel, e.Amount, e.Key = which, asked, key
	j.add(&e)
}

// CancelLook notes one GET of it.
func (j *Journal) CancelLook(number, which int, a *client.Answer) {
	e := j.answered("cg", number, a)
	e.Cancel = which
	j.add(&e)
}

// CancelEnd notes how it ended for the client: SUCCEEDED, FAILED, rejected or gave-up. seq is 0 where the API gave none.
func (j *Journal) CancelEnd(number, which int, id string, seq int, end string, at time.Time) {
	j.add(&Entry{Kind: "cf", Number: number, Cancel: which, ID: id, Seq: seq, State: end, At: j.since(at)})
}

// Probe notes one attempt of a probe.
func (j *Journal) Probe(number int, what scenario.ProbeKind, key string, a *client.Answer) {
	e := j.answered("x", number, a)
	e.What, e.Key = string(what), key
	j.add(&e)
}

// ProbeLook notes one GET of the payment that a probe made.
func (j *Journal) ProbeLook(number int, what scenario.ProbeKind, a *client.Answer) {
	e := j.answered("xg", number, a)
	e.What = string(what)
	j.add(&e)
}

// ProbeEnd notes how a probe ended: answered, PAID, FAILED or gave-up.
func (j *Journal) ProbeEnd(number int, what scenario.ProbeKind, id, end string, at time.Time) {
	j.add(&Entry{Kind: "xf", Number: number, What: string(what), ID: id, State: end, At: j.since(at)})
}

// Callback notes a callback and what it was answered.
func (j *Journal) Callback(c *callback.Call) {
	j.add(&Entry{
		Kind: "w", Merchant: c.Merchant, What: c.Type, ID: c.Payment, Revision: c.Version, Seq: c.Seq, State: c.Status,
		Amount: c.Canceled, Signed: c.Signed, Done: j.since(c.At), Status: c.Answered, Class: c.Fault,
	})
}

func (j *Journal) answered(kind string, number int, a *client.Answer) Entry {
	return Entry{
		Kind: kind, Number: number, Sent: j.since(a.Sent), Done: j.since(a.Done), Status: a.Status, Class: a.Class,
		Problem: a.Problem, ID: a.ID, Seq: a.Seq, State: a.State, Order: a.Order, Amount: a.Amount, Hash: a.Hash, Replayed: a.Replayed,
	}
}

func (j *Journal) since(at time.Time) int64 { return at.Sub(j.start).Microseconds() }
