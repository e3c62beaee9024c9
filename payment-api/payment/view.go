package payment

import (
	"fmt"
	"net/http"
)

// The view is what a payment looks like outside. It is rendered here and not in the HTTP layer, because whoever settles
// a payment (API, worker or resolver) stores the answer of the request that created it.
//
// It is written member by member: each payment is rendered several times, and a struct that encoding/json looks through costs
// four times as much. The tests hold what is written against encoding/json.

// StatusURL is where a payment is read, as a path.
func StatusURL(id ID) string { return "/v1/payments/" + id.String() }

// Render is the payment as GET shows it. Outside, what is being undone, looked at, or not known is PROCESSING.
func (p *Payment) Render() []byte {
	to := make([]byte, 0, 512) // the usual one has 230 bytes, with three legs 340
	to = number(append(to, `{"id":"`...), p.ID)
	to = text(append(to, `","order_id":`...), p.Order)
	to = text(append(to, `,"status":`...), p.outsideStatus())
	if p.State == Failed && p.Reason != "" {
		to = text(append(to, `,"reason":`...), p.Reason)
	}
	to = number(append(to, `,"amount":`...), p.Price.Amount)
	to = text(append(to, `,"currency":`...), p.Price.Currency)
	to = number(append(to, `,"canceled_amount":`...), p.Canceled)
	to = append(to, `,"legs":[`...)
	for i := range p.Legs {
		to = p.Legs[i].render(to)
	}
	to = moment(append(closed(to), `,"created_at":`...), p.ID.Time())
	to = number(append(to, `,"version":`...), p.Version)
	return append(to, '}')
}

func (l *Leg) render(to []byte) []byte {
	status, code := l.State, ""
	switch l.State {
	case Declined:
		code = l.Code
	case Pending, Unknown:
		status = "PROCESSING"
	}
	return share(to, l.Means, l.Amount, status, code)
}

// share writes one means' share of a payment or a cancellation, with a comma behind it.
func share[S ~string](to []byte, means Means, amount int64, status S, code string) []byte {
	to = text(append(to, `{"means":`...), means)
	to = number(append(to, `,"amount":`...), amount)
	to = text(append(to, `,"status":`...), status)
	if code != "" {
		to = text(append(to, `,"code":`...), code)
	}
	return append(to, "},"...)
}

// finalAnswer is 201 with the final state; a decline is a result like any other.
func (p *Payment) finalAnswer() Answer {
	return Answer{Status: http.StatusCreated, Body: p.Render()}
}

// pendingAnswer is 202: accepted, look there for what becomes of it.
func (p *Payment) pendingAnswer() Answer {
	return Answer{Status: http.StatusAccepted, Body: p.renderPending()}
}

func (p *Payment) renderPending() []byte {
	to := number(append(make([]byte, 0, 128), `{"id":"`...), p.ID)
	to = text(append(to, `","status":`...), p.outsideState())
	to = text(append(to, `,"status_url":`...), StatusURL(p.ID))
	return append(to, '}')
}

func (p *Payment) outsideState() State { return outside(p.State) }

// outsideStatus is the state with what was canceled: it exists outside only, the payment stays PAID.
func (p *Payment) outsideStatus() State {
	switch {
	case p.State == Paid && p.Canceled == p.Price.Amount:
		return "CANCELED"
	case p.State == Paid && p.Canceled > 0:
		return "PARTIALLY_CANCELED"
	}
	return outside(p.State)
}

func outside(s State) State {
	if s == Undoing || s == Review {
		return Processing
	}
	return s
}

// CancellationURL is where a cancellation is read, as a path.
func CancellationURL(id ID, seq uint32) string {
	return fmt.Sprintf("%s/cancellations/%d", StatusURL(id), seq)
}

// Render is the cancellation of p as GET shows it. Outside, REVIEW is PROCESSING.
func (c *Cancellation) Render(p *Payment) []byte {
	to := make([]byte, 0, 512)
	to = number(append(to, `{"payment_id":"`...), c.Payment)
	to = number(append(to, `","seq":`...), c.Seq)
	to = text(append(to, `,"status":`...), outsideCancellation(c.State))
	to = number(append(to, `,"amount":`...), c.Amount)
	to = text(append(to, `,"currency":`...), p.Price.Currency)
	if c.State == CancelFailed && c.Reason != "" {
		to = text(append(to, `,"reason":`...), c.Reason)
	}
	to = append(to, `,"refunds":[`...)
	for _, r := range c.Refunds {
		status := r.State
		if status == RefundPending {
			status = "PROCESSING"
		}
		to = share(to, r.Means, r.Amount, status, r.Code)
	}
	to = moment(append(closed(to), `,"created_at":`...), c.Created)
	return append(to, '}')
}

// finalAnswer is 201 with the end of the cancellation; a refusal is a result like any other.
func (c *Cancellation) finalAnswer(p *Payment) Answer {
	return Answer{Status: http.StatusCreated, Body: c.Render(p)}
}

// pendingAnswer is 202: look there for what becomes of it.
func (c *Cancellation) pendingAnswer() Answer {
	return Answer{Status: http.StatusAccepted, Body: c.renderPending()}
}

func (c *Cancellation) renderPending() []byte {
	to := number(append(make([]byte, 0, 160), `{"payment_id":"`...), c.Payment)
	to = number(append(to, `","seq":`...), c.Seq)
	to = text(append(to, `,"status":`...), CancelProcessing)
	to = text(append(to, `,"status_url":`...), CancellationURL(c.Payment, c.Seq))
	return append(to, '}')
}

func outsideCancellation(s CancellationState) CancellationState {
	if s == CancelReview {
		return CancelProcessing
	}
	return s
}

// RenderEvents is a history as it is shown outside.
func RenderEvents(events []Event) []byte {
	to := append(make([]byte, 0, 16+160*len(events)), `{"data":[`...)
	for _, e := range events {
		to = number(append(to, `{"version":`...), e.Version)
		to = moment(append(to, `,"at":`...), e.At)
		if e.Cancellation != 0 {
			to = number(append(to, `,"cancellation":`...), e.Cancellation)
		}
		if from := outside(State(e.From)); from != "" { // REVIEW of a cancellation is PROCESSING as well
			to = text(append(to, `,"from":`...), from)
		}
		to = text(append(to, `,"to":`...), outside(State(e.To)))
		to = text(append(to, `,"cause":`...), e.Cause)
		to = append(to, "},"...)
	}
	return append(closed(to), '}')
}
