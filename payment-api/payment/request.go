package payment

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
)

// Bounds of what a merchant may send.
const (
	MaxOrderLen = 64
	MaxTokenLen = 512
	MaxKeyLen   = 255
)

// Request is what a merchant asks for, decoded.
type Request struct {
	OrderID  string       `json:"order_id"`
	Amount   int64        `json:"amount"` // minor units
	Currency Currency     `json:"currency"`
	Legs     []RequestLeg `json:"legs"`
}

// RequestLeg is one means' share.
type RequestLeg struct {
	Means  Means  `json:"means"`
	Amount int64  `json:"amount"`
	Token  string `json:"token"`
}

// Validate says the first thing that is wrong, in words for the merchant.
func (r *Request) Validate() error {
	if !isOrderID(r.OrderID) {
		return invalid("order_id must be 1 to %d characters of A-Z a-z 0-9 . _ : -", MaxOrderLen)
	}
	if err := (Money{r.Amount, r.Currency}).Valid(); err != nil {
		return invalid("%v", err)
	}
	if len(r.Legs) == 0 || len(r.Legs) > len(callOrder) {
		return invalid("legs must hold one to %d legs", len(callOrder))
	}
	sum, seen := int64(0), map[Means]bool{}
	for i, l := range r.Legs {
		switch {
		case !slices.Contains(callOrder, l.Means):
			return invalid("legs[%d].means %q must be PG, POINT or COUPON", i, l.Means)
		case seen[l.Means]:
			return invalid("legs[%d].means %s stands twice; a payment has at most one leg a means", i, l.Means)
		case l.Amount <= 0 || l.Amount > MaxAmount:
			return invalid("legs[%d].amount %d must be from 1 to %d minor units", i, l.Amount, int64(MaxAmount))
		case !isPrintable(l.Token, MaxTokenLen):
			return invalid("legs[%d].token must be 1 to %d printable ASCII characters without blanks", i, MaxTokenLen)
		}
		seen[l.Means] = true
		sum += l.Amount
	}
	if sum != r.Amount {
		return invalid("the legs sum to %d, the amount is %d", sum, r.Amount)
	}
	return nil
}

// Hash is the request's fingerprint, over its decoded form: blanks and the order of members do not matter.
func (r *Request) Hash() [32]byte {
	canonical, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("encode a request: %v", err)) // a struct of strings and integers
	}
	return sha256.Sum256(canonical)
}

// KeyHash is what an idempotency key is stored as; its scope besides the merchant is method and path.
func KeyHash(method, path, key string) ([32]byte, error) {
	if !isPrintable(key, MaxKeyLen) {
		return [32]byte{}, invalid("Idempotency-Key must be 1 to %d printable ASCII characters without blanks", MaxKeyLen)
	}
	return sha256.Sum256([]byte(method + "\n" + path + "\n" + key)), nil
}

// newPayment turns a valid request into a payment in its first state, its legs in the order of the calls.
func newPayment(id ID, merchant MerchantID, keyHash [32]byte, mode Mode, r *Request) *Payment {
	p := &Payment{
		ID: id, Merchant: merchant, Order: r.OrderID, Price: Money{r.Amount, r.Currency},
		Mode: mode, State: Processing, Version: 1, KeyHash: keyHash,
	}
	if mode == Async {
		p.State = Accepted
	}
	for _, means := range callOrder {
		for _, l := range r.Legs {
			if l.Means == means {
				seq := uint8(len(p.Legs) + 1)
				p.Legs = append(p.Legs, Leg{Seq: seq, Means: means, Amount: l.Amount, State: Pending, Token: l.Token})
			}
		}
	}
	return p
}

func isOrderID(s string) bool {
	for _, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '.' && c != '_' && c != ':' && c != '-' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= MaxOrderLen
}

func isPrintable(s string, most int) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= most
}
