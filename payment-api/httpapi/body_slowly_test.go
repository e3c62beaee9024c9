package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"gazua.example/payment-api/payment"
)

// A second opinion on what a strict reader takes: encoding/json, which is lenient, and then a walk over the tokens that
// finds what it let through. It is slow and knows nothing of how the door reads.

// strictInTwoSteps decodes like decodeStrictly; its errors say no more than that there is something wrong.
func strictInTwoSteps(body []byte, into any, members map[string]bool) error {
	if !utf8.Valid(body) {
		return errors.New("UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one")
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
			return errors.New("null")
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
					return fmt.Errorf("unknown %q", t)
				case seen[t]:
					return fmt.Errorf("twice %q", t)
				}
				seen[t], name = true, false
				continue
			}
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

// pieces are what bodies are put together of: some that are right, and each in ways that are not.
var pieces = []string{
	`{`, `}`, `[`, `]`, `,`, `:`, ` `, "\n", "\x00", "\xff", `"`, `\`, `"order_id"`, `"amount"`, `"Amount"`, `"\u0061mount"`, `"currency"`, `"legs"`, `"means"`, `"token"`,
	`"reason"`, `"x"`, `"\ud800"`, `"\ud83d\ude00"`, `"\ud800\u0041"`, `"잔액"`, `"null"`, `null`, `nul`, `true`, `false`, `0`, `-0`, `-`, `01`, `3`, `3.0`, `3.5`, `1e2`, `-7`,
	`9223372036854775807`, `9223372036854775808`, `{}`, `[]`, `{"means":"PG","amount":1,"token":"t"}`, `"order_id":"o"`, `"amount":3`, `"currency":"KRW"`, `"legs":[]`,
	`"legs":[{"means":"PG"}]`, `"reason":"r"`, `{"amount":5}`, goodBody,
}

// What is taken and what it becomes is what it always was, whatever a body is put together of.
func TestDecodeStrictly_TakesWhatTheSlowReadingTakes(t *testing.T) {
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 12).Draw(t, "pieces"), ""))
		if rapid.Bool().Draw(t, "a good one with a piece put in") {
			at := rapid.IntRange(0, len(goodBody)).Draw(t, "at")
			cut := rapid.IntRange(at, min(at+rapid.SampledFrom([]int{0, 1, 8}).Draw(t, "length"), len(goodBody))).Draw(t, "cut")
			body = []byte(goodBody[:at] + rapid.SampledFrom(pieces).Draw(t, "piece") + goodBody[cut:])
		}
		var request, slowRequest payment.Request
		taken += same(t, body, &request, &slowRequest, requestMembers)
		var cancel, slowCancel payment.CancelRequest
		taken += same(t, body, &cancel, &slowCancel, cancelMembers)
	})
	if taken == 0 {
		t.Error("not one body was taken: nothing was compared")
	}
}

// same is 1 when both readings take the body.
func same(t *rapid.T, body []byte, fast, slow any, members map[string]bool) int {
	t.Helper()
	err, slowErr := decodeStrictly(body, fast), strictInTwoSteps(body, slow, members)
	if (err == nil) != (slowErr == nil) {
		t.Fatalf("%q: %v; read slowly: %v", body, err, slowErr)
	}
	if err != nil {
		return 0
	}
	if !reflect.DeepEqual(fast, slow) {
		t.Fatalf("%q is %+v; read slowly %+v", body, fast, slow)
	}
	return 1
}
