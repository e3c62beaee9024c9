package pgsim

import (
	"time"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// decideReservation is the state machine of points and coupons. A reference has at most one reservation, ever:
//
//	            ┌─► EXPIRED  (time)
//	reserve ─► HELD ─► RELEASED  (release)
//	            └────► CAPTURED  (confirm) ─► VOIDED  (void, while nothing of it was refunded)
//
// What it holds or takes comes from the wallet of its source, and goes back there: see wallet.go.
//
// What was released or voided, even before it came, is never reserved again: a reserve that was overtaken by its own
// release must not hold money that nobody will release.
func decideReservation(t *turn) verdict {
	switch op := t.request.op; {
	case op == script.Inquiry:
		return t.inquire()
	case op == script.Refund:
		return t.decideRefund()
	case op == script.Reserve:
		return t.reserve()
	case t.decline != "":
		return t.refuse(t.decline)
	case op == script.Confirm:
		return t.confirm()
	case op == script.Release:
		return t.release()
	default:
		return t.void()
	}
}

func (t *turn) reserve() verdict {
	x := &t.record.first
	switch {
	case x.live():
		return t.refuse(codeAlreadyHeld)
	case x.id != 0 || t.record.tombstone:
		return t.refuse(codeTombstoned)
	case t.decline != "":
		return t.declined(t.decline)
	}
	if code := t.wallet.lacks(t.means, t.request.Amount); code != "" {
		return t.declined(code)
	}
	e := t.entry(book.Held, "")
	e.ExpiresAt = t.now.Add(time.Duration(t.request.TTLSeconds) * time.Second)
	return t.book("held", e)
}

func (t *turn) confirm() verdict {
	x := &t.record.first
	switch {
	case x.id == 0 && t.record.tombstone, x.id != 0 && x.status == voided:
		return t.refuse(codeTombstoned)
	case x.id == 0:
		return t.refuse(codeNotFound)
	case x.status == captured:
		return t.repeat("captured", x)
	case x.status == released:
		return t.refuse(codeReleased)
	case x.status == expired:
		return t.refuse(codeExpired)
	}
	return t.book("captured", t.on(book.Captured, x))
}

func (t *turn) release() verdict {
	x := &t.record.first
	switch {
	case x.id == 0 && t.record.tombstone, x.status == released, x.status == expired:
		return t.repeat("released", x)
	case x.id == 0:
		return t.book("released", t.entry(book.Released, ""))
	case x.status == held:
		return t.book("released", t.on(book.Released, x))
	}
	// Voided counts as captured here: "released" would claim that the money was never taken.
	return t.refuse(codeCaptured)
}

func (t *turn) void() verdict {
	x := &t.record.first
	switch {
	case x.id == 0 || x.status == released || x.status == expired:
		return t.refuse(codeNotFound)
	case x.status == held:
		return t.refuse(codeHeld)
	case t.record.refunds != nil:
		return t.refuse(codeRefunded)
	case x.status == voided:
		return t.repeat("voided", x)
	}
	v := t.book("voided", t.on(book.Voided, x))
	v.answer.voided = 1
	return v
}
