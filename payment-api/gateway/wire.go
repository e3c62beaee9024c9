package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	lenient "github.com/go-json-experiment/json/v1"

	"gazua.example/payment-api/payment"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// maxText bounds what is kept of a means' texts.
const maxText = 64

const codeTooMany = "too-many-requests"

// codeAnother is a means' answer to a refund whose reference it knows as another refund's. It says nothing about what
// became of that one.
const codeAnother = "another_request"

// order is the body of a reserve, charge or refund; the other operations send the reference only. Our reference rides in
// the body: an Idempotency-Key header makes net/http's client, and whatever else stands in between and knows it, send the
// request again by itself on a dead connection.
type order struct {
	Reference  string           `json:"reference"`
	Original   string           `json:"original,omitempty"` // of a refund: the leg that it gives back
	Order      string           `json:"order_id,omitempty"`
	Merchant   string           `json:"merchant,omitempty"`
	Amount     int64            `json:"amount,omitempty"`
	Currency   payment.Currency `json:"currency,omitempty"`
	Token      string           `json:"token,omitempty"`
	TTLSeconds int64            `json:"ttl_seconds,omitempty"`
}

// answer is what every operation answers; which members are set depends on the result.
type answer struct {
	Result        string           `json:"result"`
	Reference     string           `json:"reference"`
	Code          string           `json:"code"`
	Status        string           `json:"status"`
	Live          int              `json:"live"`
	TransactionID string           `json:"transaction_id"`
	Amount        int64            `json:"amount"`
	Currency      payment.Currency `json:"currency"`
	BookedAt      time.Time        `json:"booked_at"`
	Tombstoned    bool             `json:"tombstoned"`
}

func encode(c payment.Call, ttl time.Duration) []byte {
	o := order{Reference: c.Reference()}
	switch c.Op {
	case payment.Charge, payment.Reserve:
		o.Order, o.Merchant, o.Token = c.Payment.Order, strconv.Itoa(int(c.Payment.Merchant)), c.Leg.Token
		o.Amount, o.Currency = asked(c), c.Payment.Price.Currency
	case payment.GiveBack:
		o.Original = c.Payment.Reference(c.Leg)
		o.Amount, o.Currency = asked(c), c.Payment.Price.Currency
	}
	if c.Op == payment.Reserve {
		o.TTLSeconds = int64(ttl.Seconds())
	}
	body, err := json.Marshal(o)
	if err != nil {
		panic(fmt.Sprintf("encode a call: %v", err)) // a struct of strings and integers
	}
	return body
}

// decode says what an answer means.
func decode(c payment.Call, status int, body []byte) payment.Reply {
	switch {
	case len(body) > maxAnswer:
		return payment.Reply{Code: "answer-too-large"}
	case status == http.StatusTooManyRequests:
		return payment.Reply{Result: payment.NotProcessed, Code: codeTooMany}
	case status != http.StatusOK:
		return payment.Reply{Code: "http-" + strconv.Itoa(status)}
	}
	var a answer
	if err := lenient.Unmarshal(body, &a); err != nil { // it takes what encoding/json takes, in half of the time
		return payment.Reply{Code: "garbage"}
	}
	return interpret(c, a)
}

// documented is the result that each operation answers when it did what was asked.
var documented = map[payment.Op]string{
	payment.Charge: "approved", payment.Reserve: "held", payment.Confirm: "captured", payment.Release: "released",
	payment.Void: "voided", payment.NetCancel: "canceled", payment.Inquiry: "found", payment.GiveBack: "refunded",
}

// found is what an inquiry's status means for our leg.
var found = map[string]payment.LegState{
	"CAPTURED": payment.Captured, "HELD": payment.Held, "DECLINED": payment.Declined,
	"VOIDED": payment.Voided, "RELEASED": payment.Released, "EXPIRED": payment.Released,
}

// interpret accepts what is documented and matches what we asked for; everything else is Unclear.
func interpret(c payment.Call, a answer) payment.Reply {
	reply := payment.Reply{Code: fit(a.Code), TransactionID: fit(a.TransactionID), BookedAt: a.BookedAt, Tombstoned: a.Tombstoned}
	if a.BookedAt.Year() < 1970 { // nobody booked anything then, and no column takes the year 0
		reply.BookedAt = time.Time{}
	}
	opens := c.Op == payment.Charge || c.Op == payment.Reserve
	switch {
	case a.Reference != c.Reference():
		return payment.Reply{Code: "another-reference"}
	case a.Result == documented[c.Op]:
		reply.Result = payment.Done
	case a.Result == "declined" && opens:
		reply.Result = payment.Refused
		return reply
	case a.Result == "refused" && c.Op != payment.Inquiry:
		return refused(c.Op, reply)
	case a.Result == "not_found" && c.Op == payment.Inquiry:
		reply.Result = payment.NotFound
		return reply
	default:
		return payment.Reply{Code: "undocumented-result"}
	}
	if c.Op == payment.Inquiry {
		state, known := found[a.Status]
		if live := state == payment.Held || state == payment.Captured; !known || live != (a.Live == 1) || !live && a.Live != 0 {
			return payment.Reply{Code: "undocumented-status"}
		}
		reply.Leg = state
	}
	switch {
	case moneyMoved(c.Op, reply.Leg) && (a.Amount != asked(c) || a.Currency != c.Payment.Price.Currency):
		return payment.Reply{Code: "another-amount"}
	case c.Op == payment.GiveBack && reply.BookedAt.IsZero(): // the ledger's day of a refund is known from here only
		return payment.Reply{Code: "no-booking-time"}
	}
	return reply
}

// refused is a definite no, unless it is for what was done already: that says nothing about how it ended.
func refused(op payment.Op, reply payment.Reply) payment.Reply {
	switch {
	case reply.Code == "":
		reply.Code = "undocumented-refusal"
	case op == payment.GiveBack && reply.Code == codeAnother:
	case !strings.HasPrefix(reply.Code, "already_"):
		reply.Result = payment.Refused
	}
	return reply
}

// fit makes a text of the means what our columns take.
func fit(text string) string { return payment.Fit(text, maxText) }

// asked is the amount that the call is about.
func asked(c payment.Call) int64 {
	if c.Op == payment.GiveBack {
		return c.Refund.Amount
	}
	return c.Leg.Amount
}

func moneyMoved(op payment.Op, leg payment.LegState) bool {
	switch op {
	case payment.Charge, payment.Reserve, payment.Confirm, payment.GiveBack:
		return true
	}
	return leg == payment.Held || leg == payment.Captured
}

// causeOf names why there was no answer, for people; nothing is decided by it.
func causeOf(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	default:
		return "broken"
	}
}
