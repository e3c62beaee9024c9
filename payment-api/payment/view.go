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
		ID: p.ID, Order: p.Order, Status: p.outsideState(), Amount: p.Price.Amount, Currency: p.Price.Currency,
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

func (p *Payment) outsideState() State {
	if p.State == Undoing || p.State == Review {
		return Processing
	}
	return p.State
}

func mustEncode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode a view: %v", err)) // structs of strings, integers and times
	}
	return body
}
