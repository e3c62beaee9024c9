package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"

	"gazua.example/payment-api/payment"
)

// decodeBody reads the body strictly: one JSON object in valid UTF-8, each member once, by its exact name and with a value.
// BodyRaw, since Body would decompress without a limit.
func decodeBody(c *fiber.Ctx, into any) error {
	if kind, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";"); !strings.EqualFold(strings.TrimSpace(kind), fiber.MIMEApplicationJSON) {
		return &payment.Error{Kind: kindMediaType, Detail: "send the body as Content-Type: application/json"}
	}
	if c.Get(fiber.HeaderContentEncoding) != "" {
		return &payment.Error{Kind: kindMediaType, Detail: "send the body without Content-Encoding"}
	}
	if err := decodeStrictly(c.BodyRaw(), into); err != nil {
		return invalid("%v", err)
	}
	return nil
}

// The decoder is encoding/json/v2, which takes a member once and by its exact name only. What it replaces in a text is
// half of a surrogate pair, written as an escape: broken UTF-8 in the body itself is refused before.
var strictly = json.JoinOptions(json.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(false), json.MatchCaseInsensitiveNames(false), jsontext.AllowInvalidUTF8(true))

// decodeStrictly decodes what encoding/json would decode leniently: it takes the last of two members of one name, any
// case of a name, and null for no value, and replaces broken UTF-8. Two readers of one such body would see two different
// requests, and a null where an amount got lost would cancel all of a payment. Its errors are words for the merchant.
func decodeStrictly(body []byte, into any) error {
	if !utf8.Valid(body) {
		return errors.New("the body is not valid UTF-8")
	}
	if err := json.Unmarshal(body, into, strictly); err != nil {
		return fault(body, err)
	}
	if bytes.Contains(body, null) && holdsNull(body) {
		return errors.New("the body holds a null: leave the member out, or give it a value")
	}
	return nil
}

var null = []byte("null")

// holdsNull looks for a null that is a value and no part of a text, in a body that is known to decode.
func holdsNull(body []byte) bool {
	tokens := jsontext.NewDecoder(bytes.NewReader(body), strictly)
	for {
		token, err := tokens.ReadToken()
		if err != nil || token.Kind() == jsontext.KindNull {
			return err == nil
		}
	}
}

// fault says what is wrong with a body; the decoder's own words speak of Go types. That it is no JSON goes before what its
// members are.
func fault(body []byte, err error) error {
	var syntax *jsontext.SyntacticError
	var meaning *json.SemanticError
	_, broken := jsontext.NewDecoder(bytes.NewReader(body), strictly, jsontext.AllowDuplicateNames(true)).ReadValue()
	switch {
	case errors.Is(broken, io.EOF) || errors.Is(broken, io.ErrUnexpectedEOF):
		return errors.New("the body is not a whole JSON object")
	case errors.As(broken, &syntax):
		return fmt.Errorf("the body is not valid JSON: byte %d", syntax.ByteOffset+1)
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return fmt.Errorf("the member %q stands twice", syntax.JSONPointer.LastToken())
	case !errors.As(err, &meaning): // it is not JSON behind the first value
		return errors.New("the body holds more than one JSON object")
	case errors.Is(err, json.ErrUnknownName):
		return fmt.Errorf("the body has an unknown member %.40q", meaning.JSONPointer.LastToken())
	case meaning.JSONPointer == "":
		return fmt.Errorf("the body must be a JSON object, not a JSON %s", kindOf(meaning))
	default:
		return fmt.Errorf("%s has the wrong type: a JSON %s does not fit", memberOf(meaning.JSONPointer), kindOf(meaning))
	}
}

// memberOf names a member by those that it stands in, as in legs.amount; which of a list does not matter.
func memberOf(where jsontext.Pointer) string {
	var names []string
	for name := range where.Tokens() {
		if name[0] < '0' || name[0] > '9' {
			names = append(names, name)
		}
	}
	return strings.Join(names, ".")
}

func kindOf(e *json.SemanticError) string {
	switch e.JSONKind {
	case jsontext.KindTrue, jsontext.KindFalse:
		return "bool"
	case jsontext.KindBeginObject:
		return "object"
	case jsontext.KindBeginArray:
		return "array"
	case jsontext.KindNumber:
		return strings.TrimSpace("number " + string(e.JSONValue)) // a value that no integer is
	default:
		return e.JSONKind.String()
	}
}
