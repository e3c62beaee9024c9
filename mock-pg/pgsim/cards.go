package pgsim

import (
	"fmt"
	"time"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// The two kinds of PGs that there are. They differ in what a net-cancel is worth when it overtakes the charge that it
// shall end, because that charge is still on its way:
//
//	tombstone   a charge of a reference that was net-cancelled is refused, whenever it comes
//	bound       nothing is remembered, but a charge that is decided more than the late bound after it was received is
//	            refused: so who inquires later than that after the net-cancel, and finds nothing, may rely on it
const (
	ProfileTombstone = "tombstone"
	ProfileBound     = "bound"
)

// Profiles lists them.
var Profiles = []string{ProfileTombstone, ProfileBound}

// cards is the state machine of cards.
//
//	charge      always books: a client that sends twice must be seen to have charged twice. Refused when it is tombstoned
//	            or too late. A PG that deduplicates, an option which is off by default, answers with the first result
//	            instead, even when that was voided since, and so hides that it was sent twice.
//	void        ends every live charge of the reference; later charges are booked again. Refused once money of it was refunded.
//	net-cancel  the same, and leaves a tombstone, also where nothing is known of the reference; with a late bound, none.
type cards struct {
	lateBound   time.Duration // 0: net-cancels leave tombstones
	deduplicate bool          // the first result of a reference is its result for ever
}

func newCards(profile string, lateBound time.Duration, deduplicate bool) (cards, error) {
	switch {
	case profile == ProfileTombstone:
		return cards{deduplicate: deduplicate}, nil
	case profile != ProfileBound:
		return cards{}, fmt.Errorf("there is no PG profile %q; there are %s and %s", profile, ProfileTombstone, ProfileBound)
	case lateBound <= 0:
		return cards{}, fmt.Errorf("the PG's late bound of %s must be above 0", lateBound)
	}
	return cards{lateBound: lateBound, deduplicate: deduplicate}, nil
}

func (c cards) decide(t *turn) verdict {
	switch op := t.request.op; {
	case op == script.Inquiry:
		return t.inquire()
	case op == script.Refund:
		return t.decideRefund()
	case op == script.Charge:
		return c.charge(t)
	case t.decline != "":
		return t.refuse(t.decline)
	case t.record.refunds != nil:
		return t.refuse(codeRefunded)
	case op == script.NetCancel:
		return c.netCancel(t)
	case t.record.first.id == 0: // void
		return t.refuse(codeNotFound)
	default:
		return t.voidAll("voided")
	}
}

func (c cards) charge(t *turn) verdict {
	switch {
	case t.record.tombstone:
		return t.refuse(codeTombstoned)
	case c.lateBound > 0 && t.now.Sub(t.received) > c.lateBound:
		return t.refuse(codeTooLate)
	case c.deduplicate && t.record.first.id != 0:
		return t.repeat("approved", &t.record.first)
	case c.deduplicate && t.record.declinedFor != "":
		return verdict{answer: answer{result: "declined", code: t.record.declinedFor, repeated: true}}
	case t.decline != "":
		return t.declined(t.decline)
	}
	return t.book("approved", t.entry(book.Charged, ""))
}

func (c cards) netCancel(t *turn) verdict {
	v := t.voidAll("canceled")
	code := ""
	if c.lateBound > 0 {
		code = codeNoTombstone
	}
	v.entries = append(v.entries, t.entry(book.Canceled, code))
	v.answer.repeated = false
	return v
}
