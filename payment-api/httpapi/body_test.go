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
		{"blanks and order do not matter", ` { "legs" : [ ] , "amount":3,"order_id":"o","currency":"KRW" } `, ""},
		{"a member twice", strings.Replace(goodBody, `"amount":3,`, `"amount":3,"amount":30,`, 1), `"amount" stands twice`},
		{"a member twice, the second in escapes", strings.Replace(goodBody, `"amount":3,`, `"amount":3,"\u0061mount":30,`, 1), `"amount" stands twice`},
		{"a member twice in a leg", strings.Replace(goodBody, `"token":"t"`, `"token":"t","token":"u"`, 1), `"token" stands twice`},
		{"another case", strings.Replace(goodBody, `"amount":3`, `"Amount":3`, 1), `unknown member "Amount"`},
		{"unknown", strings.Replace(goodBody, `"amount":3`, `"price":3`, 1), `unknown member "price"`},
		{"a leg's member outside", strings.Replace(goodBody, `"amount":3`, `"amount":3,"means":"PG"`, 1), `unknown member "means"`},
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
			err := decodeStrictly([]byte(c.body), &into)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("err = %v, want %q", err, c.want)
			}
		})
	}
}

// Whatever is accepted has one meaning: written out again and read by the plain decoder it is the same request.
func FuzzDecodeStrictly(f *testing.F) {
	f.Add([]byte(goodBody))
	f.Add([]byte(`{"order_id":"o","amount":3,"amount":4}`))
	f.Add([]byte(`{"legs":[[]],"legs":null}`))
	f.Add([]byte("{\"order_id\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var strict payment.Request
		if decodeStrictly(body, &strict) != nil {
			return
		}
		again, err := json.Marshal(strict)
		if err != nil {
			t.Fatal(err)
		}
		var plain payment.Request
		if err := decodeStrictly(again, &plain); err != nil || !reflect.DeepEqual(plain, strict) {
			t.Errorf("%q became %q: %+v, %+v, %v", body, again, strict, plain, err)
		}
	})
}
