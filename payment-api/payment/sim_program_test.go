package payment_test

import (
	"context"
	"strconv"

	"gazua.example/payment-api/payment"
)

// Where actors live.
const (
	api1 = iota
	api2
	worker1
	worker2
)

// draw draws what everybody wants in this run.
func (s *simulation) draw() {
	s.drawProfile()
	creates := 1 + [...]int{0, 0, 1, 2}[s.number(4, "more creates")]
	for i := range creates {
		s.drawCreate(i)
	}
	for range s.number(3, "replays") {
		again := *s.attempts[s.number(creates, "of")]
		s.try(&again, "replay "+strconv.Itoa(len(s.attempts)), api2, nil)
	}
	for i := range s.number(4, "cancellations") {
		s.drawCancel(i, creates)
	}
	for i := range s.number(3, "people") {
		s.person("person "+strconv.Itoa(i+1), i == 0)
	}
	for i := range s.number(8, "resolvers") {
		s.actor("resolver "+strconv.Itoa(i+1), worker1+i%2, s.somethingDue, resolveAll)
	}
}

// The payments that are asked for, by their legs.
var wishes = [...][]leg{
	{{payment.PG, 3000}},
	{{payment.PG, 3000}, {payment.Point, 2000}},
	{{payment.PG, 3000}, {payment.Point, 2000}, {payment.Coupon, 1000}},
	{{payment.Point, 2000}},
	{{payment.PG, 3000}, {payment.Coupon, 1000}},
	{{payment.Point, 2000}, {payment.Coupon, 1000}},
}

// drawCreate draws the i-th create: of an order of its own, or of another one's; or with another one's key.
func (s *simulation) drawCreate(i int) {
	how := payment.How{Mode: payment.Sync}
	if s.number(2, "asynchronous") == 1 {
		how.Mode = payment.Async
	}
	at := &attempt{key: [32]byte{byte(i + 1)}, create: request("o-"+strconv.Itoa(i+1), wishes[s.number(len(wishes), "legs")]...), how: how}
	if i > 0 {
		first := s.attempts[0]
		switch s.number(4, "like the first") {
		case 1:
			at.create.OrderID = first.create.OrderID
		case 2:
			at.key, at.create, at.how = first.key, first.create, first.how
		case 3:
			at.key = first.key
		}
	}
	s.try(at, "create "+strconv.Itoa(i+1), i%2, nil)
	if how.Mode == payment.Sync && s.number(4, "does not wait") == 3 {
		s.early(at, i%2)
	}
}

// early is the end of a create's patience ("Prefer: wait"): the caller is answered while the work goes on.
func (s *simulation) early(at *attempt, process int) {
	ready := func() bool {
		r := s.created(at.key)
		return r != nil && r.payment.ID == at.claimed && !at.ended
	}
	s.actor("patience of "+strconv.Itoa(int(at.key[0])), process, ready, func(a *actor) {
		at.given = true
		p := s.created(at.key).payment
		answer, err := a.service.AnswerPending(context.Background(), &p)
		at.end(a, answer, p.ID, 0, false, err)
	})
}

// created is the payment that a key stands for, or nil.
func (s *simulation) created(key [32]byte) *row {
	if k := s.db.keys[keyID{1, key}]; k != nil {
		return s.db.row(k.payment)
	}
	return nil
}

// drawCancel draws a cancellation of the payment that one of the creates made.
func (s *simulation) drawCancel(i, creates int) {
	target := s.attempts[s.number(creates, "of")]
	r := &payment.CancelRequest{}
	if amount := [...]int64{0, 1000, 3000, 500, target.create.Amount, 7000, 2500, 5000}[s.number(8, "amount")]; amount > 0 {
		r.Amount = &amount
	}
	at := &attempt{key: [32]byte{99, byte(i), target.key[0]}, cancel: r, target: target.key}
	if last := s.attempts[len(s.attempts)-1]; last.cancel != nil && s.number(3, "the same key") == 2 {
		at.key, at.target = last.key, last.target
		if s.number(2, "another amount") == 0 {
			at.cancel = last.cancel
		}
	}
	impatient := s.number(4, "impatient") == 3
	s.try(at, "cancel "+strconv.Itoa(i+1), i%2, func() bool {
		r := s.created(at.target)
		return r != nil && (impatient || r.payment.State == payment.Paid)
	})
}

// sendMessages makes an actor of each message of an accepted payment: one, or two, or none.
func (s *simulation) sendMessages() {
	for ; s.messages < len(s.db.rows); s.messages++ {
		p := &s.db.rows[s.messages].payment
		if p.Mode != payment.Async {
			continue
		}
		times := 1
		if !s.healing {
			times = [...]int{1, 2, 0, 1}[s.number(4, "the message comes")]
		}
		for i := range times {
			id := p.ID
			a := s.actor("message of "+s.name(p.ID), worker1+i, nil, func(a *actor) {
				_, err := a.service.Start(context.Background(), id)
				a.tell(line{what: "is acknowledged", payment: id, effect: said(err)})
			})
			a.message = p.ID
		}
	}
}

// messageIsLost: nobody will read a message of this payment any more.
func (s *simulation) messageIsLost(id payment.ID) bool {
	for _, a := range s.actors {
		if a.message == id && !a.ended {
			return false
		}
	}
	return true
}

func (s *simulation) somethingDue() bool {
	next, some := s.db.nextDue()
	return some && !next.After(s.now)
}

// resolveAll takes up what is due, and works on it.
func resolveAll(a *actor) {
	due, err := a.service.TakeDue(context.Background(), 3)
	if err != nil {
		a.tell(line{what: "gives up", effect: err.Error()})
	}
	for _, d := range due {
		a.service.Resolve(context.Background(), d)
	}
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
