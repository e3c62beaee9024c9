package payment

import "time"

// Callback tells a merchant the end of what it was answered 202 for. It carries the payment's version: callbacks are
// delivered at least once and in no promised order.
type Callback struct {
	Type string
	Body []byte
}

// MaxCallback bounds a callback's body, in bytes.
const MaxCallback = 8192

func (p *Payment) callback(now time.Time) *Callback {
	kind := "payment.failed"
	if p.State == Paid {
		kind = "payment.paid"
	}
	return newCallback(kind, now, p.Render(), nil)
}

func (c *Cancellation) callback(p *Payment, now time.Time) *Callback {
	kind := "cancellation.failed"
	if c.State == CancelSucceeded {
		kind = "cancellation.succeeded"
	}
	return newCallback(kind, now, p.Render(), c.Render(p))
}

func newCallback(kind string, now time.Time, payment, cancellation []byte) *Callback {
	to := text(append(make([]byte, 0, 128+len(payment)+len(cancellation)), `{"type":`...), kind)
	to = moment(append(to, `,"timestamp":`...), now)
	to = append(append(to, `,"data":{"payment":`...), payment...)
	if cancellation != nil {
		to = append(append(to, `,"cancellation":`...), cancellation...)
	}
	return &Callback{Type: kind, Body: append(to, "}}"...)}
}
