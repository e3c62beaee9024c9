package httpapi

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"gazua.example/payment-api/payment"
)

// What keeps the door open when more comes than can be done: a request has a place or is refused at once, before anything
// else is spent on it. Nothing queues here. Who waits for a payment of his gives his place back while he does (wait.go), so
// that those who only wait never take the places of those who pay.

// place is one of those for requests that are worked on. Only its request's goroutine touches it.
type place struct{ of chan struct{} }

// giveBack may be called more than once.
func (p *place) giveBack() {
	if p.of != nil {
		<-p.of
		p.of = nil
	}
}

type placeKey struct{}

// bound refuses early and cheaply what could only queue.
func (a *API) bound(c *fiber.Ctx) error {
	select {
	case a.places <- struct{}{}:
		taken := &place{a.places}
		defer taken.giveBack()
		c.Locals(placeKey{}, taken)
		return c.Next()
	default:
		return &payment.Error{Kind: payment.KindUnavailable, Detail: "too many requests are being worked on; try again", RetryAfter: time.Second}
	}
}

func placeOf(c *fiber.Ctx) *place {
	taken, _ := c.Locals(placeKey{}).(*place) // every route stands behind bound
	return taken
}
