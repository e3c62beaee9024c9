package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"gazua.example/payment-api/payment"
)

// decodeBody reads the body strictly: one JSON object in valid UTF-8, each member once, by its exact name and with a value.
// BodyRaw, since Body would decompress without a limit.
func decodeBody(c *fiber.Ctx, into any, members map[string]bool) error {
	if kind, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";"); !strings.EqualFold(strings.TrimSpace(kind), fiber.MIMEApplicationJSON) {
		return &payment.Error{Kind: kindMediaType, Detail: "send the body as Content-Type: application/json"}
	}
	if c.Get(fiber.HeaderContentEncoding) != "" {
		return &payment.Error{Kind: kindMediaType, Detail: "send the body without Content-Encoding"}
	}
	if err := decodeStrictly(c.BodyRaw(), into, members); err != nil {
		return invalid("%v", err)
	}
	return nil
}

// decodeStrictly decodes what encoding/json would decode leniently: it takes the last of two members of one name, any
// case of a name, and null for no value, and replaces broken UTF-8. Two readers of one such body would see two different
// requests, and a null where an amount got lost would cancel all of a payment. Its errors are words for the merchant.
func decodeStrictly(body []byte, into any, members map[string]bool) error {
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
	return checkMembers(json.NewDecoder(bytes.NewReader(body)), members)
}

// The names that the members of each request have, in whichever of its objects.
var (
	requestMembers = membersOf(reflect.TypeFor[payment.Request]())
	cancelMembers  = membersOf(reflect.TypeFor[payment.CancelRequest]())
)

// membersOf reads the names from the tags, so that no list of them can be forgotten.
func membersOf(t reflect.Type) map[string]bool {
	names := map[string]bool{}
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return names
	}
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names[name] = true
		maps.Copy(names, membersOf(field.Type))
	}
	return names
}

// checkMembers walks a body that is known to decode, and so is not nested deeper than a request is.
func checkMembers(tokens *json.Decoder, members map[string]bool) error {
	var open []map[string]bool // the names seen in each object or array that is open; nil for an array
	name := false              // the next string in an object is a name and not a value
	for {
		token, err := tokens.Token()
		if err != nil {
			return nil //nolint:nilerr // the end; everything else was found when it was decoded
		}
		switch t := token.(type) {
		case nil:
			return errors.New("the body holds a null: leave the member out, or give it a value")
		case json.Delim:
			switch t {
			case '{':
				open = append(open, map[string]bool{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
		case string:
			if name {
				seen := open[len(open)-1]
				switch {
				case !members[t]:
					return fmt.Errorf("the body has an unknown member %.40q", t)
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

// unknownField is how encoding/json begins to say so; there is no type for it.
const unknownField = "json: unknown field "

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
	case strings.HasPrefix(err.Error(), unknownField):
		name, fault := strconv.Unquote(strings.TrimPrefix(err.Error(), unknownField))
		if fault != nil {
			return "the body has an unknown member"
		}
		return fmt.Sprintf("the body has an unknown member %.40q", name)
	default:
		return "the body is not a whole JSON object"
	}
}
