package gateway_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/payment"
)

func TestCharge_BulkheadFull_IsNotProcessed_AndInquiryStillGoesThrough(t *testing.T) {
	gate := make(chan struct{})
	var held atomic.Int64
	m := serve(t, nil)
	m.answer = func(conn net.Conn, n int64) bool {
		if held.Add(1) <= 2 {
			<-gate
			return send(200, approved)(conn, n)
		}
		return send(200, `{"result":"not_found","reference":"7.1"}`)(conn, n)
	}
	g := connect(t, m.url(), func(o *gateway.Options) { o.Bulkhead, o.Timeout = 2, 5*time.Second })
	var busy sync.WaitGroup
	for range 2 {
		busy.Go(func() { expect(t, g.Do(t.Context(), charge()), payment.Done, "") })
	}
	eventually(t, "two calls are at the means", func() bool { return m.requests.Load() == 2 })
	expect(t, g.Do(t.Context(), charge()), payment.NotProcessed, "bulkhead-full")
	expect(t, g.Do(t.Context(), call(payment.Inquiry, payment.PG)), payment.NotFound, "")
	close(gate)
	busy.Wait()
	m.answer = send(200, approved)
	expect(t, g.Do(t.Context(), charge()), payment.Done, "")
	if n := m.requests.Load(); n != 4 {
		t.Errorf("the means got %d requests, want 4: a full bulkhead sends nothing", n)
	}
}

// nervous opens after four calls.
func nervous(o *gateway.Options) { o.Breaker.Volume, o.Breaker.Open, o.Bulkhead = 4, time.Minute, 1 }

func TestBreaker_WhatOpensIt(t *testing.T) {
	past := time.Now().Add(-time.Second)
	for name, c := range map[string]struct {
		answer func(net.Conn, int64) bool
		sendBy time.Time
		opens  bool
	}{
		"5xx":            {send(503, `{}`), time.Time{}, true},
		"garbage":        {send(200, `oops`), time.Time{}, true},
		"reset":          {func(c net.Conn, _ int64) bool { reset(c); return false }, time.Time{}, true},
		"declines":       {send(200, `{"result":"declined","reference":"7.1","code":"x"}`), time.Time{}, false},
		"4xx":            {send(400, `{"result":"invalid"}`), time.Time{}, false},
		"429":            {send(429, `{}`), time.Time{}, false},
		"successes":      {send(200, approved), time.Time{}, false},
		"sent too late":  {send(200, approved), past, false},
		"another amount": {send(200, `{"result":"approved","reference":"7.1","amount":1,"currency":"KRW"}`), time.Time{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			g := connect(t, serve(t, c.answer).url(), nervous)
			one := charge()
			one.SendBy = c.sendBy
			for range 8 {
				g.Do(t.Context(), one)
			}
			if got := !g.Available(payment.PG); got != c.opens {
				t.Errorf("open: %t, want %t", got, c.opens)
			}
			if !g.Available(payment.Point, payment.Coupon) {
				t.Error("the breaker of one means opened those of others")
			}
		})
	}
}

func TestBreaker_TimeOutsAndRefusedConnectionsOpenIt(t *testing.T) {
	g := connect(t, serve(t, silent).url(), nervous, func(o *gateway.Options) { o.Timeout = 20 * time.Millisecond })
	for range 4 {
		expect(t, g.Do(t.Context(), charge()), payment.Unclear, "timeout")
	}
	expect(t, g.Do(t.Context(), charge()), payment.NotProcessed, "breaker-open")

	g = connect(t, "http://127.0.0.1:1", nervous)
	for range 4 {
		expect(t, g.Do(t.Context(), charge()), payment.NotProcessed, "not-connected")
	}
	expect(t, g.Do(t.Context(), charge()), payment.NotProcessed, "breaker-open")
}

func TestBreaker_TheCallersOwnCancel_SaysNothingAboutTheMeans(t *testing.T) {
	g := connect(t, serve(t, silent).url(), nervous, func(o *gateway.Options) { o.Timeout = 5 * time.Second })
	for range 8 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		g.Do(ctx, charge())
		cancel()
	}
	if !g.Available(payment.PG) {
		t.Error("callers that left opened the breaker")
	}
}

// Recovery must work exactly when the means is in trouble: its calls have no breaker.
func TestBreaker_Open_ChargesAreNotSent_AndRecoveryGoesThrough(t *testing.T) {
	m := serve(t, send(503, `{}`))
	g := connect(t, m.url(), nervous)
	for range 4 {
		g.Do(t.Context(), charge())
	}
	before := m.requests.Load()
	for _, op := range []payment.Op{payment.Charge, payment.Reserve, payment.Confirm} {
		expect(t, g.Do(t.Context(), call(op, payment.PG)), payment.NotProcessed, "breaker-open")
	}
	if n := m.requests.Load(); n != before {
		t.Errorf("an open breaker let %d calls through", n-before)
	}
	if g.Available(payment.Point, payment.PG) || !g.Available(payment.Point) {
		t.Error("Available must be false where any breaker is open, and only there")
	}
	m.answer = send(200, `{"result":"not_found","reference":"7.1"}`)
	expect(t, g.Do(t.Context(), call(payment.Inquiry, payment.PG)), payment.NotFound, "")
	m.answer = send(200, `{"result":"canceled","reference":"7.1","voided":1}`)
	expect(t, g.Do(t.Context(), call(payment.NetCancel, payment.PG)), payment.Done, "")
}

func TestBreaker_HalfOpen_LetsProbesThrough_AndClosesWhenTheyAreAnswered(t *testing.T) {
	m := serve(t, send(503, `{}`))
	g := connect(t, m.url(), nervous, func(o *gateway.Options) {
		o.Breaker.Open = 30 * time.Millisecond
		o.Bulkhead = 8
		o.Timeout = 5 * time.Second
	})
	for range 4 {
		g.Do(t.Context(), charge())
	}
	expect(t, g.Do(t.Context(), charge()), payment.NotProcessed, "breaker-open")

	gate := make(chan struct{})
	m.answer = func(conn net.Conn, n int64) bool { <-gate; return send(200, approved)(conn, n) }
	eventually(t, "the breaker tries again", func() bool { return g.Available(payment.PG) })
	before := m.requests.Load()
	var probes sync.WaitGroup
	for range 2 {
		probes.Go(func() { expect(t, g.Do(t.Context(), charge()), payment.Done, "") })
	}
	eventually(t, "two probes are at the means", func() bool { return m.requests.Load() == before+2 })
	if g.Available(payment.PG) || g.Reachable(*charge().Leg) {
		t.Error("while the probes are under way a payment would be begun that cannot be charged")
	}
	expect(t, g.Do(t.Context(), charge()), payment.NotProcessed, "breaker-open") // a third is no probe
	close(gate)
	probes.Wait()
	for range 5 {
		expect(t, g.Do(t.Context(), charge()), payment.Done, "")
	}
}

// A means that hangs is judged by the calls that have ended: those that still hang are no reason to wait for more of them.
func TestBreaker_OpensThoughManyCallsStillHang(t *testing.T) {
	gate := make(chan struct{})
	m := serve(t, func(conn net.Conn, n int64) bool {
		if n <= 6 {
			<-gate
			return false
		}
		return send(503, `{}`)(conn, n)
	})
	g := connect(t, m.url(), nervous, func(o *gateway.Options) { o.Bulkhead, o.Timeout, o.Breaker.Open = 16, 5*time.Second, time.Minute })
	var hanging sync.WaitGroup
	for range 6 {
		hanging.Go(func() { g.Do(t.Context(), charge()) })
	}
	eventually(t, "they hang", func() bool { return m.requests.Load() == 6 })
	for range 4 {
		g.Do(t.Context(), charge())
	}
	expect(t, g.Do(t.Context(), charge()), payment.NotProcessed, "breaker-open")
	close(gate)
	hanging.Wait()
}

// Answers that say nothing about the means must not use up the probes, or a breaker that met a few 429 would never close.
func TestBreaker_HalfOpen_AFew429_DoNotKeepItFromClosing(t *testing.T) {
	m := serve(t, send(503, `{}`))
	g := connect(t, m.url(), nervous, func(o *gateway.Options) { o.Breaker.Open = 10 * time.Millisecond })
	for range 4 {
		g.Do(t.Context(), charge())
	}
	m.answer = send(429, `{}`)
	eventually(t, "the breaker tries again", func() bool { return g.Available(payment.PG) })
	for range 10 {
		expect(t, g.Do(t.Context(), charge()), payment.NotProcessed, "too-many-requests")
	}
	m.answer = send(200, approved)
	for range 5 {
		expect(t, g.Do(t.Context(), charge()), payment.Done, "")
	}
}
