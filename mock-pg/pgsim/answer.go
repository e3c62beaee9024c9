package pgsim

import (
	"strconv"
	"time"

	"gazua.example/mock-pg/pgsim/book"
)

// answer is what a client is told. Which of its fields leave depends on the result; see appendJSON.
type answer struct {
	result      string
	code        string // declined, refused
	status      string // found
	transaction uint64
	amount      int64
	currency    string
	bookedAt    time.Time
	expiresAt   time.Time
	voided      int
	live        int
	refunded    int64 // found: what of the amount has gone back
	tombstoned  bool
	repeated    bool // nothing was booked for it; for the statistics
}

// speakOf fills in a transaction that is there already.
func (a *answer) speakOf(t *transaction, r *record) {
	a.status, a.transaction, a.amount, a.currency = statusNames[t.status], t.id, t.amount, r.currency
	a.bookedAt = time.Unix(0, t.at).UTC()
	if t.status == held {
		a.expiresAt = time.Unix(0, t.until).UTC()
	}
}

// stamp fills in what the book gave to the entry that the answer speaks of.
func (a *answer) stamp(e *book.Entry) {
	a.transaction, a.amount, a.currency, a.bookedAt, a.expiresAt = e.Transaction, e.Amount, e.Currency, e.At, e.ExpiresAt
}

// appendJSON writes the answer. It needs no escaping: the reference was checked, and the rest is ours.
func (a *answer) appendJSON(to []byte, reference string) []byte {
	to = append(append(to, `{"result":"`...), a.result...)
	to = append(append(append(to, `","reference":"`...), reference...), '"')
	switch a.result {
	case "approved", "captured", "held", "refunded":
		to = a.appendMoney(to)
	case "declined", "refused":
		to = append(append(append(to, `,"code":"`...), a.code...), '"')
	case "canceled", "voided":
		to = strconv.AppendInt(append(to, `,"voided":`...), int64(a.voided), 10)
	case "found":
		to = append(append(append(to, `,"status":"`...), a.status...), '"')
		to = strconv.AppendInt(append(to, `,"live":`...), int64(a.live), 10)
		to = a.appendMoney(to)
		if a.refunded > 0 {
			to = strconv.AppendInt(append(to, `,"refunded":`...), a.refunded, 10)
		}
		to = strconv.AppendBool(append(to, `,"tombstoned":`...), a.tombstoned)
	case "not_found":
		to = strconv.AppendBool(append(to, `,"tombstoned":`...), a.tombstoned)
	}
	return append(to, '}')
}

func (a *answer) appendMoney(to []byte) []byte {
	if a.transaction != 0 {
		to = book.AppendTransactionID(append(to, `,"transaction_id":"`...), a.transaction)
		to = append(to, '"')
	}
	to = strconv.AppendInt(append(to, `,"amount":`...), a.amount, 10)
	to = append(append(append(to, `,"currency":"`...), a.currency...), '"')
	to = appendTime(to, `,"booked_at":"`, a.bookedAt)
	return appendTime(to, `,"expires_at":"`, a.expiresAt)
}

func appendTime(to []byte, name string, at time.Time) []byte {
	if at.IsZero() {
		return to
	}
	return append(at.AppendFormat(append(to, name...), time.RFC3339Nano), '"')
}
