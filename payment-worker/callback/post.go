package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"gazua.example/payment-api/mysql"
)

// Bounds of an attempt.
const (
	connectWithin = 3 * time.Second
	maxHeader     = 16 << 10
	maxAnswer     = 64 << 10 // what is read of an answer, to use its connection again; nobody looks at it
	maxError      = 200      // what the column takes
)

// client posts callbacks: over TLS to any public address, in the clear to the allowed ones only.
type client struct {
	timeout time.Duration
	secure  *http.Client
	bare    *http.Client
}

func newClient(o Options) *client {
	return &client{timeout: o.Timeout, secure: newHTTP(o, guard{allow: o.Allow}), bare: newHTTP(o, guard{allow: o.Allow, only: true})}
}

// newHTTP makes a client of our own: no proxy that the environment names, no redirect, no address that guard refuses.
func newHTTP(o Options, g guard) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            g.dialer(o.Resolver).DialContext,
			TLSHandshakeTimeout:    connectWithin,
			MaxIdleConns:           o.InFlight,
			MaxIdleConnsPerHost:    o.PerMerchant,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: maxHeader,
			DisableCompression:     true,
		},
	}
}

func (c *client) close() {
	c.secure.CloseIdleConnections()
	c.bare.CloseIdleConnections()
}

// post sends a callback once. It was delivered when the merchant answered 2xx; status is 0 where there was no answer.
func (c *client) post(ctx context.Context, d mysql.DueCallback, to mysql.Destination) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := c.request(ctx, d, to)
	if err != nil {
		return 0, err
	}
	way := c.secure
	if request.URL.Scheme == "http" {
		way = c.bare
	}
	response, err := way.Do(request)
	if err != nil {
		return 0, reason(err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return response.StatusCode, fmt.Errorf("the answer was %d", response.StatusCode)
	}
	return response.StatusCode, nil
}

func (c *client) request(ctx context.Context, d mysql.DueCallback, to mysql.Destination) (*http.Request, error) {
	if to.URL == "" {
		return nil, errors.New("the merchant has no callback URL")
	}
	where, err := url.Parse(to.URL)
	if err != nil || where.Host == "" || where.User != nil || where.Scheme != "https" && where.Scheme != "http" {
		return nil, errors.New("the merchant's callback URL is no http or https URL")
	}
	id, now := eventID(d), time.Now()
	signature, err := sign(to.Secrets, id, now, d.Body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(d.Body))
	if err != nil {
		return nil, errors.New("the merchant's callback URL cannot be called")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "gazua-callback/1")
	request.Header.Set("Webhook-Id", id)
	request.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	request.Header.Set("Webhook-Signature", signature)
	inject(ctx, request)
	return request, nil
}

// reason is why there was no answer, without the URL: that is the merchant's, and may hold a secret.
func reason(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// plain is an error as the column and a log take it.
func plain(err error) string {
	text := make([]byte, 0, maxError)
	for _, c := range err.Error() {
		if len(text) == maxError {
			break
		}
		if c < ' ' || c > '~' {
			c = '?'
		}
		text = append(text, byte(c))
	}
	return string(text)
}
