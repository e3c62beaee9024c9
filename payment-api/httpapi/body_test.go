package httpapi

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"gazua.example/payment-api/payment"
)

const goodBody = `{"order_id":"o","amount":3,"currency":"KRW","legs":[{"means":"PG","amount":1,"token":"t"},{"means":"POINT","amount":2,"token":"amount"}]}`

func TestDecodeStrictly(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"good; a value may be spelled like a name", goodBody, ""},
		{"a null that is a text", strings.Replace(goodBody, `"o"`, `"null"`, 1), ""},
		{"half of a surrogate pair, as an escape", strings.Replace(goodBody, `"o"`, `"\ud800"`, 1), ""},
		{"blanks and order do not matter", ` { "legs" : [ ] , "amount":3,"order_id":"o","currency":"KRW" } `, ""},
		{"a member twice", strings.Replace(goodBody, `"amount":3,`, `"amount":3,"amount":30,`, 1), `"amount" stands twice`},
		{"a member twice, the second in escapes", strings.Replace(goodBody, `"amount":3,`, `"amount":3,"\u0061mount":30,`, 1), `"amount" stands twice`},
		{"a member twice in a leg", strings.Replace(goodBody, `"token":"t"`, `"token":"t","token":"u"`, 1), `"token" stands twice`},
		{"another case", strings.Replace(goodBody, `"amount":3`, `"Amount":3`, 1), `unknown member "Amount"`},
		{"unknown", strings.Replace(goodBody, `"amount":3`, `"price":3`, 1), `unknown member "price"`},
		{"unknown and endless", strings.Replace(goodBody, `"amount":3`, `"`+strings.Repeat("p", 1000)+`":3`, 1), `unknown member "` + strings.Repeat("p", 40) + `"`},
		{"a leg's member outside", strings.Replace(goodBody, `"amount":3`, `"amount":3,"means":"PG"`, 1), `unknown member "means"`},
		{"a null", strings.Replace(goodBody, `"amount":3`, `"amount":null`, 1), "holds a null"},
		{"a null for a list", `{"legs":null}`, "holds a null"},
		{"nothing but a null", `null`, "holds a null"},
		{"broken UTF-8", strings.Replace(goodBody, `"o"`, "\"o\xff\"", 1), "not valid UTF-8"},
		{"two objects", goodBody + goodBody, "more than one"},
		{"deep nesting", strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), "must be a JSON object"},
		{"deep nesting inside", strings.Replace(goodBody, `"token":"t"`, `"token":`+strings.Repeat(`{"token":`, 5000)+"1"+strings.Repeat("}", 5000), 1), "wrong type"},
		{"a fraction", strings.Replace(goodBody, `"amount":3`, `"amount":3.5`, 1), "amount has the wrong type"},
		{"an overflow", strings.Replace(goodBody, `"amount":3`, `"amount":9223372036854775808`, 1), "amount has the wrong type"},
		{"cut", goodBody[:40], "not a whole JSON object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var into payment.Request
			wants(t, decodeStrictly([]byte(c.body), &into), c.want)
		})
	}
}

// Without an amount all of a payment is canceled: nothing may be taken for that but a request that leaves it out.
func TestDecodeStrictly_ACancellation(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"all", `{}`, ""},
		{"a part", `{"amount":5,"reason":"amount"}`, ""},
		{"an amount that got lost", `{"amount":null}`, "holds a null"},
		{"nothing but a null", `null`, "holds a null"},
		{"no body", ``, "not a whole JSON object"},
		{"a member misspelled", `{"amonut":5}`, `unknown member "amonut"`},
		{"another case", `{"AMOUNT":5}`, `unknown member "AMOUNT"`},
		{"of another request", `{"order_id":"o"}`, `unknown member "order_id"`},
		{"an amount twice", `{"amount":5,"amount":6}`, `"amount" stands twice`},
		{"a list", `[]`, "must be a JSON object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var into payment.CancelRequest
			wants(t, decodeStrictly([]byte(c.body), &into), c.want)
		})
	}
}

func wants(t *testing.T, err error, mention string) {
	t.Helper()
	if mention == "" && err != nil || mention != "" && (err == nil || !strings.Contains(err.Error(), mention)) {
		t.Errorf("err = %v, want %q", err, mention)
	}
}

// Whatever is accepted has one meaning: every other reader sees the same request in it, and nothing else.
func FuzzDecodeStrictly(f *testing.F) {
	for _, body := range []string{
		goodBody, `{"order_id":"o","amount":3,"amount":4}`, `{"legs":[[]],"legs":null}`, "{\"order_id\":\"\xff\"}", `{}`, `null`,
		`{"amount":5,"reason":"r"}`, `{"amount":null}`, `{"Amount":5}`, `{"reason":"\ud800"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var request, plainRequest payment.Request
		if decodeStrictly(body, &request) == nil {
			sameToAll(t, body, &request, &plainRequest, requestMembers)
		}
		var cancel, plainCancel payment.CancelRequest
		if decodeStrictly(body, &cancel) == nil {
			sameToAll(t, body, &cancel, &plainCancel, cancelMembers)
			if _, says := untyped(t, body)["amount"]; says != (cancel.Amount != nil) {
				t.Errorf("%q became %+v", body, cancel)
			}
		}
	})
}

func sameToAll(t *testing.T, body []byte, strict, plain any, members map[string]bool) {
	t.Helper()
	if err := json.Unmarshal(body, plain); err != nil || !reflect.DeepEqual(strict, plain) {
		t.Errorf("%q is %+v to us and %+v to the plain decoder, %v", body, strict, plain, err)
	}
	for name, value := range untyped(t, body) {
		if !members[name] || value == nil {
			t.Errorf("%q was accepted with %q: %v", body, name, value)
		}
	}
}

func untyped(t *testing.T, body []byte) (members map[string]any) {
	t.Helper()
	if err := json.Unmarshal(body, &members); err != nil {
		t.Errorf("%q was accepted: %v", body, err)
	}
	return members
}
