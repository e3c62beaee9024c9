package legacy

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// request is what merchants send, the same as to the renewed system.
type request struct {
	Order    string       `json:"order_id"`
	Amount   int64        `json:"amount"` // minor units
	Currency string       `json:"currency"`
	Legs     []requestLeg `json:"legs"`
}

type requestLeg struct {
	Means  string `json:"means"`
	Amount int64  `json:"amount"`
	Token  string `json:"token"`
}

// Bounds of what the columns take, and of an amount, so that a sum of three does not wrap.
const (
	maxOrder  = 64
	maxToken  = 512
	maxAmount = 1_000_000_000_000
)

// wrong says the first thing that is wrong with it, "" when nothing is.
func (r *request) wrong() string {
	switch {
	case r.Order == "" || len(r.Order) > maxOrder:
		return fmt.Sprintf("order_id must be 1 to %d characters", maxOrder)
	case r.Amount <= 0 || r.Amount > maxAmount:
		return fmt.Sprintf("amount must be from 1 to %d minor units", maxAmount)
	case len(r.Currency) != 3:
		return "currency must be a code of three letters, such as KRW"
	case len(r.Legs) == 0 || len(r.Legs) > len(order):
		return fmt.Sprintf("legs must hold one to %d legs", len(order))
	}
	sum, seen := int64(0), map[string]bool{}
	for i, l := range r.Legs {
		switch {
		case !slices.Contains(order, l.Means) || seen[l.Means]:
			return fmt.Sprintf("legs[%d].means must be PG, POINT or COUPON, each at most once", i)
		case l.Amount <= 0 || l.Amount > maxAmount:
			return fmt.Sprintf("legs[%d].amount must be from 1 to %d minor units", i, maxAmount)
		case l.Token == "" || len(l.Token) > maxToken:
			return fmt.Sprintf("legs[%d].token must be 1 to %d characters", i, maxToken)
		}
		seen[l.Means] = true
		sum += l.Amount
	}
	if sum != r.Amount {
		return fmt.Sprintf("the legs sum to %d, the amount is %d", sum, r.Amount)
	}
	return ""
}

// payment makes one of it, with its legs in the order of the calls.
func (r *request) payment(merchant uint32) *payment {
	p := &payment{Merchant: merchant, Order: r.Order, Amount: r.Amount, Currency: r.Currency}
	for _, means := range order {
		for _, l := range r.Legs {
			if l.Means == means {
				p.Legs = append(p.Legs, leg{Means: l.Means, Amount: l.Amount, Token: l.Token})
			}
		}
	}
	return p
}

// view is a payment as it is shown, with the members that the renewed system's has.
type view struct {
	ID       string    `json:"id"`
	Order    string    `json:"order_id"`
	Status   string    `json:"status"`
	Reason   string    `json:"reason,omitempty"`
	Amount   int64     `json:"amount"`
	Currency string    `json:"currency"`
	Canceled int64     `json:"canceled_amount"` // always 0: nothing is ever canceled here
	Legs     []legView `json:"legs"`
	Created  time.Time `json:"created_at"`
}

type legView struct {
	Means  string `json:"means"`
	Amount int64  `json:"amount"`
	Status string `json:"status"`
	Code   string `json:"code,omitempty"`
}

func viewOf(p *payment) view {
	v := view{
		ID: strconv.FormatUint(p.ID, 10), Order: p.Order, Status: p.State, Reason: p.Reason, Amount: p.Amount, Currency: p.Currency, Created: p.Created,
		Legs: make([]legView, len(p.Legs)),
	}
	for i, l := range p.Legs {
		v.Legs[i] = legView{Means: l.Means, Amount: l.Amount, Status: l.State, Code: l.Code}
	}
	return v
}
