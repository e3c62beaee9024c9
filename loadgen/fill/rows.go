package fill

import (
	"encoding/hex"
	"strconv"
	"time"
)

// rowsOf a payment in one table, as the text of VALUES. The columns are named, so that one that is added later, with a
// default, changes nothing.
type rowsOf struct {
	table, columns string
	each           int // rows a payment
	row            func(to []byte, s *step, p *paid) []byte
}

// actor is what the events name as the process that made them.
const actor = "loadgen-fill"

// ranged are the tables that are cut by payment id, and filled day by day.
var ranged = []rowsOf{
	{"payment_event", "payment_id, seq, from_state, to_state, cause, legs, actor, at", 2, eventRows},
	{"journal_entry", "payment_id, seq, posting, account, amount, currency, reference, business_day, booked_at, posted_at", 2, entryRows},
	{"payment", "id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at, started_at, settled_at", 1, paymentRow},
	{"payment_leg", "payment_id, seq, means, amount, state, reference, token, transaction_id, booked_at", 1, legRow},
}

var (
	guards = rowsOf{"order_guard", "merchant_id, order_id, payment_id", 1, guardRow}
	keys   = rowsOf{"idempotency_key", "merchant_id, key_hash, request_hash, payment_id, status, body, created_at, answered_at", 1, keyRow}
)

func paymentRow(to []byte, s *step, p *paid) []byte {
	hash := s.keyHash(p.i)
	to = strconv.AppendUint(append(to, '('), p.id, 10)
	to = strconv.AppendUint(append(to, ','), uint64(p.merchant), 10)
	to = s.order(append(to, ",'"...), p.i)
	to = strconv.AppendInt(append(to, "',"...), p.amount, 10)
	to = append(to, ",'"+currency+"','SYNC','PAID',2,x'"...)
	to = hex.AppendEncode(to, hash[:])
	to = moment(append(to, "',"...), p.created)
	to = moment(append(to, ','), p.created)
	return append(moment(append(to, ','), p.created.Add(settledAfter)), ')')
}

func legRow(to []byte, _ *step, p *paid) []byte {
	to = strconv.AppendUint(append(to, '('), p.id, 10)
	to = strconv.AppendInt(append(to, ",1,'PG',"...), p.amount, 10)
	to = p.reference(append(to, ",'CAPTURED','"...))
	to = p.token(append(to, "','"...))
	to = strconv.AppendInt(append(to, "','f-"...), p.i, 10)
	return append(moment(append(to, "',"...), p.created.Add(bookedAfter)), ')')
}

func eventRows(to []byte, _ *step, p *paid) []byte {
	to = strconv.AppendUint(append(to, '('), p.id, 10)
	to = moment(append(to, ",1,'','PROCESSING','created','PENDING','"+actor+"',"...), p.created)
	to = strconv.AppendUint(append(to, "),("...), p.id, 10)
	return append(moment(append(to, ",2,'PROCESSING','PAID','captured','CAPTURED','"+actor+"',"...), p.created.Add(settledAfter)), ')')
}

// entryRows are the capture's: the PG owes us, and we owe the merchant.
func entryRows(to []byte, _ *step, p *paid) []byte {
	booked := p.created.Add(bookedAfter)
	side := func(to []byte, head, account string, amount int64) []byte {
		to = strconv.AppendUint(append(to, '('), p.id, 10)
		to = strconv.AppendInt(append(append(append(to, head...), account...), "',"...), amount, 10)
		to = p.reference(append(to, ",'"+currency+"','"...))
		to = booked.In(seoul).AppendFormat(append(to, "','"...), time.DateOnly)
		to = moment(append(to, "',"...), booked)
		return append(moment(append(to, ','), p.created.Add(settledAfter)), ')')
	}
	to = side(to, ",2,0,'", "receivable:PG", p.amount)
	return side(append(to, ','), ",3,0,'", "payable:MERCHANT", -p.amount)
}

func guardRow(to []byte, s *step, p *paid) []byte {
	to = strconv.AppendUint(append(to, '('), uint64(p.merchant), 10)
	to = s.order(append(to, ",'"...), p.i)
	return append(strconv.AppendUint(append(to, "',"...), p.id, 10), ')')
}

func keyRow(to []byte, s *step, p *paid) []byte {
	key, request := s.keyHash(p.i), s.requestHash(p)
	to = strconv.AppendUint(append(to, '('), uint64(p.merchant), 10)
	to = hex.AppendEncode(append(to, ",x'"...), key[:])
	to = hex.AppendEncode(append(to, "',x'"...), request[:])
	to = strconv.AppendUint(append(to, "',"...), p.id, 10)
	to = s.answer(append(to, ",201,'"...), p)
	to = moment(append(to, "',"...), p.created)
	return append(moment(append(to, ','), p.created.Add(settledAfter)), ')')
}

// seoul is the business day's clock: UTC+9, without summer time since 1988.
var seoul = time.FixedZone("Asia/Seoul", 9*60*60)

func moment(to []byte, at time.Time) []byte {
	return append(at.UTC().AppendFormat(append(to, '\''), "2006-01-02 15:04:05.000000"), '\'')
}
