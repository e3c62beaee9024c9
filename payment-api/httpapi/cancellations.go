package httpapi

import (
	"context"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"gazua.example/payment-api/payment"
)

// cancel is POST /v1/payments/{id}/cancellations.
func (a *API) cancel(c *fiber.Ctx) error {
	id, err := paymentID(c)
	if err != nil {
		return err
	}
	var request payment.CancelRequest
	if err := decodeBody(c, &request); err != nil {
		return err
	}
	keyHash, err := keyHashOf(c)
	if err != nil {
		return err
	}
	// The work goes on when the client leaves: what is begun must be settled and stored.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), a.options.WorkDeadline)
	defer cancel()
	canceled, err := a.domain.Cancel(ctx, merchantOf(c), id, keyHash, &request)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, payment.CancellationURL(canceled.Payment, canceled.Seq))
	return sendStored(c, canceled.Answer, canceled.Replayed)
}

// cancellations is GET /v1/payments/{id}/cancellations.
func (a *API) cancellations(c *fiber.Ctx) error {
	id, err := paymentID(c)
	if err != nil {
		return err
	}
	p, all, err := a.domain.Cancellations(c.UserContext(), merchantOf(c), id)
	if err != nil {
		return err
	}
	views := make([][]byte, len(all))
	for i, one := range all {
		views[i] = one.Render(p)
	}
	return sendJSON(c, fiber.StatusOK, listOf(views, ""))
}

// cancellation is GET /v1/payments/{id}/cancellations/{seq}.
func (a *API) cancellation(c *fiber.Ctx) error {
	id, err := paymentID(c)
	if err != nil {
		return err
	}
	text := c.Params("seq")
	seq, err := strconv.ParseUint(text, 10, 32)
	if err != nil || text != strconv.FormatUint(seq, 10) {
		return &payment.Error{Kind: payment.KindNotFound, Detail: "this payment has no cancellation with this number"}
	}
	p, one, err := a.domain.Cancellation(c.UserContext(), merchantOf(c), id, uint32(seq))
	if err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, one.Render(p))
}
