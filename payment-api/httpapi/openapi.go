package httpapi

import (
	_ "embed"

	"github.com/gofiber/fiber/v2"
)

// openAPIFile is what the door promises, as OpenAPI 3.1. The tests of this package hold every answer that they get against
// it, and it against the routes.
//
//go:embed openapi.yaml
var openAPIFile []byte

// openAPI is GET /openapi.yaml, for everybody.
func openAPI(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, "application/yaml") // RFC 9512
	return c.Send(openAPIFile)
}
