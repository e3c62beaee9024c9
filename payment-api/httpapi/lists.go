package httpapi

import (
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"gazua.example/payment-api/payment"
)

// Limits of a page.
const (
	maxPage     = 100
	defaultPage = 50
)

// list is GET /v1/payments: the payment of an order, or a page of those that were created within a time.
func (a *API) list(c *fiber.Ctx) error {
	query, err := readQuery(string(c.Request().URI().QueryString()), "order_id", "from", "to", "limit", "cursor")
	if err != nil {
		return err
	}
	if query.Has("order_id") {
		if len(query) > 1 {
			return invalid("order_id stands alone, without from, to, limit and cursor")
		}
		found, err := a.domain.ByOrder(c.UserContext(), merchantOf(c), query.Get("order_id"))
		if err != nil {
			return err
		}
		return sendList(c, found, "")
	}
	p, err := readPage(query)
	if err != nil {
		return err
	}
	found, err := a.domain.List(c.UserContext(), merchantOf(c), p.from, p.to, p.after, p.limit+1) // one more: is there a next page?
	if err != nil {
		return err
	}
	next := ""
	if len(found) > p.limit {
		found = found[:p.limit]
		next = encodeCursor(found[p.limit-1].ID)
	}
	return sendList(c, found, next)
}

// events is GET /v1/payments/{id}/events.
func (a *API) events(c *fiber.Ctx) error {
	id, err := paymentID(c)
	if err != nil {
		return err
	}
	events, err := a.domain.Events(c.UserContext(), merchantOf(c), id)
	if err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, payment.RenderEvents(events))
}

// page is what of a list is asked for.
type page struct {
	from, to time.Time
	limit    int
	after    payment.ID // 0: from the beginning
}

// Times that a list can be asked for: before there were no payments, after that the ids end.
const (
	firstYear = 2000
	lastYear  = 2090
)

func readPage(query url.Values) (page, error) {
	p := page{limit: defaultPage}
	if !query.Has("from") || !query.Has("to") {
		return page{}, invalid("say which payments: by from and to, or by order_id")
	}
	var err error
	if p.from, err = readTime(query, "from"); err != nil {
		return page{}, err
	}
	if p.to, err = readTime(query, "to"); err != nil {
		return page{}, err
	}
	if query.Has("limit") {
		text := query.Get("limit")
		if p.limit, err = strconv.Atoi(text); err != nil || p.limit < 1 || p.limit > maxPage || text != strconv.Itoa(p.limit) {
			return page{}, invalid("limit must be a whole number from 1 to %d", maxPage)
		}
	}
	if query.Has("cursor") {
		if p.after, err = decodeCursor(query.Get("cursor")); err != nil {
			return page{}, invalid("%v", err)
		}
		if at := p.after.Time(); at.Before(p.from.Truncate(time.Millisecond)) || !at.Before(p.to.Truncate(time.Millisecond)) {
			return page{}, invalid("cursor is of another list: its payment is not between from and to")
		}
	}
	return p, nil
}

func readTime(query url.Values, name string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, query.Get(name))
	if err != nil || at.Year() < firstYear || at.Year() > lastYear {
		return time.Time{}, invalid("%s must be a time of the years %d to %d such as 2026-11-30T00:00:00Z (RFC 3339; a + is written %%2B)", name, firstYear, lastYear)
	}
	return at, nil
}

// sendList writes {"data":[…]} of views that are rendered already.
func sendList(c *fiber.Ctx, payments []*payment.Payment, next string) error {
	views := make([][]byte, len(payments))
	for i, p := range payments {
		views[i] = p.Render()
	}
	return sendJSON(c, fiber.StatusOK, listOf(views, next))
}

func listOf(views [][]byte, next string) []byte {
	body := []byte(`{"data":[`)
	for i, view := range views {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, view...)
	}
	body = append(body, ']')
	if next != "" {
		body = append(append(append(body, `,"next_cursor":"`...), next...), '"')
	}
	return append(body, '}')
}
