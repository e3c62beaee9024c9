package run

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// create is a payment that goes well. The refusal is a status and a slug.
func (x *system) create(merchant int, text string, key []byte, async bool) (given answer, refusal string) {
	var request struct {
		Order  string   `json:"order_id"`
		Amount int64    `json:"amount"`
		Legs   []legRow `json:"legs"`
	}
	if err := json.Unmarshal([]byte(text), &request); err != nil {
		return answer{}, "400 invalid-request"
	}
	if x.orders[request.Order] {
		return answer{}, "409 order-already-paid"
	}
	x.orders[request.Order] = true
	number := len(x.payments)
	p := &ledgered{
		number: number, id: systemFirstID + uint64(number)<<22, merchant: merchant, order: request.Order, amount: request.Amount, legs: request.Legs,
	}
	x.payments[strconv.FormatUint(p.id, 10)] = p
	mode, status, pending := "SYNC", 201, strings.Repeat(",PENDING", len(p.legs))[1:]
	if async {
		mode, status = "ASYNC", 202
		x.event(p, 0, "", "ACCEPTED", pending)
		x.event(p, 0, "ACCEPTED", "PROCESSING", pending)
	} else {
		x.event(p, 0, "", "PROCESSING", pending)
	}
	at := time.Now().UTC().Truncate(time.Microsecond)
	for i, leg := range p.legs {
		effects := []string{"held", "captured"}
		if leg.Means == "PG" {
			effects = slices.Repeat([]string{"charged"}, x.charges(number))
		}
		for n, effect := range effects {
			kind := "capture"
			if effect == "held" {
				kind = ""
			}
			x.books(p, i, effect, kind, p.reference(i), leg.Amount, at)
			if n > 0 && effect == "charged" {
				x.book[len(x.book)-1]["transaction_id"] = "t-" + p.reference(i) + "-again"
			}
		}
		x.exec(`INSERT INTO payment_leg (payment_id, seq, means, amount, state, reference, token, transaction_id) VALUES (?, ?, ?, ?, 'CAPTURED', ?, 'gz1', ?)`,
			p.id, i+1, leg.Means, leg.Amount, p.reference(i), "t-"+p.reference(i))
		x.posts(p, 0, i, "receivable:"+leg.Means, "payable:MERCHANT", p.reference(i), leg.Amount, at)
	}
	x.event(p, 0, "PROCESSING", "PAID", strings.Repeat(",CAPTURED", len(p.legs))[1:])
	x.exec(`INSERT INTO payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at)
		VALUES (?, ?, ?, ?, 'KRW', ?, 'PAID', ?, ?, NOW(6))`, p.id, merchant, p.order, p.amount, mode, p.version, key)
	given = answer{text, status, p.view()}
	if async {
		given.body = fmt.Sprintf(`{"id":"%d","status":"ACCEPTED"}`, p.id)
		x.callsBack(p, 0, "payment.paid", "")
	}
	x.keeps(p, 0, key, given)
	return given, ""
}

// cancel gives back as the rules say: the card first, then points, and a coupon only when nothing is left.
func (x *system) cancel(p *ledgered, text string, key []byte) (given answer, refusal string) {
	var request struct {
		Amount int64 `json:"amount"`
	}
	_ = json.Unmarshal([]byte(text), &request)
	rest := p.amount - p.canceled
	amount := request.Amount
	if amount == 0 {
		amount = rest
	}
	if amount > rest || rest == 0 {
		return answer{}, "422 cancellation-exceeds"
	}
	parts, left := make([]int64, len(p.legs)), amount
	for i := len(p.legs) - 1; i >= 0; i-- { // the reverse order of the calls that paid
		if p.legs[i].Means == "COUPON" && amount < rest {
			continue
		}
		parts[i] = min(left, p.legs[i].Amount-p.legs[i].refunded)
		left -= parts[i]
	}
	if left > 0 {
		return answer{}, "422 coupon-not-divisible"
	}
	seq := len(p.cancels) + 1
	x.giveBack(p, seq, parts)
	p.canceled += amount
	x.exec(`UPDATE payment SET canceled_amount = ?, version = ? WHERE id = ?`, p.canceled, p.version, p.id)
	x.exec(`INSERT INTO cancellation (payment_id, seq, state, version, amount, key_hash, created_at) VALUES (?, ?, 'SUCCEEDED', 2, ?, ?, NOW(6))`,
		p.id, seq, amount, key)
	view := fmt.Sprintf(`{"payment_id":"%d","seq":%d,"status":"SUCCEEDED","amount":%d}`, p.id, seq, amount)
	p.cancels = append(p.cancels, view)
	given = answer{text, 201, view}
	if p.number%3 == 0 { // its creator could not wait
		given = answer{text, 202, fmt.Sprintf(`{"payment_id":"%d","seq":%d,"status":"PROCESSING"}`, p.id, seq)}
		x.callsBack(p, seq, "cancellation.succeeded", `,"cancellation":`+view)
	}
	x.keeps(p, seq, key, given)
	return given, ""
}

// giveBack books the refunds and stores them, with the history of the cancellation.
func (x *system) giveBack(p *ledgered, seq int, parts []int64) {
	at, refunds := time.Now().UTC().Truncate(time.Microsecond), 0
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] == 0 {
			continue
		}
		refunds++
		p.legs[i].refunded += parts[i]
		reference := fmt.Sprintf("%s.%d", p.reference(i), seq)
		x.books(p, i, "refunded", "refund", reference, parts[i]+x.refunds(p.number), at)
		x.exec(`INSERT INTO refund (payment_id, cancellation_seq, leg_seq, means, amount, state, reference, transaction_id) VALUES (?, ?, ?, ?, ?, 'REFUNDED', ?, ?)`,
			p.id, seq, i+1, p.legs[i].Means, parts[i], reference, "t-"+reference)
		x.posts(p, seq, i, "payable:MERCHANT", "receivable:"+p.legs[i].Means, reference, parts[i], at)
	}
	x.event(p, seq, "", "PROCESSING", strings.Repeat(",PENDING", refunds)[1:])
	x.event(p, seq, "PROCESSING", "SUCCEEDED", strings.Repeat(",REFUNDED", refunds)[1:])
}

func (x *system) event(p *ledgered, cancellation int, from, to, states string) {
	p.version++
	x.exec(`INSERT INTO payment_event (payment_id, seq, cancellation_seq, from_state, to_state, cause, legs, actor, at) VALUES (?, ?, ?, ?, ?, 'test', ?, 'test', NOW(6))`,
		p.id, p.version, cancellation, from, to, states)
}

func (x *system) posts(p *ledgered, posting, leg int, debit, credit, reference string, amount int64, at time.Time) {
	for side, account := range []string{debit, credit} {
		x.exec(`INSERT INTO journal_entry (payment_id, seq, posting, account, amount, currency, reference, business_day, booked_at, posted_at)
			VALUES (?, ?, ?, ?, ?, 'KRW', ?, DATE(? + INTERVAL 9 HOUR), ?, NOW(6))`,
			p.id, posting*16+2*leg+side, posting, account, []int64{amount, -amount}[side], reference, at, at)
	}
}

func (x *system) keeps(p *ledgered, cancellation int, key []byte, given answer) {
	x.exec(`INSERT INTO idempotency_key (merchant_id, key_hash, request_hash, payment_id, cancellation_seq, status, body, created_at)
		VALUES (?, ?, REPEAT('r', 32), ?, ?, ?, ?, NOW(6))`, p.merchant, key, p.id, cancellation, given.status, given.body)
}

const webhookSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

// callsBack sends a callback until it is taken.
func (x *system) callsBack(p *ledgered, cancellation int, kind, more string) {
	id, version := p.id, p.version
	body := fmt.Appendf(nil, `{"type":%q,"timestamp":"2026-11-23T00:00:00Z","data":{"payment":%s%s}}`, kind, p.view(), more)
	x.exec(`INSERT INTO callback (payment_id, cancellation_seq, version, merchant_id, type, body, state, created_at) VALUES (?, ?, ?, ?, ?, ?, 'PENDING', NOW(6))`,
		id, cancellation, version, p.merchant, kind, body)
	address := fmt.Sprintf("http://%s/callbacks/%d", x.stack.Callbacks, p.merchant)
	x.calls.Go(func() {
		transport := &http.Transport{DisableKeepAlives: true}
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			request, _ := http.NewRequest(http.MethodPost, address, bytes.NewReader(body))
			sign(request, fmt.Sprintf("evt_%d_%d", id, version), body)
			response, err := transport.RoundTrip(request)
			if err != nil {
				continue
			}
			_ = response.Body.Close()
			if response.StatusCode == http.StatusNoContent {
				x.exec(`UPDATE callback SET state = 'DELIVERED' WHERE payment_id = ? AND version = ?`, id, version)
				return
			}
		}
	})
}

func sign(request *http.Request, id string, body []byte) {
	secret, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(webhookSecret, "whsec_"))
	at := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
	request.Header.Set("Webhook-Id", id)
	request.Header.Set("Webhook-Timestamp", at)
	request.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
