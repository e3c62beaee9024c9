package gateway

import (
	"context"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"gazua.example/payment-api/payment"
)

// A request is written by hand, into the room that its connection keeps for it: all that does not change from call to call
// is put together once.
//
//	POST /pg/v1/charge HTTP/1.1          headOf, once for each instance and operation
//	Host, User-Agent, Content-Type …     "
//	Route-Key, Traceparent, Tracestate   of the call
//	Content-Length, body                 of the call

// headOf is the beginning of each request for op to an instance.
func headOf(to *url.URL, means payment.Means, op payment.Op) string {
	head := "POST " + to.EscapedPath() + path(means, op) + " HTTP/1.1\r\nHost: " + to.Host + "\r\nUser-Agent: gazua\r\nContent-Type: application/json\r\n"
	if to.User != nil {
		password, _ := to.User.Password()
		head += "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(to.User.Username()+":"+password)) + "\r\n"
	}
	return head
}

func path(means payment.Means, op payment.Op) string {
	return "/" + strings.ToLower(string(means)) + "/v1/" + string(op)
}

// build makes the connection's request that of a call.
func (c *connection) build(ctx context.Context, head, routeKey string, body []byte) {
	c.request = append(c.request[:0], head...)
	(*lines)(&c.request).Set(routeHeader, routeKey)
	otel.GetTextMapPropagator().Inject(ctx, (*lines)(&c.request))
	c.request = append(c.request, "Content-Length: "...)
	c.request = strconv.AppendInt(c.request, int64(len(body)), 10)
	c.request = append(c.request, "\r\n\r\n"...)
	c.request = append(c.request, body...)
}

// lines are lines of a header.
type lines []byte

// Set adds one; what would be more than one line is left out.
func (l *lines) Set(name, value string) {
	if strings.ContainsAny(value, "\r\n") {
		return
	}
	*l = append(*l, name...)
	*l = append(*l, ": "...)
	*l = append(*l, value...)
	*l = append(*l, "\r\n"...)
}

// Get implements propagation.TextMapCarrier; nobody reads a request.
func (l *lines) Get(string) string { return "" }

// Keys implements propagation.TextMapCarrier.
func (l *lines) Keys() []string { return nil }

var _ propagation.TextMapCarrier = (*lines)(nil)
