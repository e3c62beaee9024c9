// Package client sends one attempt of one request to the payment API and says what came of it. It repeats nothing by
// itself: who repeats, when and until when is the merchant's business (package run), and the journal must know each
// attempt.
//
// It stands on fasthttp and not on net/http for two reasons. net/http replays a request that carries an Idempotency-Key
// by itself when a reused connection turns out dead, so the target would see attempts that no journal has; here
// MaxIdemponentCallAttempts is 1 and every byte sent was asked for. And it costs about half: BenchmarkAttempt and
// BenchmarkAttempt_NetHTTP print CPU-µs a request, server not included.
package client

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"gazua.example/loadgen/scenario"
)

// Client sends to one target with the keys of its merchants. It is safe for concurrent use.
type Client struct {
	host    fasthttp.HostClient
	base    string
	bearers []string
	timeout time.Duration
}

// maxAnswer bounds a body; the answers of the API are well below 2 KB.
const maxAnswer = 64 << 10

// dialTimeout is long enough for two lost SYNs.
const dialTimeout = 4 * time.Second

// New makes a client. keys are the API keys of the merchants, in the order by which payments name them.
func New(target string, keys []string, policy scenario.Client) (*Client, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("TARGET %q is not an address such as http://127.0.0.1:18080", target)
	}
	c := &Client{base: u.Scheme + "://" + u.Host, timeout: policy.Timeout}
	c.host = fasthttp.HostClient{
		Addr:  u.Host,
		IsTLS: u.Scheme == "https",
		// A place for every request in flight, so that the pool is never the bottleneck: the bound is kept by package run.
		Dial:                      dial,
		MaxConns:                  policy.MaxInFlight,
		MaxIdleConnDuration:       policy.MaxIdle,
		ReadTimeout:               policy.Timeout,
		WriteTimeout:              policy.Timeout,
		MaxResponseBodySize:       maxAnswer,
		MaxIdemponentCallAttempts: 1,
		NoDefaultUserAgentHeader:  true,
		DisablePathNormalizing:    true,
	}
	for _, key := range keys {
		c.bearers = append(c.bearers, "Bearer "+key)
	}
	return c, nil
}

// Create sends the payment once; span tells the requests of one payment apart, in its trace only.
func (c *Client) Create(p *scenario.Payment, span int) Answer {
	request := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(request)
	c.post(request, "/v1/payments", p.Key, appendBody(make([]byte, 0, 768), p))
	if p.Async {
		request.Header.Set("Prefer", "respond-async")
	}
	return c.send(request, p, span)
}

// Read looks the payment up once.
func (c *Client) Read(p *scenario.Payment, id string, span int) Answer {
	request := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(request)
	request.SetRequestURI(c.base + "/v1/payments/" + id)
	return c.send(request, p, span)
}

// Cancel asks once for amount of the payment to be given back, all that is left where it is 0.
func (c *Client) Cancel(p *scenario.Payment, id, key string, amount int64, span int) Answer {
	request := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(request)
	body := []byte("{}")
	if amount > 0 {
		body = append(strconv.AppendInt(append(make([]byte, 0, 32), `{"amount":`...), amount, 10), '}')
	}
	c.post(request, "/v1/payments/"+id+"/cancellations", key, body)
	return c.sendCancel(request, p, span)
}

// ReadCancel looks a cancellation up once.
func (c *Client) ReadCancel(p *scenario.Payment, id string, seq, span int) Answer {
	request := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(request)
	request.SetRequestURI(c.base + "/v1/payments/" + id + "/cancellations/" + strconv.Itoa(seq))
	return c.sendCancel(request, p, span)
}

// sendCancel takes no payment for a cancellation.
func (c *Client) sendCancel(request *fasthttp.Request, p *scenario.Payment, span int) Answer {
	answer := c.send(request, p, span)
	if answer.Accepted() && answer.Seq == 0 {
		answer.Class = garbled
	}
	return answer
}

func (c *Client) post(request *fasthttp.Request, path, key string, body []byte) {
	request.Header.SetMethod(fasthttp.MethodPost)
	request.SetRequestURI(c.base + path)
	request.Header.SetContentType("application/json")
	request.Header.Set("Idempotency-Key", key)
	request.SetBodyRaw(body)
}

// dial stands in for fasthttp's own dialer, which knows IPv4 only and keeps a goroutine for ever.
func dial(addr string) (net.Conn, error) { return net.DialTimeout("tcp", addr, dialTimeout) }

// Close drops the idle connections.
func (c *Client) Close() { c.host.CloseIdleConnections() }

func (c *Client) send(request *fasthttp.Request, p *scenario.Payment, span int) Answer {
	request.Header.Set("Authorization", c.bearers[p.Merchant])
	request.Header.Set("Traceparent", traceparent(p, span))
	response := fasthttp.AcquireResponse()
	defer fasthttp.ReleaseResponse(response)
	sent := time.Now()
	err := c.host.DoTimeout(request, response, c.timeout)
	answer := Answer{Sent: sent, Done: time.Now(), Number: p.Number, TraceID: p.TraceID, Sampled: p.Sampled}
	if err != nil {
		answer.Class = errorClass(err)
		return answer
	}
	answer.read(response)
	if request.Header.IsPost() {
		answer.hash(response.Body())
	}
	return answer
}

// appendBody writes the request by hand: the encoder of the standard library is a fifth of what an attempt costs, and
// every text in here is printable ASCII without quotes by construction.
func appendBody(b []byte, p *scenario.Payment) []byte {
	b = append(b, `{"order_id":"`...)
	b = append(b, p.Order...)
	b = append(b, `","amount":`...)
	b = strconv.AppendInt(b, p.Amount, 10)
	b = append(b, `,"currency":"`...)
	b = append(b, p.Currency...)
	b = append(b, `","legs":[`...)
	for i, leg := range p.Legs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"means":"`...)
		b = append(b, leg.Means...)
		b = append(b, `","amount":`...)
		b = strconv.AppendInt(b, leg.Amount, 10)
		b = append(b, `,"token":"`...)
		b = append(b, leg.Token...)
		b = append(b, `"}`...)
	}
	return append(b, `]}`...)
}

// traceparent is the W3C header: every request of a payment belongs to one trace, each of them is a span of its own.
func traceparent(p *scenario.Payment, span int) string {
	b := append(make([]byte, 0, 55), "00-"...)
	b = appendHex(b, p.TraceID[0])
	b = appendHex(b, p.TraceID[1])
	b = append(b, '-')
	b = appendHex(b, p.TraceID[1]+uint64(span)<<1) // odd like the trace id's half, so never all zeroes
	if p.Sampled {
		return string(append(b, "-01"...))
	}
	return string(append(b, "-00"...))
}

func appendHex(b []byte, v uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[v>>shift&15])
	}
	return b
}
