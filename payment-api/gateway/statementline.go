package gateway

import (
	"encoding/json"
	"errors"
	"time"

	"gazua.example/payment-api/payment"
)

// StatementLine is one movement of money.
type StatementLine struct {
	Refund        bool // else a capture
	Reference     string
	Original      string // of a refund: the reference of what it gives back
	TransactionID string // the means' own id
	Amount        int64
	Currency      payment.Currency
	BookedAt      time.Time
}

// totals is what the end line says and what we count.
type totals struct {
	count, captures, refunds int64
}

func (t *totals) add(l StatementLine) {
	t.count++
	if l.Refund {
		t.refunds += l.Amount
	} else {
		t.captures += l.Amount
	}
}

const maxReference = 128

// statementLine is every line as it is written; which members are set depends on the kind.
type statementLine struct {
	Kind          string           `json:"kind"`
	Reference     string           `json:"reference"`
	Original      string           `json:"original"`
	TransactionID string           `json:"transaction_id"`
	Amount        int64            `json:"amount"`
	Currency      payment.Currency `json:"currency"`
	BookedAt      time.Time        `json:"booked_at"`
	Count         *int64           `json:"count"`
	Captures      *int64           `json:"sum_captures"`
	Refunds       *int64           `json:"sum_refunds"`
}

// decodeLine reads a movement, or the end.
func decodeLine(text []byte) (StatementLine, *totals, error) {
	var l statementLine
	if err := json.Unmarshal(text, &l); err != nil {
		return StatementLine{}, nil, errors.New("it is not the JSON object that it should be")
	}
	_, known := l.Currency.Digits()
	switch {
	case l.Kind == "end":
		if l.Count == nil || l.Captures == nil || l.Refunds == nil {
			return StatementLine{}, nil, errors.New("the end does not count and sum")
		}
		return StatementLine{}, &totals{*l.Count, *l.Captures, *l.Refunds}, nil
	case l.Kind != "capture" && l.Kind != "refund":
		return StatementLine{}, nil, errors.New("it is no capture, refund or end")
	case !isReference(l.Reference) || l.Kind == "refund" && !isReference(l.Original) || l.Kind == "capture" && l.Original != "":
		return StatementLine{}, nil, errors.New("a reference is missing, or is none, or there is one too many")
	case l.Amount <= 0 || l.Amount > payment.MaxAmount || !known:
		return StatementLine{}, nil, errors.New("its amount or currency is none")
	case l.BookedAt.Year() < 1970:
		return StatementLine{}, nil, errors.New("it does not say when it was booked")
	}
	return StatementLine{
		Refund: l.Kind == "refund", Reference: l.Reference, Original: l.Original, TransactionID: fit(l.TransactionID),
		Amount: l.Amount, Currency: l.Currency, BookedAt: l.BookedAt,
	}, nil, nil
}

// isReference admits what can stand in a report and in a column as it is.
func isReference(text string) bool {
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(text) >= 1 && len(text) <= maxReference
}
