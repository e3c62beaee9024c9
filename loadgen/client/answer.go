package client

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"path"
	"strconv"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// Answer is what came of one attempt. Either Class says why there is none, or Status is that of the answer.
type Answer struct {
	Sent, Done time.Time
	Class      string // "" | timeout | refused | closed (by FIN or RST) | network | garbled (a 2xx whose body makes no sense)
	Status     int
	Problem    string // the slug of a problem's type, such as request-in-progress
	RetryAfter time.Duration
	Replayed   bool

	// Of a 2xx body.
	ID, Order, State string
	Amount           int64
}

// Again says whether a merchant must send the same request again: nobody told it what became of the payment.
func (a *Answer) Again() bool {
	return a.Class != "" || a.Status == 429 || a.Status >= 500 || a.Status == 409 && a.Problem == "request-in-progress"
}

// Accepted says whether the API has promised to remember this payment.
func (a *Answer) Accepted() bool { return a.Class == "" && a.Status >= 200 && a.Status < 300 }

// Final says whether the payment has come to its end.
func (a *Answer) Final() bool { return a.Accepted() && (a.State == "PAID" || a.State == "FAILED") }

// Fault names what went wrong, "" when nothing did. Class and code together are a group in the report.
func (a *Answer) Fault() (class, code string) {
	switch {
	case a.Class != "":
		return "no-answer", a.Class
	case a.Accepted():
		return "", ""
	case a.Problem == "":
		return "http", strconv.Itoa(a.Status) + " (no problem body: not the API's own)"
	}
	return "http", strconv.Itoa(a.Status) + " " + a.Problem
}

func (a *Answer) read(response *fasthttp.Response) {
	a.Status = response.StatusCode()
	a.Replayed = string(response.Header.Peek("Idempotent-Replayed")) == "true"
	if seconds, err := strconv.Atoi(string(response.Header.Peek("Retry-After"))); err == nil && seconds > 0 {
		a.RetryAfter = time.Duration(min(seconds, 3600)) * time.Second
	}
	if a.Status >= 200 && a.Status < 300 {
		a.readPayment(response.Body())
		return
	}
	var problem struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(response.Body(), &problem) == nil && problem.Type != "" {
		a.Problem = path.Base(problem.Type)
	}
}

// readPayment takes what the journal keeps from a payment's body. A 2xx that cannot be read promises nothing that could
// be held against the system, so it counts as no answer.
func (a *Answer) readPayment(body []byte) {
	var payment struct {
		ID     string `json:"id"`
		Order  string `json:"order_id"`
		Status string `json:"status"`
		Amount int64  `json:"amount"`
	}
	if err := json.Unmarshal(body, &payment); err != nil || payment.ID == "" || payment.Status == "" {
		a.Class = "garbled"
		return
	}
	a.ID, a.Order, a.State, a.Amount = payment.ID, payment.Order, payment.Status, payment.Amount
}

// errorClass folds the many errors of a connection into what a reader of the report can act on.
func errorClass(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, fasthttp.ErrTimeout), errors.Is(err, fasthttp.ErrDialTimeout),
		errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	// FIN and RST are one class: fasthttp reports either as EOF when it comes before the first byte of the answer.
	case errors.Is(err, fasthttp.ErrConnectionClosed), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "closed"
	}
	return "network"
}
