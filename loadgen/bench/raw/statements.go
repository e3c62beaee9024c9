package raw

import (
	"strings"
	"time"
)

// Both transactions go to the server in one packet each, as text. Nothing in it comes from outside: numbers, hex and JSON of
// our own without a quote to escape.

// begin is tx1: what is committed before any means is called.
func (r *rows) begin(batch []paid) string {
	r.text.Reset()
	r.put("START TRANSACTION;")
	sorted := byKey(batch)
	if r.async {
		r.values("INSERT INTO raw_idempotency_key (merchant_id, key_hash, request_hash, payment_id, status, body, created_at, answered_at) VALUES ", sorted, func(p *paid) {
			r.put("(", p.merchant, ",", &p.key, ",", &p.request, ",", p.id, ",202,'", `{"id":"`, p.id, `","status":"ACCEPTED","status_url":"/v1/payments/`, p.id, `"}',UTC_TIMESTAMP(6),UTC_TIMESTAMP(6))`)
		})
	} else {
		r.values("INSERT INTO raw_idempotency_key (merchant_id, key_hash, request_hash, payment_id, created_at) VALUES ", sorted, func(p *paid) {
			r.put("(", p.merchant, ",", &p.key, ",", &p.request, ",", p.id, ",UTC_TIMESTAMP(6))")
		})
	}
	r.values(";INSERT INTO raw_order_guard (merchant_id, order_id, payment_id) VALUES ", byOrder(batch), func(p *paid) {
		r.put("(", p.merchant, ",'", p.order, "',", p.id, ")")
	})
	state, mode, started, expires := "PROCESSING", "SYNC", "UTC_TIMESTAMP(6)", "NULL"
	if r.async {
		state, mode, started, expires = "ACCEPTED", "ASYNC", "NULL", "UTC_TIMESTAMP(6) + INTERVAL 10 MINUTE"
	}
	r.values(";INSERT INTO raw_payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at, started_at, expires_at) VALUES ", batch, func(p *paid) {
		r.put("(", p.id, ",", p.merchant, ",'", p.order, "',", p.amount, ",'KRW','", mode, "','", state, "',1,", &p.key, ",UTC_TIMESTAMP(6),", started, ",", expires, ")")
	})
	r.legRows(batch, "PENDING")
	r.events(batch, 1, "", state, "created", "PENDING")
	r.values(";INSERT INTO raw_open_payment (payment_id, due_at, lease_until, owner) VALUES ", batch, func(p *paid) {
		r.put("(", p.id, ",UTC_TIMESTAMP(6) + INTERVAL 15 SECOND,UTC_TIMESTAMP(6) + INTERVAL 15 SECOND,'loadgen-bench')")
	})
	if r.async {
		r.values(";INSERT INTO raw_outbox (payment_id, trace, created_at) VALUES ", batch, func(p *paid) {
			r.put("(", p.id, ",'", trace, "',UTC_TIMESTAMP(6))")
		})
	}
	r.put(";COMMIT")
	return r.text.String()
}

// trace is as long as a real one.
const trace = `{"traceparent":"00-968beadaa87487801b1235178d531f3f-1b1235178d531f41-00"}`

// settle is tx2: all outcomes, of payments that all went well. An asynchronous payment's claim and the mark of its message,
// which are commits of their own in the system, are in it as rows.
func (r *rows) settle(batch []paid) string {
	r.text.Reset()
	from, version, claimed := "PROCESSING", 2, ""
	if r.async {
		from, version, claimed = "ACCEPTED", 3, "started_at = UTC_TIMESTAMP(6), "
	}
	r.put("START TRANSACTION;UPDATE raw_payment SET state = 'PAID', version = ", version, ", ", claimed, "settled_at = UTC_TIMESTAMP(6) WHERE version = 1 AND state = '", from, "' AND id IN (")
	r.idsOf(batch)
	r.put(")")
	r.legRows(batch, "CAPTURED")
	if r.async {
		r.events(batch, 2, "ACCEPTED", "PROCESSING", "message", "PENDING")
	}
	r.events(batch, version, "PROCESSING", "PAID", "captured", "CAPTURED")
	r.put(";DELETE FROM raw_open_payment WHERE cancellation_seq = 0 AND payment_id IN (")
	r.idsOf(batch)
	r.put(")")
	if r.async {
		r.delivered(batch)
	} else {
		r.answers(batch)
	}
	day := time.Now().UTC().Add(9 * time.Hour).Format(time.DateOnly) // a business day is Seoul's
	r.values(";INSERT INTO raw_journal_entry (payment_id, seq, posting, account, amount, currency, reference, business_day, booked_at, posted_at) VALUES ", batch, func(p *paid) {
		for i, l := range p.legs {
			if i > 0 {
				r.put(",")
			}
			seq := 2 * (i + 1)
			r.put("(", p.id, ",", seq, ",0,'receivable:", l.means, "',", l.amount, ",'KRW','", p.id, ".", i+1, "','", day, "',", p.booked, ",UTC_TIMESTAMP(6)),(",
				p.id, ",", seq+1, ",0,'payable:MERCHANT',-", l.amount, ",'KRW','", p.id, ".", i+1, "','", day, "',", p.booked, ",UTC_TIMESTAMP(6))")
		}
	})
	r.put(";COMMIT")
	return r.text.String()
}

func (r *rows) idsOf(batch []paid) { r.values("", batch, func(p *paid) { r.put(p.id) }) }

// legRows inserts the legs, or writes what became of them.
func (r *rows) legRows(batch []paid, state string) {
	r.values(";INSERT INTO raw_payment_leg (payment_id, seq, means, amount, state, reference, token, transaction_id, booked_at) VALUES ", batch, func(p *paid) {
		for i, l := range p.legs {
			if i > 0 {
				r.put(",")
			}
			r.put("(", p.id, ",", i+1, ",'", l.means, "',", l.amount, ",'", state, "','", p.id, ".", i+1, "','", l.token, "',")
			if state == "PENDING" {
				r.put("'',NULL)")
			} else {
				r.put("'t-", p.id%1_000_000, "',", p.booked, ")")
			}
		}
	})
	if state != "PENDING" {
		r.put(" AS new ON DUPLICATE KEY UPDATE state = new.state, transaction_id = new.transaction_id, booked_at = new.booked_at")
	}
}

func (r *rows) events(batch []paid, seq int, from, to, cause, legs string) {
	all := legs + strings.Repeat(","+legs, r.legs-1)
	r.values(";INSERT INTO raw_payment_event (payment_id, seq, from_state, to_state, cause, legs, actor, at) VALUES ", batch, func(p *paid) {
		r.put("(", p.id, ",", seq, ",'", from, "','", to, "','", cause, "','", all, "','loadgen-bench',UTC_TIMESTAMP(6))")
	})
}

// answers stores what the merchants are told.
func (r *rows) answers(batch []paid) {
	r.put(";UPDATE raw_idempotency_key SET status = 201, body = CASE payment_id")
	for i := range batch {
		p := &batch[i]
		r.put(" WHEN ", p.id, " THEN '")
		r.view(p, 2)
		r.put("'")
	}
	r.put(" END, answered_at = UTC_TIMESTAMP(6) WHERE status IS NULL AND (merchant_id, key_hash) IN (")
	r.values("", byKey(batch), func(p *paid) { r.put("(", p.merchant, ",", &p.key, ")") })
	r.put(")")
}

// delivered is what an asynchronous payment leaves beside: its message is sent, its merchant was called back.
func (r *rows) delivered(batch []paid) {
	r.put(";UPDATE raw_outbox SET claimed_until = UTC_TIMESTAMP(6), sent_at = UTC_TIMESTAMP(6), kafka_partition = 1, kafka_offset = 1 WHERE payment_id IN (")
	r.idsOf(batch)
	r.put(")")
	now := time.Now().UTC().Format(time.RFC3339Nano)
	r.values(";INSERT INTO raw_callback (payment_id, version, merchant_id, type, body, trace, state, attempts, due_at, last_status, created_at, ended_at) VALUES ", batch, func(p *paid) {
		r.put("(", p.id, ",3,", p.merchant, `,'payment.paid','{"type":"payment.paid","timestamp":"`, now, `","data":{"payment":`)
		r.view(p, 3)
		r.put("}}','", trace, "','DELIVERED',1,UTC_TIMESTAMP(6),204,UTC_TIMESTAMP(6),UTC_TIMESTAMP(6))")
	})
}

// view is the payment as the API shows it.
func (r *rows) view(p *paid, version int) {
	r.put(`{"id":"`, p.id, `","order_id":"`, p.order, `","status":"PAID","amount":`, p.amount, `,"currency":"KRW","canceled_amount":0,"legs":[`)
	for i, l := range p.legs {
		if i > 0 {
			r.put(",")
		}
		r.put(`{"means":"`, l.means, `","amount":`, l.amount, `,"status":"CAPTURED"}`)
	}
	r.put(`],"created_at":"`, idEpoch.Add(time.Duration(p.id>>millisecondShift)*time.Millisecond).Format("2006-01-02T15:04:05.000Z"), `","version":`, version, "}")
}
