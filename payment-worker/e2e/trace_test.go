package e2e_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
)

const (
	client   = otlp.Span_SPAN_KIND_CLIENT
	server   = otlp.Span_SPAN_KIND_SERVER
	producer = otlp.Span_SPAN_KIND_PRODUCER
	consumer = otlp.Span_SPAN_KIND_CONSUMER
)

// One trace holds an asynchronous payment from its client's request to the callback:
//
//	client ─► POST /v1/payments ─┬─ TRANSACTION claim
//	                             └─ send payment.accepted ─► process payment.accepted ─┬─ SELECT payment
//	                                                                                   ├─ TRANSACTION apply ×2
//	                                                                                   ├─ POST /point/v1/reserve, /pg/v1/charge, /point/v1/confirm
//	                                                                                   └─ POST: the callback ─► merchant
func TestTrace_Async_OneTraceFromTheRequestToTheCallback(t *testing.T) {
	t.Parallel()
	const trace, caller = "a5c0ffee00000000000000000000a501", "00000000ca11e401"
	o := order{id: "traced", key: "traced-1", point: tok, charge: tok}
	got := o.pay(t, system.apis[0], "Prefer", "respond-async", "Traceparent", "00-"+trace+"-"+caller+"-01")
	got.expect(t, 202, "ACCEPTED")
	id := got.view.ID
	judge(t, id, "PAID")
	told := toldOf(t, system.shops[1], id)

	eventually(t, "the last span of each process has arrived", func() bool {
		seen := exported(t, trace)
		return !slices.ContainsFunc([]string{"POST", "POST /v1/payments", "send payment.accepted", "process payment.accepted"}, func(name string) bool {
			return len(seen.all(name, "")) == 0
		})
	})
	seen := exported(t, trace)

	request := seen.one(t, "POST /v1/payments", caller, server)
	request.has(t, map[string]string{
		"http.request.method": "POST", "http.route": "/v1/payments", "url.path": "/v1/payments", "url.scheme": "http", "http.response.status_code": "202", "gazua.payment_id": id,
	})
	claim := seen.one(t, "TRANSACTION claim", request.id, client)
	claim.has(t, map[string]string{"db.system.name": "mysql", "db.operation.name": "TRANSACTION", "gazua.commit.kind": "claim", "gazua.commit.wait": ""})
	checkStatements(t, seen, claim, "INSERT idempotency_key", "INSERT payment", "INSERT outbox", "COMMIT")

	send := seen.one(t, "send payment.accepted", request.id, producer)
	kafka := map[string]string{
		"messaging.system": "kafka", "messaging.destination.name": "payment.accepted", "messaging.destination.partition.id": "", "messaging.kafka.offset": "",
	}
	send.has(t, kafka)
	send.has(t, map[string]string{"messaging.operation.name": "send", "messaging.operation.type": "send", "messaging.kafka.message.key": id})

	work := seen.one(t, "process payment.accepted", send.id, consumer)
	if !slices.Contains(work.links, send.id) {
		t.Errorf("the work on the message links to %v, want %s, who sent it", work.links, send.id)
	}
	work.has(t, kafka)
	work.has(t, map[string]string{
		"messaging.operation.name": "process", "messaging.operation.type": "process", "messaging.consumer.group.name": "payment-worker", "gazua.payment_id": id,
	})
	if work.attributes["messaging.kafka.offset"] != send.attributes["messaging.kafka.offset"] || work.attributes["messaging.destination.partition.id"] != send.attributes["messaging.destination.partition.id"] {
		t.Errorf("sent to %v, read at %v", send.attributes, work.attributes)
	}
	if n := len(seen.all("SELECT payment", work.id)); n == 0 {
		t.Errorf("the payment was not read below the work; the trace has %s", seen)
	}
	steps := seen.all("TRANSACTION apply", work.id)
	if len(steps) != 2 {
		t.Fatalf("%d transactions below the work, want the claim and the outcome; the trace has %s", len(steps), seen)
	}
	for _, step := range steps {
		checkStatements(t, seen, step, "UPDATE payment", "INSERT payment_event", "COMMIT")
	}
	pg, err := url.Parse(system.pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/point/v1/reserve", "/pg/v1/charge", "/point/v1/confirm"} {
		seen.one(t, "POST "+path, work.id, client).has(t, map[string]string{
			"http.request.method": "POST", "http.response.status_code": "200", "server.address": pg.Hostname(), "server.port": pg.Port(),
			"url.full": system.pg.URL() + path, "gazua.result": "done",
		})
	}

	callback := seen.one(t, "POST", work.id, client)
	shop, err := url.Parse(system.shops[1].URL)
	if err != nil {
		t.Fatal(err)
	}
	callback.has(t, map[string]string{
		"http.request.method": "POST", "http.response.status_code": "200", "server.address": shop.Hostname(), "server.port": shop.Port(), "gazua.payment_id": id, "gazua.event": told.id,
	})
	if want := "00-" + trace + "-" + callback.id + "-01"; told.trace != want {
		t.Errorf("the merchant was called with traceparent %q, want %q", told.trace, want)
	}
	for _, s := range seen {
		for key, value := range s.attributes {
			for what, secret := range secrets {
				if strings.Contains(value, secret) {
					t.Errorf("%s: %s holds %s", s.name, key, what)
				}
			}
			if key == "db.query.text" {
				t.Errorf("%s: the text of a statement left: %s", s.name, value)
			}
		}
		if s.failed {
			t.Errorf("%s failed, though nothing did", s.name)
		}
	}
}

// checkStatements looks for the statements of a transaction: below its own span, or below that of the first member of the
// batch that it shared, which it links to.
func checkStatements(t *testing.T, seen trace, transaction span, names ...string) {
	t.Helper()
	if len(transaction.links) > 0 {
		return // they stand in another payment's trace
	}
	var told []string
	for _, s := range append(seen.all("BATCH", transaction.id), seen.all("COMMIT", transaction.id)...) {
		s.has(t, map[string]string{"db.system.name": "mysql", "db.namespace": "payment", "db.operation.name": s.name, "server.address": ""})
		told = append(told, strings.Split(s.attributes["db.query.summary"], "; ")...)
	}
	for _, name := range names {
		if !slices.Contains(told, name) {
			t.Errorf("no %q below %s %s, but %v; the trace has %s", name, transaction.name, transaction.id, told, seen)
		}
	}
}

// A synchronous payment is one trace too, and a trace that its client does not record is not recorded here either, though
// its id goes on.
func TestTrace_Sync_OneTrace_AndTheClientSaysWhetherItIsRecorded(t *testing.T) {
	t.Parallel()
	const recorded, silent, caller = "a5c0ffee00000000000000000000a502", "a5c0ffee00000000000000000000a503", "00000000ca11e402"
	quiet := order{id: "traced-not", key: "traced-not", charge: tok}
	unseen := quiet.pay(t, system.apis[0], "Prefer", "respond-async", "Traceparent", "00-"+silent+"-"+caller+"-00")
	unseen.expect(t, 202, "ACCEPTED")
	judge(t, unseen.view.ID, "PAID")
	if told := toldOf(t, system.shops[1], unseen.view.ID); !strings.HasPrefix(told.trace, "00-"+silent+"-") || !strings.HasSuffix(told.trace, "-00") {
		t.Errorf("the merchant was called with traceparent %q", told.trace)
	}
	o := order{id: "traced-sync", key: "traced-sync", point: tok, charge: tok}
	got := o.pay(t, system.apis[0], "Traceparent", "00-"+recorded+"-"+caller+"-01")
	got.expect(t, 201, "PAID")
	eventually(t, "the request's span has arrived", func() bool { return len(exported(t, recorded).all("POST /v1/payments", "")) > 0 })
	seen := exported(t, recorded)
	request := seen.one(t, "POST /v1/payments", caller, server)
	seen.one(t, "TRANSACTION claim", request.id, client)
	seen.one(t, "TRANSACTION apply", request.id, client)
	for _, path := range []string{"/point/v1/reserve", "/pg/v1/charge", "/point/v1/confirm"} {
		seen.one(t, "POST "+path, request.id, client)
	}
	if n := len(exported(t, silent)); n > 0 {
		t.Errorf("%d spans of a trace that is not recorded", n)
	}
}
