package payment

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// The view is what a payment looks like outside. It is rendered here and not in the HTTP layer, because whoever settles
// a payment (API, worker or resolver) stores the answer of the request that created it.

type view struct {
	ID       ID        `json:"id,string"`
	Order    string    `json:"order_id"`
	Status   State     `json:"status"`
	Reason   string    `json:"reason,omitempty"`
	Amount   int64     `json:"amount"`
	Currency Currency  `json:"currency"`
	Canceled int64     `json:"canceled_amount"`
	Legs     []legView `json:"legs"`
	Created  time.Time `json:"created_at"`
	Version  uint32    `json:"version"`
}

type legView struct {
	Means  Means    `json:"means"`
	Amount int64    `json:"amount"`
	Status LegState `json:"status"`
	Code   string   `json:"code,omitempty"`
}

type pendingView struct {
	ID     ID     `json:"id,string"`
	Status State  `json:"status"`
	URL    string `json:"status_url"`
}

// StatusURL is where a payment is read, as a path.
func StatusURL(id ID) string { return "/v1/payments/" + id.String() }

// Render is the payment as GET shows it. Outside, what is being undone, looked at, or not known is PROCESSING.
func (p *Payment) Render() []byte {
	v := view{
		ID: p.ID, Order: p.Order, Status: p.outsideStatus(), Canceled: p.Canceled, Amount: p.Price.Amount, Currency: p.Price.Currency,
		Created: p.ID.Time(), Version: p.Version, Legs: make([]legView, len(p.Legs)),
	}
	if p.State == Failed {
		v.Reason = p.Reason
	}
	for i, l := range p.Legs {
		v.Legs[i] = legView{Means: l.Means, Amount: l.Amount, Status: l.State}
		switch l.State {
		case Declined:
			v.Legs[i].Code = l.Code
		case Pending, Unknown:
			v.Legs[i].Status = "PROCESSING"
		}
	}
	return mustEncode(v)
}

// finalAnswer is 201 with the final state; a decline is a result like any other.
func (p *Payment) finalAnswer() Answer {
	return Answer{Status: http.StatusCreated, Body: p.Render()}
}

// pendingAnswer is 202: accepted, look there for what becomes of it.
func (p *Payment) pendingAnswer() Answer {
	return Answer{Status: http.StatusAccepted, Body: mustEncode(pendingView{p.ID, p.outsideState(), StatusURL(p.ID)})}
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

type cancellationView struct {
	Payment  ID                `json:"payment_id,string"`
	Seq      uint32            `json:"seq"`
	Status   CancellationState `json:"status"`
	Amount   int64             `json:"amount"`
	Currency Currency          `json:"currency"`
	Reason   string            `json:"reason,omitempty"`
	Refunds  []refundView      `json:"refunds"`
	Created  time.Time         `json:"created_at"`
}

type refundView struct {
	Means  Means       `json:"means"`
	Amount int64       `json:"amount"`
	Status RefundState `json:"status"`
	Code   string      `json:"code,omitempty"`
}

type pendingCancellationView struct {
	Payment ID                `json:"payment_id,string"`
	Seq     uint32            `json:"seq"`
	Status  CancellationState `json:"status"`
	URL     string            `json:"status_url"`
}

// CancellationURL is where a cancellation is read, as a path.
func CancellationURL(id ID, seq uint32) string {
	return fmt.Sprintf("%s/cancellations/%d", StatusURL(id), seq)
}

// Render is the cancellation of p as GET shows it. Outside, REVIEW is PROCESSING.
func (c *Cancellation) Render(p *Payment) []byte {
	v := cancellationView{
		Payment: c.Payment, Seq: c.Seq, Status: outsideCancellation(c.State), Amount: c.Amount, Currency: p.Price.Currency,
		Created: c.Created.UTC(), Refunds: make([]refundView, len(c.Refunds)),
	}
	if c.State == CancelFailed {
		v.Reason = c.Reason
	}
	for i, r := range c.Refunds {
		v.Refunds[i] = refundView{Means: r.Means, Amount: r.Amount, Status: r.State, Code: r.Code}
		if r.State == RefundPending {
			v.Refunds[i].Status = "PROCESSING"
		}
	}
	return mustEncode(v)
}

// finalAnswer is 201 with the end of the cancellation; a refusal is a result like any other.
func (c *Cancellation) finalAnswer(p *Payment) Answer {
	return Answer{Status: http.StatusCreated, Body: c.Render(p)}
}

// pendingAnswer is 202: look there for what becomes of it.
func (c *Cancellation) pendingAnswer() Answer {
	return Answer{Status: http.StatusAccepted, Body: mustEncode(pendingCancellationView{c.Payment, c.Seq, CancelProcessing, CancellationURL(c.Payment, c.Seq)})}
}

func outsideCancellation(s CancellationState) CancellationState {
	if s == CancelReview {
		return CancelProcessing
	}
	return s
}

type eventView struct {
	Version      uint32    `json:"version"`
	At           time.Time `json:"at"`
	Cancellation uint32    `json:"cancellation,omitempty"`
	From         string    `json:"from,omitempty"`
	To           string    `json:"to"`
	Cause        string    `json:"cause"`
}

// RenderEvents is a history as it is shown outside.
func RenderEvents(events []Event) []byte {
	data := make([]eventView, len(events))
	for i, e := range events {
		from, to := string(outside(State(e.From))), string(outside(State(e.To))) // REVIEW of a cancellation is PROCESSING as well
		data[i] = eventView{Version: e.Version, At: e.At.UTC(), Cancellation: e.Cancellation, From: from, To: to, Cause: e.Cause}
	}
	return mustEncode(map[string]any{"data": data})
}

func mustEncode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode a view: %v", err)) // structs of strings, integers and times
	}
	return body
}
