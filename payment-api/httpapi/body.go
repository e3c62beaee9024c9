package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"gazua.example/payment-api/payment"
)

// decodeRequest reads the body strictly: one JSON object in valid UTF-8, each member once and by its exact name. BodyRaw,
// since Body would decompress without a limit.
func decodeRequest(c *fiber.Ctx) (*payment.Request, error) {
	if kind, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";"); !strings.EqualFold(strings.TrimSpace(kind), fiber.MIMEApplicationJSON) {
		return nil, &payment.Error{Kind: kindMediaType, Detail: "send the payment as Content-Type: application/json"}
	}
	if c.Get(fiber.HeaderContentEncoding) != "" {
		return nil, &payment.Error{Kind: kindMediaType, Detail: "send the body without Content-Encoding"}
	}
	var request payment.Request
	if err := decodeStrictly(c.BodyRaw(), &request); err != nil {
		return nil, &payment.Error{Kind: payment.KindInvalid, Detail: err.Error()}
	}
	return &request, nil
}

// decodeStrictly decodes what encoding/json would decode leniently: it takes the last of two members of one name, any
// case of a name, and replaces broken UTF-8. Two readers of one such body would see two different payments. Its errors are
// words for the merchant.
func decodeStrictly(body []byte, into *payment.Request) error {
	if !utf8.Valid(body) {
		return errors.New("the body is not valid UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return errors.New(jsonFault(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body holds more than one JSON object")
	}
	return checkMembers(json.NewDecoder(bytes.NewReader(body)))
}

// members are the names that a request has, in whichever of its objects.
var members = []string{"order_id", "amount", "currency", "legs", "means", "token"}

// checkMembers walks a body that is known to decode, and so is not nested deeper than a request is.
func checkMembers(tokens *json.Decoder) error {
	var open []map[string]bool // the names seen in each object or array that is open; nil for an array
	name := false              // the next string in an object is a name and not a value
	for {
		token, err := tokens.Token()
		if err != nil {
			return nil //nolint:nilerr // the end; everything else was found when it was decoded
		}
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{':
				open = append(open, map[string]bool{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
			name = len(open) > 0 && open[len(open)-1] != nil
			continue
		case string:
			if name {
				seen := open[len(open)-1]
				switch {
				case !slices.Contains(members, t):
					return fmt.Errorf("the body has an unknown member %q", t)
				case seen[t]:
					return fmt.Errorf("the member %q stands twice", t)
				}
				seen[t], name = true, false
				continue
			}
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

// jsonFault says what is wrong with a body; the decoder's own words speak of Go types.
func jsonFault(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("the body is not valid JSON: byte %d", syntax.Offset)
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Sprintf("the body must be a JSON object, not a JSON %s", kind.Value)
	case errors.As(err, &kind):
		return fmt.Sprintf("%s has the wrong type: a JSON %s does not fit", kind.Field, kind.Value)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return "the body has an unknown member " + strings.TrimPrefix(err.Error(), "json: unknown field ")
	default:
		return "the body is not a whole JSON object"
	}
}
