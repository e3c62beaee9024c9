package gateway_test

import (
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

// giveBack is refund 7.1.2 of leg 7.1: 5,000 of its 20,000 won.
func giveBack(by payment.Means) payment.Call {
	c := call(payment.GiveBack, by)
	c.Payment.State, c.Leg.State = payment.Paid, payment.Captured
	c.Cancellation = &payment.Cancellation{
		Payment: 7, Seq: 2, Amount: 5000, State: payment.CancelProcessing,
		Refunds: []payment.Refund{{Leg: 1, Means: by, Amount: 5000, State: payment.RefundPending}},
	}
	c.Refund = &c.Cancellation.Refunds[0]
	return c
}

const refunded = `{"result":"refunded","reference":"7.1.2","transaction_id":"t-9","amount":5000,"currency":"KRW","booked_at":"2026-03-01T00:00:00.5Z"}`

// Money may be believed to have gone back, or to have stayed, only where an answer proves it; everything else is asked
// again with the same reference.
func TestRefund_WhatEachAnswerMeans(t *testing.T) {
	refusal := func(code string) string { return `{"result":"refused","reference":"7.1.2","code":"` + code + `"}` }
	for name, c := range map[string]struct {
		status int
		body   string
		result payment.Result
		code   string
	}{
		"documented success":     {200, refunded, payment.Done, ""},
		"nothing captured there": {200, refusal("not_found"), payment.Refused, "not_found"},
		"more than is left":      {200, refusal("exceeds"), payment.Refused, "exceeds"},
		"a decline":              {200, refusal("merchant_balance"), payment.Refused, "merchant_balance"},
		"another's reference":    {200, refusal("another_request"), payment.Unclear, "another_request"},
		"refunded already":       {200, refusal("already_refunded"), payment.Unclear, "already_refunded"},
		"refused, but not why":   {200, `{"result":"refused","reference":"7.1.2"}`, payment.Unclear, "undocumented-refusal"},
		"another amount":         {200, strings.Replace(refunded, "5000", "20000", 1), payment.Unclear, "another-amount"},
		"no amount":              {200, strings.Replace(refunded, `"amount":5000,`, "", 1), payment.Unclear, "another-amount"},
		"another currency":       {200, strings.Replace(refunded, "KRW", "JPY", 1), payment.Unclear, "another-amount"},
		"the leg's reference":    {200, strings.Replace(refunded, "7.1.2", "7.1", 1), payment.Unclear, "another-reference"},
		"another refund's":       {200, strings.Replace(refunded, "7.1.2", "7.1.1", 1), payment.Unclear, "another-reference"},
		"a refusal of another":   {200, strings.Replace(refusal("exceeds"), "7.1.2", "7.1.1", 1), payment.Unclear, "another-reference"},
		"not booked":             {200, strings.Replace(refunded, `,"booked_at":"2026-03-01T00:00:00.5Z"`, "", 1), payment.Unclear, "no-booking-time"},
		"booked before banks":    {200, strings.Replace(refunded, "2026", "0001", 1), payment.Unclear, "no-booking-time"},
		"declined":               {200, `{"result":"declined","reference":"7.1.2","code":"x"}`, payment.Unclear, "undocumented-result"},
		"voided":                 {200, strings.Replace(refunded, "refunded", "voided", 1), payment.Unclear, "undocumented-result"},
		"not_found as a result":  {200, `{"result":"not_found","reference":"7.1.2"}`, payment.Unclear, "undocumented-result"},
		"garbage":                {200, `<html>`, payment.Unclear, "garbage"},
		"429":                    {429, `{}`, payment.NotProcessed, "too-many-requests"},
		"500 with a success":     {500, refunded, payment.Unclear, "http-500"},
		"404":                    {404, refusal("not_found"), payment.Unclear, "http-404"},
	} {
		t.Run(name, func(t *testing.T) {
			m := serve(t, send(c.status, c.body))
			expect(t, connect(t, m.url()).Do(t.Context(), giveBack(payment.PG)), c.result, c.code)
			if n := m.requests.Load(); n != 1 {
				t.Errorf("the means got %d requests, want 1", n)
			}
		})
	}
}

func TestRefund_SaysWhatToGiveBackFromWhat_ToEachMeans(t *testing.T) {
	for means, path := range map[payment.Means]string{payment.PG: "/pg/v1/refund", payment.Point: "/point/v1/refund", payment.Coupon: "/coupon/v1/refund"} {
		m := serve(t, send(200, refunded))
		got := connect(t, m.url()).Do(t.Context(), giveBack(means))
		if want := time.Date(2026, 3, 1, 0, 0, 0, 500_000_000, time.UTC); got.TransactionID != "t-9" || !got.BookedAt.Equal(want) {
			t.Errorf("%s: got %q booked at %s", means, got.TransactionID, got.BookedAt)
		}
		if sent := m.lastRequest.Load(); sent == nil || sent.path != path || sent.body != `{"reference":"7.1.2","original":"7.1","amount":5000,"currency":"KRW"}` {
			t.Errorf("%s was sent %+v", means, sent)
		}
	}
}

// A refund is recovery's as much as the merchant's: it goes through when charges do not.
func TestRefund_GoesOutsideTheBreaker_AndDoesNotCountForIt(t *testing.T) {
	m := serve(t, send(503, `{}`))
	g := connect(t, m.url(), nervous)
	for range 10 {
		g.Do(t.Context(), giveBack(payment.PG))
	}
	if !g.Available(payment.PG) {
		t.Error("refunds without an answer opened the breaker of charges")
	}
	for range 4 {
		g.Do(t.Context(), charge())
	}
	if g.Available(payment.PG) {
		t.Fatal("the breaker did not open")
	}
	m.answer = send(200, refunded)
	expect(t, g.Do(t.Context(), giveBack(payment.PG)), payment.Done, "")
}
