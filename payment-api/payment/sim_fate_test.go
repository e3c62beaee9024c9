package payment_test

import (
	"time"

	"gazua.example/payment-api/payment"
)

// profile is what kind of trouble a run is in: runs that have much of one kind find more than runs that have a little of
// everything. Rates are in sixteenths; zero is none.
type profile struct {
	means    int         // of the calls to a means
	kinds    []behaviour // that go wrong in one of these ways
	where    string      // only forward calls, or only the others; empty: all
	store    int         // of the calls to the store
	storeHow behaviour   // go wrong like this
	breakers int         // of the looks at the breakers find one open
	switches int         // of the steps are another's, and not the one's who ran last
	freezes  int         // of the steps freeze somebody, in thirty-seconds
	before   string      // only in front of a call of this kind; empty: of any
	jumps    int         // of the steps let time pass though somebody could run, in thirty-seconds
	kills    int         // how many processes die at most
	long     bool        // time may pass the PG's window
}

var (
	rates    = [...]int{0, 3, 6, 10}
	troubles = [...][]behaviour{
		{silentAfter, silentBefore},
		{declines, silentAfter},
		{arrivesLate, arrivesSoon, silentBefore},
		{refusesDial, declines},
		{slow, garbage, broken, silentAfter},
		{arrivesLate},
		{silentAfter, silentBefore, declines, refusesDial, garbage, broken, arrivesSoon, arrivesLate, slow},
		{refusesDial},
	}
	places  = [...]string{"", "forward", "recovery", "refund"}
	moments = [...]string{"", "commit", "send", ""}
	skews   = [...]time.Duration{0, 7 * time.Second, -9 * time.Second, 0}
)

// tight are limits under which recovery turns a payment back while its charge may still be on its way.
func tight() payment.Limits {
	l := payment.DefaultLimits()
	l.ResolveDeadline, l.LateBound, l.Window, l.RescueAfter, l.Expires = 16*time.Second, 30*time.Second, 2*time.Minute, 20*time.Second, time.Minute
	return l
}

// hasty are limits under which recovery soon gives up, and a person has to look.
func hasty() payment.Limits {
	l := tight()
	l.LateBound, l.Window = 5*time.Second, 27*time.Second
	return l
}

func (s *simulation) drawProfile() {
	p := &s.profile
	s.limits = [...]func() payment.Limits{payment.DefaultLimits, tight, tight, hasty}[s.number(4, "limits")]()
	s.means.limits = s.limits
	if p.means = rates[s.number(4, "trouble with the means")]; p.means > 0 {
		p.kinds = troubles[s.number(len(troubles), "of a kind")]
		p.where = places[s.number(len(places), "where")]
	}
	if p.store = rates[s.number(4, "trouble with the store")] / 2; p.store > 0 {
		p.storeHow = [...]behaviour{notCommitted, ambiguous, ambiguous, answeredLate}[s.number(4, "of a kind")]
	}
	if s.number(4, "breakers") == 3 {
		p.breakers = 6
	}
	p.switches = 2 * rates[s.number(4, "preemption")] / 3
	if p.freezes = rates[s.number(4, "freezes")] / 2; p.freezes > 0 {
		p.before = moments[s.number(len(moments), "in front of")]
	}
	p.jumps = s.number(4, "jumps")
	p.kills = s.number(4, "kills")
	p.long = s.number(8, "long") == 7
	s.means.bound = s.number(2, "the PG has a late bound instead of tombstones") == 1
	if s.number(2, "clocks differ") == 1 {
		s.skew = map[string]time.Duration{}
		for i, process := range s.processes {
			s.skew[process.name] = skews[i]
		}
	}
}

// fate draws what becomes of a call.
func (s *simulation) fate(at point) behaviour {
	p := &s.profile
	switch {
	case s.healing:
		return works
	case at.call != nil:
		if p.hits(at.call.Op) && s.chance(p.means, "fault") {
			return p.kinds[s.number(len(p.kinds), "how")]
		}
	case at.verb == "breakers":
		if s.chance(p.breakers, "open") {
			return isOpen
		}
	default:
		if s.chance(p.store, "store fault") {
			return p.storeHow
		}
	}
	return works
}

func (p *profile) hits(op payment.Op) bool {
	switch p.where {
	case "forward":
		return forward(op)
	case "recovery":
		return !forward(op)
	case "refund":
		return op == payment.GiveBack
	}
	return true
}
