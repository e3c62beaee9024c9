package pgsim

import (
	"encoding/json"
	"errors"
	"fmt"

	"gazua.example/mock-pg/pgsim/script"
)

// The payment means.
const (
	PG     = "PG"
	Point  = "POINT"
	Coupon = "COUPON"
)

// request is the body of every operation. Follow-ups carry the reference only, a refund also what shall go back, and from
// what.
type request struct {
	op         script.Op
	Reference  string `json:"reference"`
	Original   string `json:"original"`
	OrderID    string `json:"order_id"`
	Merchant   string `json:"merchant"`
	Amount     int64  `json:"amount"`
	Currency   string `json:"currency"`
	Token      string `json:"token"`
	TTLSeconds int    `json:"ttl_seconds"`
}

// Limits of a request. Longer texts would be somebody's mistake, and the book holds what is admitted here for ever.
const (
	maxReference  = 128
	maxOrderID    = 64
	maxMerchant   = 64
	maxToken      = 512
	maxAmount     = 1_000_000_000_000
	maxTTLSeconds = 7 * 24 * 3600
	defaultTTL    = 600
)

// opens tells the operations that bring an order, an amount and a token.
func (r *request) opens() bool { return r.op == script.Charge || r.op == script.Reserve }

// account is the reference whose record the request is about.
func (r *request) account() string {
	if r.op == script.Refund {
		return r.Original
	}
	return r.Reference
}

func parseRequest(op script.Op, body []byte, r *request) error {
	*r = request{op: op}
	if err := json.Unmarshal(body, r); err != nil {
		return fmt.Errorf("the body is not the JSON object it should be: %w", err)
	}
	if !isName(r.Reference, maxReference) {
		return fmt.Errorf("reference must be 1 to %d of A-Z a-z 0-9 . _ : -", maxReference)
	}
	if r.op == script.Refund {
		return r.checkRefund()
	}
	if !r.opens() {
		return nil
	}
	if op == script.Reserve && r.TTLSeconds == 0 {
		r.TTLSeconds = defaultTTL
	}
	switch {
	case !isName(r.OrderID, maxOrderID):
		return fmt.Errorf("order_id must be 1 to %d of A-Z a-z 0-9 . _ : -", maxOrderID)
	case !isName(r.Merchant, maxMerchant):
		return fmt.Errorf("merchant must be 1 to %d of A-Z a-z 0-9 . _ : -", maxMerchant)
	case !isToken(r.Token):
		return fmt.Errorf("token must be 1 to %d printable ASCII characters, without blanks, quotes and backslashes", maxToken)
	case op == script.Reserve && (r.TTLSeconds < 1 || r.TTLSeconds > maxTTLSeconds):
		return fmt.Errorf("ttl_seconds must be from 1 to %d", maxTTLSeconds)
	}
	return r.checkMoney()
}

func (r *request) checkRefund() error {
	if !isName(r.Original, maxReference) {
		return fmt.Errorf("original must be 1 to %d of A-Z a-z 0-9 . _ : -", maxReference)
	}
	if r.Original == r.Reference {
		return errors.New("reference must be the refund's own, not that of the original")
	}
	return r.checkMoney()
}

func (r *request) checkMoney() error {
	if r.Amount <= 0 || r.Amount > maxAmount {
		return fmt.Errorf("amount must be from 1 to %d minor units", maxAmount)
	}
	if !isCurrency(r.Currency) {
		return errors.New("currency must be three capital letters (ISO 4217)")
	}
	return nil
}

func isName(text string, longest int) bool {
	if text == "" || len(text) > longest {
		return false
	}
	for _, c := range []byte(text) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == ':' || c == '-') {
			return false
		}
	}
	return true
}

func isCurrency(text string) bool {
	for _, c := range []byte(text) {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return len(text) == 3
}

// isToken refuses quotes and backslashes too, so that the book needs no escaping.
func isToken(text string) bool {
	if text == "" || len(text) > maxToken {
		return false
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
