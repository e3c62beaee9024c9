package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/payment"
)

const (
	captureLine = `{"kind":"capture","reference":"7.1","transaction_id":"t-5","amount":100,"currency":"KRW","booked_at":"2026-01-30T16:00:00.5Z"}` + "\n"
	refundLine  = `{"kind":"refund","reference":"7.1.1","original":"7.1","transaction_id":"t-9","amount":40,"currency":"KRW","booked_at":"2026-01-31T01:00:00Z"}` + "\n"
	endLine     = `{"kind":"end","count":2,"sum_captures":100,"sum_refunds":40}` + "\n"
)

func TestStatement_IsItsLinesInOrder(t *testing.T) {
	m := serve(t, send(200, captureLine+refundLine+endLine))
	lines, err := read(t, connect(t, m.url()), payment.Point)
	if err != nil {
		t.Fatal(err)
	}
	want := []gateway.StatementLine{
		{Reference: "7.1", TransactionID: "t-5", Amount: 100, Currency: "KRW", BookedAt: time.Date(2026, 1, 30, 16, 0, 0, 500_000_000, time.UTC)},
		{Refund: true, Reference: "7.1.1", Original: "7.1", TransactionID: "t-9", Amount: 40, Currency: "KRW", BookedAt: time.Date(2026, 1, 31, 1, 0, 0, 0, time.UTC)},
	}
	if fmt.Sprint(lines) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", lines, want)
	}
	if sent := m.lastRequest.Load(); sent.path != "/point/v1/statement?date=2026-01-31" || sent.body != "" {
		t.Errorf("asked %+v", sent)
	}
}

// What is not a whole statement is an error, and what came before it is known not to be one.
func TestStatement_WhatIsNotWhole_IsAnError(t *testing.T) {
	whole := captureLine + refundLine + endLine
	for name, c := range map[string]struct {
		status        int
		body, mention string
	}{
		"no end":                   {200, captureLine + refundLine, "cut after 2 lines"},
		"nothing":                  {200, "", "cut after 0 lines"},
		"cut inside a line":        {200, whole[:len(captureLine)+20], "line 2"},
		"cut inside the end":       {200, whole[:len(whole)-10], "line 3"},
		"a line is missing":        {200, refundLine + endLine, "counts 2 lines"},
		"a line stands twice":      {200, captureLine + whole, "counts 2 lines"},
		"another sum of captures":  {200, strings.Replace(whole, `"amount":100`, `"amount":101`, 1), "100 captured"},
		"another sum of refunds":   {200, strings.Replace(whole, `"amount":40`, `"amount":41`, 1), "40 refunded"},
		"something after the end":  {200, whole + captureLine, "follows its end"},
		"an end that does not sum": {200, captureLine + refundLine + `{"kind":"end","count":2}` + "\n", "does not count and sum"},
		"a blank line":             {200, captureLine + "\n" + refundLine + endLine, "line 2"},
		"an unknown kind":          {200, strings.Replace(whole, "capture\"", "fee\"", 1), "no capture, refund or end"},
		"a refund of nothing":      {200, strings.Replace(whole, `"original":"7.1",`, "", 1), "reference is missing"},
		"a capture of something":   {200, strings.Replace(whole, `"reference":"7.1",`, `"reference":"7.1","original":"7.2",`, 1), "one too many"},
		"no reference":             {200, strings.Replace(whole, `"reference":"7.1",`, "", 1), "reference is missing"},
		"a reference of two lines": {200, strings.Replace(whole, `"reference":"7.1"`, `"reference":"7.1\nWARN"`, 1), "is none"},
		"an amount of nothing":     {200, strings.Replace(whole, `"amount":100`, `"amount":0`, 1), "amount or currency"},
		"an amount below nothing":  {200, strings.Replace(whole, `"amount":100`, `"amount":-100`, 1), "amount or currency"},
		"a fraction":               {200, strings.Replace(whole, `"amount":100`, `"amount":100.5`, 1), "not the JSON object"},
		"no currency":              {200, strings.Replace(whole, `KRW`, `WON`, 1), "amount or currency"},
		"no booking time":          {200, strings.Replace(whole, `,"booked_at":"2026-01-30T16:00:00.5Z"`, "", 1), "when it was booked"},
		"an endless line":          {200, captureLine + strings.Repeat(" ", 5000) + refundLine + endLine, "longer than 4096 bytes"},
		"a refusal":                {400, whole, "status 400"},
		"a redirect":               {302, whole, "status 302"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, connect(t, serve(t, send(c.status, c.body)).url()), payment.PG)
			if err == nil || !strings.Contains(err.Error(), c.mention) || !strings.Contains(err.Error(), "statement of PG for 2026-01-31") {
				t.Errorf("err = %v, want one that says %q", err, c.mention)
			}
		})
	}
}

func TestStatement_AConnectionThatEndsEarlyOrStalls_IsAnError(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + captureLine
	lines, err := read(t, connect(t, serve(t, raw(head)).url()), payment.PG)
	if len(lines) != 1 || err == nil {
		t.Errorf("cut: %d lines, err = %v", len(lines), err)
	}
	m := serve(t, func(conn net.Conn, n int64) bool { raw(head)(conn, n); return silent(conn, n) })
	g := connect(t, m.url(), func(o *gateway.Options) { o.Timeout = 60 * time.Millisecond })
	if lines, err = read(t, g, payment.PG); len(lines) != 1 || err == nil || !strings.Contains(err.Error(), "nothing came for 300ms") {
		t.Errorf("stalled: %d lines, err = %v", len(lines), err)
	}
	if _, err = read(t, connect(t, "http://127.0.0.1:1"), payment.PG); err == nil {
		t.Error("nobody there, and no error")
	}
}

// Who reads slowly is not a means that stalls.
func TestStatement_ASlowReader_GetsItWhole(t *testing.T) {
	goOn := make(chan struct{})
	m := serve(t, func(conn net.Conn, _ int64) bool {
		whole := captureLine + refundLine + endLine
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(whole), captureLine)
		<-goOn
		_, err := io.WriteString(conn, refundLine+endLine)
		return err == nil
	})
	g := connect(t, m.url(), func(o *gateway.Options) { o.Timeout = 40 * time.Millisecond })
	count := 0
	for _, err := range g.Statement(t.Context(), payment.PG, "2026-01-31") {
		if err != nil {
			t.Fatal(err)
		}
		if count++; count == 1 {
			time.Sleep(300 * time.Millisecond) // longer than the patience of 200 ms
			close(goOn)
		}
	}
	if count != 2 {
		t.Errorf("%d lines", count)
	}
}

func TestStatement_TheReaderMayStopOrLeave(t *testing.T) {
	m := serve(t, send(200, strings.Repeat(captureLine, 1000)))
	g := connect(t, m.url())
	for _, err := range g.Statement(t.Context(), payment.PG, "2026-01-31") {
		if err != nil {
			t.Error(err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range g.Statement(ctx, payment.PG, "2026-01-31") {
		if err == nil {
			t.Error("a line for who has left")
		}
	}
}

func TestStatement_ADateThatIsNone_IsNotEvenAsked(t *testing.T) {
	m := serve(t, send(200, endLine))
	for _, date := range []string{"", "31.1.2026", "2026-02-30", "2026-01-31&x=y"} {
		for _, err := range connect(t, m.url()).Statement(t.Context(), payment.PG, date) {
			if err == nil || !strings.Contains(err.Error(), "2026-01-31") {
				t.Errorf("%q: %v", date, err)
			}
		}
	}
	if n := m.requests.Load(); n != 0 {
		t.Errorf("the means was asked %d times", n)
	}
}

func read(t *testing.T, g *gateway.Gateway, means payment.Means) (lines []gateway.StatementLine, err error) {
	t.Helper()
	for line, err := range g.Statement(t.Context(), means, "2026-01-31") {
		if err != nil {
			return lines, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}
