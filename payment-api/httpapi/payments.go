package httpapi

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/payment"
)

// create is POST /v1/payments.
func (a *API) create(c *fiber.Ctx) error {
	var request payment.Request
	if err := decodeBody(c, &request); err != nil {
		return err
	}
	keyHash, err := keyHashOf(c)
	if err != nil {
		return err
	}
	preferred := preferencesOf(c)
	how := payment.How{Mode: payment.Sync, Wait: preferred.wait}
	if preferred.async {
		how = payment.How{Mode: payment.Async}
	}
	// The work goes on when the client leaves: what is begun must be settled and stored.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), a.options.WorkDeadline)
	if how.Wait > 0 {
		context.AfterFunc(ctx, cancel) // and also behind an answer that was given early
	} else {
		defer cancel()
	}
	how.Trace = telemetry.Carry(ctx)
	created, err := a.domain.Create(ctx, merchantOf(c), keyHash, &request, how)
	if err != nil {
		return err
	}
	named(ctx, created.Payment)
	switch {
	case created.Replayed: // the stored answer stands, whatever is preferred now
	case how.Mode == payment.Async && created.Status == fiber.StatusAccepted:
		c.Set(preferenceApplied, "respond-async")
	case how.Wait > 0:
		waited(c, how.Wait)
	}
	c.Set(fiber.HeaderLocation, payment.StatusURL(created.Payment))
	return sendStored(c, created.Answer, created.Replayed)
}

// get is GET /v1/payments/{id}.
func (a *API) get(c *fiber.Ctx) error {
	id, err := paymentID(c)
	if err != nil {
		return err
	}
	p, err := a.domain.Get(c.UserContext(), merchantOf(c), id)
	if err != nil {
		return err
	}
	if wait := preferencesOf(c).wait; wait > 0 && c.Method() == fiber.MethodGet {
		applied := false
		if p, applied, err = a.untilFinal(c, p, wait); err != nil {
			return err
		}
		if applied {
			waited(c, wait)
		}
	}
	return sendJSON(c, fiber.StatusOK, p.Render())
}

// paymentID is the one in the address; what is none names no payment.
func paymentID(c *fiber.Ctx) (payment.ID, error) {
	id, err := payment.ParseID(c.Params("id"))
	if err != nil {
		return 0, &payment.Error{Kind: payment.KindNotFound, Detail: "no payment with this id"}
	}
	return id, nil
}

// keyHashOf is what the request's idempotency key is stored as; its scope is the address as it was sent, of which there is
// one spelling only.
func keyHashOf(c *fiber.Ctx) ([32]byte, error) {
	key := c.Get("Idempotency-Key")
	if key == "" {
		return [32]byte{}, &payment.Error{Kind: kindKeyMissing, Detail: "send an Idempotency-Key header: a new one for each new request, the same one to repeat a request"}
	}
	return payment.KeyHash(c.Method(), c.Path(), key)
}

const preferenceApplied = "Preference-Applied"

func waited(c *fiber.Ctx, wait time.Duration) {
	c.Set(preferenceApplied, "wait="+strconv.Itoa(int(wait.Seconds())))
}

// sendStored gives an answer as it is stored, byte for byte.
func sendStored(c *fiber.Ctx, stored payment.Answer, replayed bool) error {
	if replayed {
		c.Set("Idempotent-Replayed", "true")
	}
	return sendJSON(c, stored.Status, stored.Body)
}

func sendJSON(c *fiber.Ctx, status int, body []byte) error {
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Status(status).Send(body)
}

func retryAfter(c *fiber.Ctx, wait time.Duration) {
	if wait > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
}
