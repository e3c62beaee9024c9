package client

import (
	"crypto/sha256"
	"encoding/hex"
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

	// Of the request: whose it was, for the sample of a group of faults.
	Number  int // of the payment
	TraceID [2]uint64
	Sampled bool

	// Of a 2xx body.
	ID, Order, State string // ID is the payment's, also in the answer to a cancellation
	Amount           int64
	Canceled         int64  // of the payment's amount, so far
	Seq              int    // of the cancellation, 0 in a payment's body
	Hash             string // of the bytes, where they must be the same in every answer to this request
}

// Again says whether a merchant must send the same request again: nobody told it what became of it, or it was told to
// come again later.
func (a *Answer) Again() bool {
	return a.Class != "" || a.Status == 429 || a.Status >= 500 || a.Status == 409 && a.passing()
}

// passing says whether the conflict is one that time resolves.
func (a *Answer) passing() bool {
	switch a.Problem {
	case "request-in-progress", "cancellation-in-progress", "payment-not-paid":
		return true
	}
	return false
}

// Accepted says whether the API has promised to remember this payment, or this cancellation.
func (a *Answer) Accepted() bool { return a.Class == "" && a.Status >= 200 && a.Status < 300 }

// Final says whether the payment, or the cancellation, has come to its end.
func (a *Answer) Final() bool { return a.End() != "" }

// End is the end that the answer tells: PAID or FAILED of a payment, SUCCEEDED or FAILED of a cancellation, "" of one on
// its way. A payment that was given back has ended as PAID; its cancellations have ends of their own.
func (a *Answer) End() string {
	switch {
	case !a.Accepted():
	case a.State == "FAILED", a.Seq > 0 && a.State == "SUCCEEDED", a.Seq == 0 && a.State == "PAID":
		return a.State
	case a.Seq == 0 && (a.State == "PARTIALLY_CANCELED" || a.State == "CANCELED"):
		return "PAID"
	}
	return ""
}

// garbled is a 2xx whose body makes no sense.
const garbled = "garbled"

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
		a.readView(response.Body())
		return
	}
	var problem struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(response.Body(), &problem) == nil && problem.Type != "" {
		a.Problem = path.Base(problem.Type)
	}
}

// readView takes what the journal keeps from the body about a payment or a cancellation. A 2xx that cannot be read
// promises nothing that could be held against the system, so it counts as no answer.
func (a *Answer) readView(body []byte) {
	var view struct {
		ID      string `json:"id"`
		Order   string `json:"order_id"`
		Status  string `json:"status"`
		Amount  int64  `json:"amount"`
		Back    int64  `json:"canceled_amount"`
		Payment string `json:"payment_id"` // a cancellation names its payment so, and has a number
		Seq     int    `json:"seq"`
	}
	err := json.Unmarshal(body, &view)
	id := view.ID
	if view.Seq > 0 {
		id = view.Payment
	}
	if err != nil || id == "" || view.Status == "" {
		a.Class = garbled
		return
	}
	a.ID, a.Order, a.State, a.Amount, a.Canceled, a.Seq = id, view.Order, view.Status, view.Amount, view.Back, view.Seq
}

// hash takes the fingerprint of a 2xx body.
func (a *Answer) hash(body []byte) {
	if a.Accepted() {
		sum := sha256.Sum256(body)
		a.Hash = hex.EncodeToString(sum[:8])
	}
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
