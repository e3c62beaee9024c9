package payment_test

import (
	"bytes"
	"context"
	"errors"

	"gazua.example/payment-api/payment"
)

// attempt is one request of a client, and what it was told.
type attempt struct {
	key    [32]byte
	create *payment.Request
	how    payment.How
	cancel *payment.CancelRequest
	target [32]byte // key of the create whose payment is to be canceled

	claimed payment.ID // what its create claimed
	given   bool       // the caller does not wait for the work any more
	ended   bool
	answer  payment.Answer
	id      payment.ID
	seq     uint32
	err     error
}

func (at *attempt) hash() [32]byte {
	if at.create != nil {
		return at.create.Hash()
	}
	return at.cancel.Hash()
}

// try makes an actor of an attempt.
func (s *simulation) try(at *attempt, name string, process int, ready func() bool) {
	s.attempts = append(s.attempts, at)
	s.actor(name, process, ready, func(a *actor) {
		if at.create != nil {
			a.attempt = at
			created, err := a.service.Create(context.Background(), 1, at.key, at.create, at.how)
			if !at.given {
				at.end(a, created.Answer, created.Payment, 0, created.Replayed, err)
			}
			return
		}
		target := s.created(at.target)
		canceled, err := a.service.Cancel(context.Background(), 1, target.payment.ID, at.key, at.cancel)
		at.end(a, canceled.Answer, canceled.Payment, canceled.Seq, canceled.Replayed, err)
	})
}

func (at *attempt) end(a *actor, answer payment.Answer, id payment.ID, seq uint32, replayed bool, err error) {
	at.ended, at.answer, at.id, at.seq, at.err = true, answer, id, seq, err
	l := line{what: "is told", payment: id, cancellation: seq}
	switch {
	case err != nil:
		l.effect = err.Error()
	case replayed:
		l.what, l.answer = "is told again", &at.answer
	default:
		l.answer = &at.answer
	}
	a.tell(l)
}

// judgeAnswers: what clients were told is what stands, byte for byte, the first time and every time after; and who was
// refused for good has left nothing behind.
func (s *simulation) judgeAnswers() {
	for _, at := range s.attempts {
		if !at.ended {
			continue
		}
		k := s.db.keys[keyID{1, at.key}]
		if at.err != nil {
			s.judgeRefusal(at, k)
			continue
		}
		switch {
		case k == nil:
			s.referee.object("acknowledged", "a request was answered with %d %s, and nothing of it is stored", at.answer.Status, at.answer.Body)
		case k.requestHash != at.hash():
			s.referee.object("acknowledged", "a request was answered with what another one with its key got: %d %s", at.answer.Status, at.answer.Body)
		case k.answer == nil || k.answer.Status != at.answer.Status || !bytes.Equal(k.answer.Body, at.answer.Body):
			s.referee.object("acknowledged", "a request was answered with %d %s, and what stands is %s", at.answer.Status, at.answer.Body, describe(k.answer))
		case k.payment != at.id || k.cancellation != at.seq:
			s.referee.object("acknowledged", "a request was told of %d.%d, and made %d.%d", at.id, at.seq, k.payment, k.cancellation)
		}
	}
}

func describe(a *payment.Answer) string {
	if a == nil {
		return "nothing"
	}
	return string(a.Body)
}

// judgeRefusal: an error is true, and where it is for good, none of the request's attempts made anything.
func (s *simulation) judgeRefusal(at *attempt, k *keyRow) {
	var e *payment.Error
	if !errors.As(at.err, &e) {
		s.referee.object("answers", "a request was told %v, which is no error for merchants", at.err)
		return
	}
	mine := k != nil && k.requestHash == at.hash()
	subject := s.db.row(e.Payment)
	switch e.Kind {
	case payment.KindInProgress:
		if !mine {
			s.referee.object("answers", "a request was told that it is in progress, and nothing of it is stored")
		}
	case payment.KindKeyReused:
		if k == nil || mine {
			s.referee.object("answers", "a request was told that its key was used for another, and it was not")
		}
	case payment.KindOrderPaid:
		if subject == nil || subject.payment.State != payment.Paid {
			s.referee.object("answers", "a request was told that its order is paid, and it is not")
		}
	case payment.KindPaymentFailed:
		if subject == nil || subject.payment.State != payment.Failed {
			s.referee.object("answers", "a request was told that its payment failed, and it did not")
		}
	case payment.KindUnavailable, payment.KindOrderBusy, payment.KindNotPaid, payment.KindCancelBusy, payment.KindCancelExceeds, payment.KindCouponWhole, payment.KindCancelTooLate:
	default:
		s.referee.object("answers", "a request was told %v", at.err)
	}
	if mine && s.refusedForGood(at) {
		s.referee.object("definite-rejection", "every attempt of a request was refused for good, and it made %d.%d", k.payment, k.cancellation)
	}
}

// refusedForGood says that every attempt of this request was answered, each with a no that promises that nothing was made.
func (s *simulation) refusedForGood(of *attempt) bool {
	for _, at := range s.attempts {
		if at.key != of.key || at.hash() != of.hash() {
			continue
		}
		var e *payment.Error
		if !at.ended || !errors.As(at.err, &e) || e.Kind == payment.KindUnavailable || e.Kind == payment.KindInProgress {
			return false
		}
	}
	return true
}
