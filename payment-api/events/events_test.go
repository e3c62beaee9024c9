package events

import (
	"slices"
	"testing"

	"github.com/segmentio/kafka-go"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"pgregory.net/rapid"

	"gazua.example/payment-api/payment"
)

func TestEncode_Decode_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := payment.ID(rapid.Uint64Range(1, 1<<63-1).Draw(t, "id"))
		m, err := Encode(id, "")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Decode(m); err != nil || got != id {
			t.Fatalf("%d came back as %d, %v", id, got, err)
		}
		if string(m.Key) != id.String() || m.Topic != Topic || len(m.Headers) != 0 {
			t.Fatalf("key %s topic %s headers %v", m.Key, m.Topic, m.Headers)
		}
	})
}

// The wire format is a contract between versions of API and worker that run at the same time.
func TestEncode_TheBodyIsWhatItWas(t *testing.T) {
	m, _ := Encode(42, "")
	if got := string(m.Value); got != `{"v":1,"payment_id":"42"}` {
		t.Errorf("body %s", got)
	}
}

func TestEncode_TheTraceRidesInTheHeaders(t *testing.T) {
	text := `{"traceparent":"00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01","tracestate":"a=b"}`
	m, err := Encode(42, text)
	if err != nil {
		t.Fatal(err)
	}
	ctx := propagation.TraceContext{}.Extract(t.Context(), Carrier{&m})
	if got := trace.SpanContextFromContext(ctx); got.TraceID().String() != "0102030405060708090a0b0c0d0e0f10" || !got.IsSampled() || got.TraceState().Get("a") != "b" {
		t.Errorf("got %+v", got)
	}
}

func TestEncode_ABrokenTrace_CostsNoPayment(t *testing.T) {
	for _, text := range []string{"", "x", "[]", "null", `{"a":1}`} {
		m, err := Encode(42, text)
		if err != nil {
			t.Errorf("trace %q: %v", text, err)
		}
		if id, err := Decode(m); err != nil || id != 42 {
			t.Errorf("trace %q: %d %v", text, id, err)
		}
	}
}

func TestDecode_WhatIsNoMessageOfOurs_IsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "not JSON": "hello", "null": "null", "an array": "[]", "no members": "{}", "no version": `{"payment_id":"42"}`, "another version": `{"v":2,"payment_id":"42"}`,
		"no payment": `{"v":1}`, "payment 0": `{"v":1,"payment_id":"0"}`, "a number": `{"v":1,"payment_id":42}`, "negative": `{"v":1,"payment_id":"-1"}`,
		"a fraction": `{"v":1,"payment_id":"1.5"}`, "too large for an id": `{"v":1,"payment_id":"9223372036854775808"}`, "two objects": `{"v":1,"payment_id":"42"}{}`,
	} {
		if id, err := Decode(kafka.Message{Value: []byte(text)}); err == nil {
			t.Errorf("%s: decoded as %d", name, id)
		}
	}
}

// A newer API may say more; a worker that is older takes what it knows.
func TestDecode_AMemberMore_IsNoObstacle(t *testing.T) {
	if id, err := Decode(kafka.Message{Value: []byte(`{"v":1,"payment_id":"42","priority":3}`)}); err != nil || id != 42 {
		t.Errorf("got %d %v", id, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Fuzz(func(t *testing.T, value []byte) {
		id, err := Decode(kafka.Message{Value: value})
		if err != nil {
			return
		}
		if id == 0 || id>>63 != 0 {
			t.Fatalf("%q decoded as payment %d", value, id)
		}
		again, _ := Encode(id, "")
		if back, err := Decode(again); err != nil || back != id {
			t.Fatalf("%d came back as %d, %v", id, back, err)
		}
	})
}

func TestCarrier_SetReplaces_GetFindsTheFirst(t *testing.T) {
	m := kafka.Message{Headers: []kafka.Header{{Key: "other", Value: []byte("x")}}}
	c := Carrier{&m}
	if c.Get("traceparent") != "" {
		t.Error("something where nothing was set")
	}
	c.Set("traceparent", "a")
	c.Set("traceparent", "b")
	if got := c.Get("traceparent"); got != "b" {
		t.Errorf("got %q", got)
	}
	if got := c.Keys(); !slices.Equal(got, []string{"other", "traceparent"}) {
		t.Errorf("keys %v", got)
	}
}
