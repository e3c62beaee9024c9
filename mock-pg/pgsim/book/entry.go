package book

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Entry is one line of the book: one thing that happened to one reference.
type Entry struct {
	Seq         uint64 // 1, 2, 3 … without gaps; set by Append
	At          time.Time
	Means       string // PG, POINT or COUPON
	Op          string // of the request; `expire` when time did it
	Effect      Effect
	Reference   string
	Original    string // of a refund: the reference that was charged or captured
	OrderID     string
	Merchant    string
	Amount      int64 // minor units
	Currency    string
	Source      string    // the wallet or card account, where the token named one; follow-ups of a reservation carry its own
	Transaction uint64    // the seq of the entry that opened it, 0: none
	Code        string    // why it was declined or refused
	ExpiresAt   time.Time // of a reservation, when it is held
	Nth         int       // this was the n-th request of Op for the reference, so that a script goes on after a crash
	Token       string    // when it carries a script that later requests of the reference need
}

// Effect is what an entry changes. Money is live from charged (PG) or captured (points, coupons) until voided, and a
// reservation from held until captured, released or expired. What is refunded comes off the live money of the original.
// Funded is about a wallet, not a reference: it has this amount from now on, besides what is held and spent of it.
type Effect string

// The effects. Declined and refused change no money; canceled is a net-cancel itself: a tombstone,
// unless its code says that it leaves none.
const (
	Charged  Effect = "charged"
	Declined Effect = "declined"
	Refused  Effect = "refused"
	Held     Effect = "held"
	Captured Effect = "captured"
	Released Effect = "released"
	Voided   Effect = "voided"
	Canceled Effect = "canceled"
	Expired  Effect = "expired"
	Refunded Effect = "refunded"
	Funded   Effect = "funded"
)

// Effects lists them all, in the order of the statistics.
var Effects = []Effect{Charged, Declined, Refused, Held, Captured, Released, Voided, Canceled, Expired, Refunded, Funded}

func (e Effect) known() bool {
	for _, known := range Effects {
		if e == known {
			return true
		}
	}
	return false
}

// opens tells the effects that start a transaction; its id is the seq of their entry. A refund is one
// of its own.
func (e Effect) opens() bool { return e == Charged || e == Held || e == Refunded }

// AppendTransactionID writes a transaction's id as clients see it.
func AppendTransactionID(to []byte, transaction uint64) []byte {
	return strconv.AppendUint(append(to, "t-"...), transaction, 10)
}

const tokenMember = `,"token":"`

// appendLine encodes the entry by hand: it is the hot path of every booking. No text needs escaping, since the server
// admits printable ASCII without quotes and backslashes only.
func (e *Entry) appendLine(to []byte) []byte {
	to = strconv.AppendUint(append(to, `{"seq":`...), e.Seq, 10)
	to = appendTime(to, `,"at":"`, e.At)
	to = appendText(to, `,"means":"`, e.Means)
	to = appendText(to, `,"op":"`, e.Op)
	to = appendText(to, `,"effect":"`, string(e.Effect))
	to = appendText(to, `,"reference":"`, e.Reference)
	if e.Original != "" {
		to = appendText(to, `,"original":"`, e.Original)
	}
	to = appendText(to, `,"order_id":"`, e.OrderID)
	to = appendText(to, `,"merchant":"`, e.Merchant)
	to = strconv.AppendInt(append(to, `,"amount":`...), e.Amount, 10)
	to = appendText(to, `,"currency":"`, e.Currency)
	if e.Source != "" {
		to = appendText(to, `,"source":"`, e.Source)
	}
	to = append(to, `,"transaction_id":"`...)
	if e.Transaction != 0 {
		to = AppendTransactionID(to, e.Transaction)
	}
	to = append(to, '"')
	if e.Code != "" {
		to = appendText(to, `,"code":"`, e.Code)
	}
	if !e.ExpiresAt.IsZero() {
		to = appendTime(to, `,"expires_at":"`, e.ExpiresAt)
	}
	if e.Nth != 0 {
		to = strconv.AppendInt(append(to, `,"nth":`...), int64(e.Nth), 10)
	}
	if e.Token != "" {
		to = appendText(to, tokenMember, e.Token)
	}
	return append(to, '}', '\n')
}

func appendText(to []byte, name, text string) []byte {
	return append(append(append(to, name...), text...), '"')
}

func appendTime(to []byte, name string, at time.Time) []byte {
	return append(at.UTC().AppendFormat(append(to, name...), time.RFC3339Nano), '"')
}

// line is an entry as it stands in the file.
type line struct {
	Seq         uint64    `json:"seq"`
	At          time.Time `json:"at"`
	Means       string    `json:"means"`
	Op          string    `json:"op"`
	Effect      Effect    `json:"effect"`
	Reference   string    `json:"reference"`
	Original    string    `json:"original"`
	OrderID     string    `json:"order_id"`
	Merchant    string    `json:"merchant"`
	Amount      int64     `json:"amount"`
	Currency    string    `json:"currency"`
	Source      string    `json:"source"`
	Transaction string    `json:"transaction_id"`
	Code        string    `json:"code"`
	ExpiresAt   time.Time `json:"expires_at"`
	Nth         int       `json:"nth"`
	Token       string    `json:"token"`
}

// ParseLine reads one line of the book.
func ParseLine(text []byte) (Entry, error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return Entry{}, err
	}
	if l.Seq == 0 || l.Reference == "" {
		return Entry{}, errors.New("no seq or no reference")
	}
	if !l.Effect.known() {
		return Entry{}, fmt.Errorf("effect %q is not known", l.Effect)
	}
	if l.Effect == Funded && (l.Source == "" || l.Amount < 0) {
		return Entry{}, errors.New("a balance without its wallet, or below zero")
	}
	if l.Original == "" && (l.Effect == Refunded || l.Op == "refund") {
		return Entry{}, errors.New("a refund without its original")
	}
	e := Entry{
		Seq: l.Seq, At: l.At, Means: l.Means, Op: l.Op, Effect: l.Effect, Reference: l.Reference, Original: l.Original,
		OrderID: l.OrderID, Merchant: l.Merchant, Amount: l.Amount, Currency: l.Currency, Source: l.Source, Code: l.Code, ExpiresAt: l.ExpiresAt, Nth: l.Nth, Token: l.Token,
	}
	if l.Transaction == "" {
		return e, nil
	}
	digits, ok := strings.CutPrefix(l.Transaction, "t-")
	var err error
	if e.Transaction, err = strconv.ParseUint(digits, 10, 64); err != nil || !ok {
		return Entry{}, fmt.Errorf("transaction_id %q is not t-<number>", l.Transaction)
	}
	return e, nil
}
