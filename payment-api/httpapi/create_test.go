package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"gazua.example/payment-api/payment"
)

func TestCreate_Paid_Is201WithLocationAndTheStoredBytes(t *testing.T) {
	d := open(t, &fakeDomain{})
	got := d.post(good)
	if got.status != 201 || got.body != string(paid(7).Render()) || got.header.Get("Location") != "/v1/payments/7" || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %+v", got)
	}
	if got.header.Get("Idempotent-Replayed") != "" || got.header.Get("Preference-Applied") != "" {
		t.Errorf("headers of a replay or of a preference: %v", got.header)
	}
	want, _ := payment.KeyHash("POST", "/v1/payments", "k-1")
	if call := d.domain.last(t); call.how.Mode != payment.Sync || call.how.Wait != 0 || call.keyHash != want || !call.bounded() || call.request.OrderID != "o-1" || call.request.Legs[0].Token != "tok" {
		t.Errorf("the domain got %+v", call)
	}
}

func TestCreate_Replay_IsMarked(t *testing.T) {
	d := open(t, &fakeDomain{create: func(*payment.Request) (payment.Created, error) {
		return payment.Created{Answer: stored(201, paid(7).Render()), Payment: 7, Replayed: true}, nil
	}})
	got := d.post(good, with("Prefer", "respond-async"))
	if got.status != 201 || got.header.Get("Idempotent-Replayed") != "true" || got.header.Get("Location") != "/v1/payments/7" {
		t.Errorf("got %+v", got)
	}
	if got.header.Get("Preference-Applied") != "" {
		t.Error("the stored answer is final; the preference was not applied")
	}
}

// RFC 7240: a list between commas, over any number of header lines, case-insensitive, parameters and quoted values.
func TestCreate_Prefer(t *testing.T) {
	d := open(t, &fakeDomain{create: func(*payment.Request) (payment.Created, error) {
		return payment.Created{Answer: stored(202, []byte(pending)), Payment: 7}, nil
	}})
	for name, c := range map[string]struct {
		lines []string
		async bool
	}{
		"none":                     {nil, false},
		"plain":                    {[]string{"respond-async"}, true},
		"capitals":                 {[]string{"Respond-Async"}, true},
		"in a list":                {[]string{"wait=10, respond-async"}, true},
		"with a parameter":         {[]string{"respond-async; foo=bar"}, true},
		"with an empty value":      {[]string{`respond-async=""`}, true},
		"on the second line":       {[]string{"return=minimal", "respond-async"}, true},
		"another preference":       {[]string{"return=minimal"}, false},
		"only a part of a name":    {[]string{"respond-asynchronously"}, false},
		"inside a quoted value":    {[]string{`foo="a, respond-async, b"`}, false},
		"after a quoted value":     {[]string{`foo="a \" , b", respond-async`}, true},
		"a parameter, not a name":  {[]string{"foo; respond-async"}, false},
		"a value that says no":     {[]string{"respond-async=no"}, false},
		"empty members of a list":  {[]string{", ,respond-async"}, true},
		"empty header":             {[]string{""}, false},
		"an unfinished quotation":  {[]string{`foo="a, respond-async`}, true},
		"blanks around everything": {[]string{"  wait = 1 ,\trespond-async  "}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got := d.post(good, func(r *http.Request) { r.Header["Prefer"] = c.lines })
			if got.status != 202 {
				t.Fatalf("status %d", got.status)
			}
			if mode := d.domain.last(t).how.Mode; (mode == payment.Async) != c.async {
				t.Errorf("mode %s", mode)
			}
			if applied := got.header.Get("Preference-Applied") == "respond-async"; applied != c.async {
				t.Errorf("Preference-Applied %q", got.header.Get("Preference-Applied"))
			}
		})
	}
}

func TestCreate_WhatIsNotOneStrictJSONObject_IsRefusedBeforeTheDomain(t *testing.T) {
	d := open(t, &fakeDomain{})
	for name, c := range map[string]struct {
		body, mention string
	}{
		"empty":           {"", "whole JSON object"},
		"not JSON":        {"hello", "byte 1"},
		"cut short":       {good[:40], "whole JSON object"},
		"unknown member":  {`{"order_id":"o-1","amonut":100}`, `"amonut"`},
		"unknown in legs": {`{"legs":[{"mean":"PG"}]}`, `"mean"`},
		"two objects":     {good + good, "more than one"},
		"rubbish behind":  {good + "x", "more than one"},
		"an array":        {`[` + good + `]`, "JSON object, not a JSON array"},
		"a text":          {`"x"`, "not a JSON string"},
		"amount a text":   {strings.Replace(good, "100", `"100"`, 1), "amount has the wrong type"},
		"amount a float":  {strings.Replace(good, "100", "1.5", 1), "amount has the wrong type"},
		"amount too big":  {strings.Replace(good, "100", "1e30", 1), "amount has the wrong type"},
		"amount 2^63":     {strings.Replace(good, "100", "9223372036854775808", 1), "amount has the wrong type"},
		"deeply nested":   {strings.Repeat("[", 2000), "whole JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			got := d.post(c.body)
			got.isProblem(t, 400, "invalid-request")
			if !strings.Contains(strings.ReplaceAll(got.body, `\"`, `"`), c.mention) {
				t.Errorf("the detail does not speak of %s: %s", c.mention, got.body)
			}
			if strings.Contains(got.body, "Go ") || strings.Contains(got.body, "payment.") {
				t.Errorf("it speaks of Go types: %s", got.body)
			}
		})
	}
	if n := d.domain.count(); n != 0 {
		t.Errorf("the domain was asked %d times", n)
	}
}

func TestCreate_InvalidUTF8_NeverEqualsAnotherText(t *testing.T) {
	d := open(t, &fakeDomain{create: func(r *payment.Request) (payment.Created, error) { return payment.Created{}, r.Validate() }})
	d.post(strings.Replace(good, "o-1", "o-\xff", 1)).isProblem(t, 400, "invalid-request")
	d.post(strings.Replace(good, "tok", "tok\xff", 1)).isProblem(t, 400, "invalid-request")
}

func TestCreate_HeadersOfTheBody(t *testing.T) {
	d := open(t, &fakeDomain{})
	d.post(good, with("Content-Type", "text/plain")).isProblem(t, 415, "unsupported-media-type")
	d.post(good, without("Content-Type")).isProblem(t, 415, "unsupported-media-type")
	d.post(good, with("Content-Type", "application/jsonp")).isProblem(t, 415, "unsupported-media-type")
	for _, encoding := range []string{"gzip", "identity", "br"} {
		d.post(good, with("Content-Encoding", encoding)).isProblem(t, 415, "unsupported-media-type")
	}
	if n := d.domain.count(); n != 0 {
		t.Errorf("the domain was asked %d times", n)
	}
	for _, ok := range []string{"application/json; charset=utf-8", "Application/JSON", "application/json;"} {
		if got := d.post(good, with("Content-Type", ok)); got.status != 201 {
			t.Errorf("%s: status %d", ok, got.status)
		}
	}
}

func TestCreate_IdempotencyKey(t *testing.T) {
	d := open(t, &fakeDomain{})
	d.post(good, without("Idempotency-Key")).isProblem(t, 400, "idempotency-key-missing")
	d.post(good, with("Idempotency-Key", "")).isProblem(t, 400, "idempotency-key-missing")
	d.post(good, with("Idempotency-Key", "with a blank")).isProblem(t, 400, "invalid-request")
	d.post(good, with("Idempotency-Key", "열쇠")).isProblem(t, 400, "invalid-request")
	d.post(good, with("Idempotency-Key", strings.Repeat("k", 256))).isProblem(t, 400, "invalid-request")
	if n := d.domain.count(); n != 0 {
		t.Errorf("the domain was asked %d times", n)
	}
	if got := d.post(good, with("Idempotency-Key", strings.Repeat("k", 255))); got.status != 201 {
		t.Errorf("255 characters: status %d", got.status)
	}
}

func TestGet_ShowsThePaymentToItsMerchantOnly(t *testing.T) {
	d := open(t, &fakeDomain{get: func(merchant payment.MerchantID, id payment.ID) (*payment.Payment, error) {
		if merchant != 1 || id != 7 {
			return nil, &payment.Error{Kind: payment.KindNotFound, Detail: "no payment with this id"}
		}
		return in(payment.Undoing, 7), nil
	}})
	if got := d.get("/v1/payments/7", "key-1"); got.status != 200 || !strings.Contains(got.body, `"status":"PROCESSING"`) {
		t.Errorf("got %+v", got)
	}
	d.get("/v1/payments/7", "key-2").isProblem(t, 404, "not-found")
	for _, id := range []string{"8", "0", "-1", "+7", "07", "x", "7x", "18446744073709551616", "%37"} {
		d.get("/v1/payments/"+id, "key-1").isProblem(t, 404, "not-found")
	}
}
