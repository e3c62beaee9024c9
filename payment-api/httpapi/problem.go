package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/payment"
)

// Kinds of errors that exist at the door only.
const (
	kindKeyMissing   payment.Kind = "idempotency-key-missing"
	kindUnauthorized payment.Kind = "unauthorized"
	kindMediaType    payment.Kind = "unsupported-media-type"
	kindTooLarge     payment.Kind = "request-too-large"
	kindMethod       payment.Kind = "method-not-allowed"
	kindTimeout      payment.Kind = "request-timeout"
	kindTooMany      payment.Kind = "too-many-requests"
	kindInternal     payment.Kind = "internal-error"
)

// problems is where a kind of error becomes HTTP, and the only place.
var problems = map[payment.Kind]struct {
	status int
	title  string
}{
	payment.KindInvalid:       {fiber.StatusBadRequest, "The request is not valid"},
	kindKeyMissing:            {fiber.StatusBadRequest, "The Idempotency-Key header is missing"},
	kindUnauthorized:          {fiber.StatusUnauthorized, "The API key is missing or unknown"},
	payment.KindNotFound:      {fiber.StatusNotFound, "Not found"},
	kindMethod:                {fiber.StatusMethodNotAllowed, "This method is not for this address"},
	kindTimeout:               {fiber.StatusRequestTimeout, "The request did not come in time"},
	payment.KindInProgress:    {fiber.StatusConflict, "The request is still being processed"},
	payment.KindOrderBusy:     {fiber.StatusConflict, "The order is being paid"},
	payment.KindOrderPaid:     {fiber.StatusConflict, "The order is paid"},
	payment.KindNotPaid:       {fiber.StatusConflict, "The payment is not paid yet"},
	payment.KindPaymentFailed: {fiber.StatusConflict, "The payment failed"},
	payment.KindCancelBusy:    {fiber.StatusConflict, "Another cancellation is in progress"},
	payment.KindArchived:      {fiber.StatusGone, "The payment is in the archive"},
	kindTooLarge:              {fiber.StatusRequestEntityTooLarge, "The request is too large"},
	kindMediaType:             {fiber.StatusUnsupportedMediaType, "The body's type is not supported"},
	payment.KindKeyReused:     {fiber.StatusUnprocessableEntity, "The Idempotency-Key belongs to another request"},
	payment.KindCancelExceeds: {fiber.StatusUnprocessableEntity, "More than is left of the payment"},
	payment.KindCouponWhole:   {fiber.StatusUnprocessableEntity, "A coupon is given back as a whole"},
	payment.KindCancelTooLate: {fiber.StatusUnprocessableEntity, "The time for cancellations has passed"},
	kindTooMany:               {fiber.StatusTooManyRequests, "Too many requests"},
	kindInternal:              {fiber.StatusInternalServerError, "Something went wrong on our side"},
	payment.KindUnavailable:   {fiber.StatusServiceUnavailable, "Not available now"},
	payment.KindBacklogFull:   {fiber.StatusServiceUnavailable, "Too many asynchronous payments wait"},
}

// typePrefix makes a kind a stable URI.
const typePrefix = "https://gazua.example/problems/"

// problemBody is RFC 9457's problem details.
type problemBody struct {
	Type    string     `json:"type"`
	Title   string     `json:"title"`
	Status  int        `json:"status"`
	Detail  string     `json:"detail"`
	Payment payment.ID `json:"payment_id,string,omitempty"`
}

// problem is Fiber's error handler: whatever a handler returns becomes a problem, never an internal message.
func (a *API) problem(c *fiber.Ctx, err error) error {
	var known *payment.Error
	var fibers *fiber.Error
	switch {
	case errors.As(err, &known):
	case errors.As(err, &fibers):
		known = fromFiber(fibers)
	default:
		known = &payment.Error{Kind: kindInternal, Detail: "the request could not be worked on; send it again with the same Idempotency-Key", Cause: err}
	}
	kind := problems[known.Kind]
	if known.Cause != nil { // a refusal for want of room explains itself, and logging each would make the want worse
		a.log.WarnContext(c.UserContext(), "request", "kind", string(known.Kind), "payment_id", known.Payment.String(), "error", known.Error())
	}
	retryAfter(c, known.RetryAfter)
	body, err := json.Marshal(problemBody{Type: typePrefix + string(known.Kind), Title: kind.title, Status: kind.status, Detail: known.Detail, Payment: known.Payment})
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/problem+json")
	return c.Status(kind.status).Send(body)
}

func invalid(format string, args ...any) error {
	return &payment.Error{Kind: payment.KindInvalid, Detail: fmt.Sprintf(format, args...)}
}

// knownMethods answers what Fiber does not even route, an invented method, as a problem too.
func (a *API) knownMethods(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(request *fasthttp.RequestCtx) {
		if slices.Contains(fiber.DefaultMethods, string(request.Method())) {
			next(request)
			return
		}
		c := a.app.AcquireCtx(request)
		defer a.app.ReleaseCtx(c)
		if err := a.problem(c, fiber.ErrMethodNotAllowed); err != nil {
			request.Error("", fiber.StatusInternalServerError)
		}
	}
}

// panicked keeps where a panic came from; the client is told no more than that something went wrong.
func (a *API) panicked(c *fiber.Ctx, reason any) {
	a.log.ErrorContext(c.UserContext(), telemetry.PanicMessage, "where", "request", "reason", fmt.Sprint(reason), "stack", string(debug.Stack()))
}

func fromFiber(err *fiber.Error) *payment.Error {
	switch err.Code {
	case fiber.StatusNotFound:
		return &payment.Error{Kind: payment.KindNotFound, Detail: "there is nothing at this address"}
	case fiber.StatusMethodNotAllowed:
		return &payment.Error{Kind: kindMethod, Detail: "this method is not for this address"}
	case fiber.StatusRequestEntityTooLarge, fiber.StatusRequestHeaderFieldsTooLarge:
		return &payment.Error{Kind: kindTooLarge, Detail: "the body or the header is over its limit"}
	case fiber.StatusRequestTimeout:
		return &payment.Error{Kind: kindTimeout, Detail: "the request did not come whole in time"}
	case fiber.StatusBadRequest, fiber.StatusBadGateway: // the latter is Fiber's word for a client whose connection broke
		return &payment.Error{Kind: payment.KindInvalid, Detail: "this is not a valid HTTP request"}
	default:
		return &payment.Error{Kind: kindInternal, Detail: "the request could not be worked on", Cause: err}
	}
}
