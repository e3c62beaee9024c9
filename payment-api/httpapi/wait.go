package httpapi

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"gazua.example/payment-api/payment"
)

// Waiting for a payment to become final (Prefer: wait=N on GET): the door looks again and again, at growing intervals, so
// that nothing has to be told between processes.
//
//	look ─► not final ─► a place among those who wait? ─► own place back ─► 50 ms ─► look ─► 75 ms ─► look … 250 ms ─► look
//	                     none: answer with what is there
//
// It ends with the payment, with the time asked for, or with the process. That a client has left cannot be seen here
// (fasthttp reads nothing while a handler runs): it is waited for as well, for as long as it had asked.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 250 * time.Millisecond
	maxLooks   = 4 // at one time: those who wait must not fill the database's pool either
)

// untilFinal looks at p until it is final or wait is over; applied: it could wait, or had no need to.
func (a *API) untilFinal(c *fiber.Ctx, p *payment.Payment, wait time.Duration) (now *payment.Payment, applied bool, err error) {
	if p.State.Final() {
		return p, true, nil
	}
	select {
	case a.waiting <- struct{}{}:
		defer func() { <-a.waiting }()
	default:
		return p, false, nil
	}
	placeOf(c).giveBack()
	over := time.NewTimer(wait)
	defer over.Stop()
	for pause := firstPause; !p.State.Final(); pause = min(pause*3/2, lastPause) {
		next := time.NewTimer(pause)
		select {
		case <-next.C:
		case <-over.C:
			next.Stop()
			return p, true, nil
		case <-a.closed:
			next.Stop()
			return p, true, nil
		}
		if p, err = a.lookAgain(c, p); err != nil {
			return nil, false, err
		}
	}
	return p, true, nil
}

// lookAgain leaves it at what is known when too many look just now.
func (a *API) lookAgain(c *fiber.Ctx, p *payment.Payment) (*payment.Payment, error) {
	select {
	case a.looks <- struct{}{}:
		defer func() { <-a.looks }()
		return a.domain.Get(c.UserContext(), merchantOf(c), p.ID)
	default:
		return p, nil
	}
}
