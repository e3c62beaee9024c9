package httpapi

import (
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v2"
)

// noQuery stands before the routes that know no parameters.
func noQuery(c *fiber.Ctx) error {
	if len(c.Request().URI().QueryString()) > 0 {
		if _, err := readQuery(string(c.Request().URI().QueryString())); err != nil {
			return err
		}
	}
	return c.Next()
}

// readQuery reads a query strictly: known parameters, each once. A parameter that nobody reads is a wish that nobody
// grants; better that its sender learns of it.
func readQuery(text string, known ...string) (url.Values, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, invalid("the query is not written as it must be: a name or value is not percent-encoded")
	}
	for name, all := range values {
		switch {
		case !slices.Contains(known, name):
			return nil, invalid("the query parameter %.40q is not known here", name)
		case len(all) > 1:
			return nil, invalid("the query parameter %s stands twice", name)
		}
	}
	return values, nil
}
