package httpapi

import (
	"context"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"gazua.example/payment-api/payment"
)

// create is POST /v1/payments.
func (a *API) create(c *fiber.Ctx) error {
	request, err := decodeRequest(c)
	if err != nil {
		return err
	}
	key := c.Get("Idempotency-Key")
	if key == "" {
		return &payment.Error{Kind: kindKeyMissing, Detail: "send an Idempotency-Key header: a new one for each new payment, the same one to repeat a request"}
	}
	keyHash, err := payment.KeyHash(fiber.MethodPost, c.Path(), key)
	if err != nil {
		return err
	}
	mode := payment.Sync
	if slices.ContainsFunc(c.Request().Header.PeekAll("Prefer"), prefersAsync) {
		mode = payment.Async
	}
	// The work goes on when the client leaves: what is begun must be settled and stored.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), a.options.WorkDeadline)
	defer cancel()
	created, err := a.payments.Create(ctx, merchantOf(c), keyHash, request, mode, carrier(ctx))
	if err != nil {
		return err
	}
	if created.Replayed {
		c.Set("Idempotent-Replayed", "true")
	}
	if mode == payment.Async && created.Status == fiber.StatusAccepted {
		c.Set("Preference-Applied", "respond-async")
	}
	c.Set(fiber.HeaderLocation, payment.StatusURL(created.Payment))
	return sendJSON(c, created.Status, created.Body)
}

// get is GET /v1/payments/{id}.
func (a *API) get(c *fiber.Ctx) error {
	id, err := payment.ParseID(c.Params("id"))
	if err != nil {
		return &payment.Error{Kind: payment.KindNotFound, Detail: "no payment with this id"}
	}
	p, err := a.payments.Get(c.UserContext(), merchantOf(c), id)
	if err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, p.Render())
}

// prefersAsync reads one line of RFC 7240's Prefer header: preferences stand between commas, parameters behind semicolons,
// and a quoted value may hold either.
func prefersAsync(prefer []byte) bool {
	for preference := range strings.SplitSeq(quoted.ReplaceAllString(string(prefer), ""), ",") {
		name, _, _ := strings.Cut(preference, ";")
		name, value, _ := strings.Cut(name, "=")
		if strings.EqualFold(strings.TrimSpace(name), "respond-async") && strings.TrimSpace(value) == "" {
			return true
		}
	}
	return false
}

var quoted = regexp.MustCompile(`"(\\.|[^"\\])*"`)

// carrier is the trace context as it rides in the outbox.
func carrier(ctx context.Context) string {
	headers := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(ctx, headers)
	if len(headers) == 0 {
		return ""
	}
	text, err := json.Marshal(headers)
	if err != nil || len(text) > maxTrace {
		return "" // a trace is worth less than a payment
	}
	return string(text)
}

// maxTrace is what the outbox has room for.
const maxTrace = 512

func sendJSON(c *fiber.Ctx, status int, body []byte) error {
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Status(status).Send(body)
}

func retryAfter(c *fiber.Ctx, wait time.Duration) {
	if wait > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
}
