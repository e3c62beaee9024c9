package payment

import (
	"encoding/json"
	"time"
)

// Callback tells a merchant the end of what it was answered 202 for. It carries the payment's version: callbacks are
// delivered at least once and in no promised order.
type Callback struct {
	Type string
	Body []byte
}

// MaxCallback bounds a callback's body, in bytes.
const MaxCallback = 8192

type callbackView struct {
	Type      string       `json:"type"`
	Timestamp time.Time    `json:"timestamp"`
	Data      callbackData `json:"data"`
}

type callbackData struct {
	Payment      json.RawMessage `json:"payment"`
	Cancellation json.RawMessage `json:"cancellation,omitempty"`
}

func (p *Payment) callback(now time.Time) *Callback {
	kind := "payment.failed"
	if p.State == Paid {
		kind = "payment.paid"
	}
	return encodeCallback(kind, now, callbackData{Payment: p.Render()})
}

func (c *Cancellation) callback(p *Payment, now time.Time) *Callback {
	kind := "cancellation.failed"
	if c.State == CancelSucceeded {
		kind = "cancellation.succeeded"
	}
	return encodeCallback(kind, now, callbackData{Payment: p.Render(), Cancellation: c.Render(p)})
}

func encodeCallback(kind string, now time.Time, data callbackData) *Callback {
	return &Callback{Type: kind, Body: mustEncode(callbackView{Type: kind, Timestamp: now.UTC(), Data: data})}
}
