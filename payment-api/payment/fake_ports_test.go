package payment_test

import (
	"context"
	"time"

	"gazua.example/payment-api/payment"
)

// ports is how one goroutine of one process reaches the outside: every call passes the gate, which decides when it happens
// and what goes wrong with it.
type ports struct {
	*outside
	gate    gate
	process string
}

// gate stands before every call to the outside. It may not let it return: then the process has died.
type gate interface {
	enter(at point) behaviour   // before the call's effect
	leave()                     // after it
	sleep(d time.Duration)      // the answer takes that long
	tell(l line)                // what happened, for the reader
	allowedToSend(payment.Call) // right before the bytes of a call go out
}

// point is where a goroutine stands: right before this call.
type point struct {
	verb string
	call *payment.Call // to a means, or nil
}

// behaviour is how a call goes.
type behaviour int

const (
	works behaviour = iota
	// Of a means.
	slow         // works; the answer takes all but the whole time-out
	declines     // a documented no
	refusesDial  // provably not processed: not connected, or 429
	garbage      // done, and the answer cannot be read
	broken       // nothing done, 5xx
	silentAfter  // done, no answer
	silentBefore // nothing done, no answer
	arrivesSoon  // no answer; it arrives after some seconds
	arrivesLate  // no answer; it arrives at the last moment of the late bound
	behaviours   // how many a means has
	// Of the store.
	notCommitted
	ambiguous    // committed, and told that nobody can tell
	answeredLate // committed, and told so when a good part of the lease is over
	// Of a breaker.
	isOpen
)

func forward(op payment.Op) bool {
	return op == payment.Charge || op == payment.Reserve || op == payment.Confirm
}

// ---- payment.Gateway

func (p *ports) Reachable(...payment.Leg) bool {
	how := p.gate.enter(point{verb: "breakers"})
	p.gate.leave()
	if how == isOpen {
		p.gate.tell(line{what: "breakers", effect: "one is open"})
	}
	return how != isOpen
}

func (p *ports) Do(_ context.Context, c payment.Call) payment.Reply {
	how := p.gate.enter(point{verb: string(c.Op), call: &c})
	if !c.SendBy.IsZero() && p.clock(p.process).Now().After(c.SendBy) {
		p.tellCall(&c, "not sent: the send-by deadline has passed", payment.Reply{})
		return payment.Reply{Result: payment.TooLate, Code: "send-by"}
	}
	if how == refusesDial {
		p.tellCall(&c, "not processed", payment.Reply{})
		return payment.Reply{Result: payment.NotProcessed, Code: "not-connected"}
	}
	p.gate.allowedToSend(c)
	r := requestOf(c, p.now)
	reply, patience := p.send(&c, &r, how)
	p.gate.leave()
	if patience > 0 {
		p.gate.sleep(patience)
	}
	return reply
}

// send lets the means see the request, or not, and says what the caller learns and how long that takes.
func (p *ports) send(c *payment.Call, r *wire, how behaviour) (payment.Reply, time.Duration) {
	silence := payment.Reply{Code: "timeout"}
	if c.Op == payment.Inquiry && how >= silentAfter { // whether it arrives or not, and when: nobody sees what it finds
		how = silentBefore
	}
	switch how {
	case broken:
		p.tellCall(c, "nothing done, 503", silence)
		return payment.Reply{Code: "http-503"}, 0
	case silentBefore:
		p.tellCall(c, "never arrives, no answer", silence)
		return silence, p.limits.MeansTimeout
	case arrivesSoon, arrivesLate:
		way := p.limits.LateBound
		if how == arrivesSoon {
			way /= 3
		}
		p.tellCall(c, "on its way, no answer", silence)
		p.means.flying = append(p.means.flying, flight{*r, p.now.Add(way)})
		return silence, p.limits.MeansTimeout
	}
	r.decline = how == declines
	reply := p.means.decide(r)
	switch how {
	case garbage:
		p.tellCall(c, "done, the answer is garbage", reply)
		return payment.Reply{Code: "garbage"}, 0
	case silentAfter:
		p.tellCall(c, "done, no answer", reply)
		return silence, p.limits.MeansTimeout
	}
	p.tellCall(c, "", reply)
	if how == slow {
		return reply, p.limits.MeansTimeout - time.Millisecond
	}
	return reply, 0
}

func (p *ports) tellCall(c *payment.Call, effect string, reply payment.Reply) {
	l := line{what: string(c.Op), payment: c.Payment.ID, leg: c.Leg.Seq, effect: effect, reply: reply}
	if c.Cancellation != nil {
		l.cancellation = c.Cancellation.Seq
	}
	p.gate.tell(l)
}

// ---- payment.Delivery

func (p *ports) Lost(_ context.Context, id payment.ID) (lost bool, err error) {
	err = p.transaction("delivery", func() { lost = p.lost(id) })
	return lost, err
}

// transaction runs one transaction of the store: it happens, or not, or it happens and nobody says so.
func (p *ports) transaction(verb string, do func()) error {
	how := p.gate.enter(point{verb: verb})
	if how == notCommitted {
		p.gate.tell(line{what: verb, effect: "not committed: the store is not available"})
		return payment.ErrUnavailable
	}
	do()
	p.gate.leave()
	if how == answeredLate {
		p.gate.sleep(p.limits.Lease - p.limits.Margin)
	}
	if how == ambiguous {
		p.gate.tell(line{what: verb, effect: "… committed, but told that nobody can tell"})
		return payment.ErrUnavailable
	}
	return nil
}
