package pgsim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gazua.example/mock-pg/fault"
	"gazua.example/mock-pg/pgsim"
)

// sight is what a client of net/http was left with: the cause when there was no complete answer, or its status and body.
type sight struct {
	cause  string
	status int
	header http.Header
	body   string
}

// look sends one request and gives up after a while. It follows no redirect.
func (m *mock) look(path, text string, patience time.Duration) sight {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.server.URL()+path, strings.NewReader(text))
	if err != nil {
		m.t.Fatal(err)
	}
	client := *m.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(req)
	if err != nil {
		return sight{cause: causeOf(err)}
	}
	defer func() { _ = res.Body.Close() }()
	read, err := io.ReadAll(res.Body)
	s := sight{status: res.StatusCode, header: res.Header, body: string(read)}
	if err != nil {
		s.cause = causeOf(err)
	}
	return s
}

func causeOf(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected EOF"
	case errors.Is(err, io.EOF):
		return "EOF"
	case strings.Contains(err.Error(), "malformed HTTP"):
		return "malformed"
	}
	return err.Error()
}

func TestFaults_WhatAClientSees(t *testing.T) {
	const honest = `{"result":"approved","reference":"R","transaction_id":"`
	for _, c := range []struct {
		fault    string
		cause    string
		status   int    // of the answer, if one began
		contains string // in its body, with R for the reference
		whole    bool   // its body is JSON
	}{
		{fault: "silent", cause: "timeout"},
		{fault: "silent/20ms", cause: "EOF"},
		{fault: "reset", cause: "reset"},
		{fault: "fin", cause: "EOF"},
		{fault: "half", cause: "unexpected EOF", status: 200, contains: `{"result":"approved","reference":"R","`},
		{fault: "half/hold", cause: "timeout", status: 200, contains: `{"result":"approved","reference":"R","`},
		{fault: "drip/10s", cause: "timeout"},
		{fault: "drip/20ms", status: 200, contains: honest, whole: true},
		{fault: "length/long", cause: "unexpected EOF", status: 200, contains: honest},
		{fault: "length/short", status: 200, contains: `{"result":"approved","reference":"R","`},
		{fault: "length/none", status: 200, contains: `{"result":"approved","reference":"R","`},
		{fault: "garbage", status: 200, contains: "<html>"},
		{fault: "garbage/empty", status: 200},
		{fault: "garbage/json", status: 200, contains: "SUCCESS", whole: true},
		{fault: "garbage/http", cause: "malformed"},
		{fault: "5xx", status: 500, contains: `"error"`, whole: true},
		{fault: "5xx/502", status: 502, contains: `"error"`, whole: true},
		{fault: "5xx/503", status: 503, contains: `"error"`, whole: true},
		{fault: "5xx/504", status: 504, contains: `"error"`, whole: true},
		{fault: "4xx", status: 400, contains: `"error"`, whole: true},
		{fault: "4xx/403", status: 403, contains: `"error"`, whole: true},
		{fault: "already", status: 409, contains: `"code":"already_processed"`, whole: true},
		{fault: "already/400", status: 400, contains: `"code":"already_processed"`, whole: true},
		{fault: "amount", status: 200, contains: `"amount":20001`, whole: true},
		{fault: "amount/-500", status: 200, contains: `"amount":19500`, whole: true},
		{fault: "currency", status: 200, contains: `"currency":"XXX"`, whole: true},
		{fault: "reference", status: 200, contains: `"reference":"another.1"`, whole: true},
		{fault: "redirect", status: 307, contains: "moved", whole: true},
		{fault: "redirect/303", status: 303, contains: "moved", whole: true},
		{fault: "huge", status: 200, contains: honest, whole: true},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			m := start(t, pgsim.Options{})
			got := m.look("/pg/v1/charge", body("1.1", "gz1;charge="+c.fault+":after"), 500*time.Millisecond)
			if got.cause != c.cause || got.status != c.status || !strings.Contains(got.body, strings.ReplaceAll(c.contains, "R", "1.1")) {
				t.Errorf("the client sees %q, %d, %.200q; want %q, %d, %q", got.cause, got.status, got.body, c.cause, c.status, c.contains)
			}
			if whole := json.Valid([]byte(got.body)) && got.cause == ""; whole != c.whole {
				t.Errorf("a whole answer: %t, want %t: %.200q", whole, c.whole, got.body)
			}
			if booked := m.booked("1.1"); !slices.Equal(booked, []string{"charge charged"}) {
				t.Errorf("booked %v", booked)
			}
		})
	}
}

func TestHuge_HasItsSize(t *testing.T) {
	m := start(t, pgsim.Options{})
	for fault, size := range map[string]int{"huge": 1 << 20, "huge/3MiB": 3 << 20, "huge/100KiB": 100 << 10, "huge/70001": 70001} {
		if got := m.look("/pg/v1/charge", body("1.1", "gz1;charge="+fault+":after"), 10*time.Second); len(got.body) != size || got.cause != "" {
			t.Errorf("%s: %d bytes, %q, want %d", fault, len(got.body), got.cause, size)
		}
	}
}

func TestTooMany_ABurst_ThenTheHonestAnswer(t *testing.T) {
	m := start(t, pgsim.Options{})
	for n, want := range []struct {
		status     int
		retryAfter string
		booked     int
	}{{429, "2", 0}, {429, "7", 0}, {200, "", 1}} {
		got := m.look("/pg/v1/charge", body("1.1", "gz1;charge=429/1500ms,429/7s:before,ok"), 5*time.Second)
		if after := got.header.Get("Retry-After"); got.status != want.status || after != want.retryAfter {
			t.Errorf("attempt %d: %d, Retry-After %q, want %+v", n+1, got.status, after, want)
		}
		if booked := m.booked("1.1"); len(booked) != want.booked {
			t.Errorf("attempt %d: booked %v, want %d", n+1, booked, want.booked)
		}
	}
}

// A client that follows a 307 sends its charge again.
func TestRedirect_WhoFollowsIsChargedTwice(t *testing.T) {
	m := start(t, pgsim.Options{})
	if _, got := m.must("/pg/v1/charge", body("1.1", "gz1;charge=redirect:after,ok")); got["result"] != "approved" {
		t.Errorf("where the redirect led: %v", got)
	}
	if booked := m.booked("1.1"); len(booked) != 2 {
		t.Errorf("booked %v, want two charges", booked)
	}
}

// operation is one path with what must have been done before it.
type operation struct {
	path   string
	before []string // operations of the same means on the same reference
}

func (o operation) op() string    { return o.path[strings.LastIndexByte(o.path, '/')+1:] }
func (o operation) means() string { return strings.TrimSuffix(o.path, o.op()) }

// operations is every operation of every means.
func operations() (all []operation) {
	for op, before := range map[string][]string{"charge": nil, "void": {"charge"}, "net-cancel": {"charge"}, "inquiry": {"charge"}, "refund": {"charge"}} {
		all = append(all, operation{"/pg/v1/" + op, before})
	}
	for op, before := range map[string][]string{
		"reserve": nil, "confirm": {"reserve"}, "release": {"reserve"}, "inquiry": {"reserve"}, "void": {"reserve", "confirm"}, "refund": {"reserve", "confirm"},
	} {
		all = append(all, operation{"/point/v1/" + op, before}, operation{"/coupon/v1/" + op, before})
	}
	return all
}

// A parameter that ends soon, where the default takes long.
var quick = map[string]string{"silent": "silent/5ms", "drip": "drip/5ms", "429": "429/1s"}

// Every fault, before and after, on every operation of every means, by the script of the token that opened the reference:
// it strikes once, books what it should, and never looks like the success that was asked for.
func TestFaults_StrikeEveryOperationOfEveryMeans(t *testing.T) {
	m := start(t, pgsim.Options{})
	type trial struct {
		operation
		fault, when, reference string
		lie                    bool
	}
	var trials []trial
	for _, o := range operations() {
		for _, kind := range fault.Kinds() {
			if kind.OfMoney && slices.Contains([]string{"release", "void", "net-cancel"}, o.op()) {
				continue
			}
			for _, when := range []string{":before", ":after"} {
				if kind.BeforeOnly && when == ":after" {
					continue
				}
				name := kind.Name
				if short, ok := quick[name]; ok {
					name = short
				}
				trials = append(trials, trial{o, name, when, fmt.Sprintf("%d.1", len(trials)), kind.Lies})
			}
		}
	}
	work := make(chan trial)
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for c := range work {
				token := "gz1;" + c.op() + "=" + c.fault + c.when
				for _, op := range c.before {
					if _, got := m.must(c.means()+op, body(c.reference, token)); got["result"] == "error" {
						t.Errorf("%s before %s with %s: %v", op, c.path, token, got)
					}
				}
				text := body(c.reference, token)
				if c.op() == "refund" {
					text = fmt.Sprintf(`{"reference":"%s.r","original":%q,"amount":500,"currency":"KRW"}`, c.reference, c.reference)
				}
				got := m.look(c.path, text, 10*time.Second)
				var told struct{ Result, Reference string }
				_ = json.Unmarshal([]byte(got.body), &told)
				done := got.cause == "" && got.status == 200 && told.Reference == c.reference && told.Result != "refused"
				complete := c.when == ":after" && (strings.HasPrefix(c.fault, "drip") || c.fault == "huge") || c.fault == "amount" || c.fault == "currency"
				if c.op() == "refund" {
					done = told.Reference == c.reference+".r" && got.cause == ""
				}
				if done != complete {
					t.Errorf("%s with %s: the client sees %q %d %.200q", c.path, token, got.cause, got.status, got.body)
				}
				if money := strings.Contains(got.body, `"amount":20000,"`) || strings.Contains(got.body, `"amount":500,`); c.fault == "amount" && money {
					t.Errorf("%s with %s: no lie in %s", c.path, token, got.body)
				}
			}
		})
	}
	for _, c := range trials {
		work <- c
	}
	close(work)
	running.Wait()

	booked := map[string]int{} // by "reference op"
	_, text := m.admin("/book?from=0")
	for line := range strings.Lines(text) {
		var e struct{ Op, Reference, Original string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		booked[strings.TrimSuffix(e.Reference, ".r")+" "+e.Op]++
	}
	struck := map[string]int{}
	for _, c := range trials {
		struck[strings.Split(c.fault, "/")[0]]++
		want := c.when == ":after" && c.op() != "inquiry"
		if got := booked[c.reference+" "+c.op()]; (got > 0) != want {
			t.Errorf("%s with %s%s: %d entries, want some: %t", c.path, c.fault, c.when, got, want)
		}
	}
	var page struct{ Faults map[string]int }
	_, stats := m.admin("/stats")
	if err := json.Unmarshal([]byte(stats), &page); err != nil {
		t.Fatal(err)
	}
	for name, n := range struck {
		if page.Faults[name] != n {
			t.Errorf("%s struck %d times, want %d", name, page.Faults[name], n)
		}
	}
	if len(trials) < 400 {
		t.Errorf("only %d trials", len(trials))
	}
}
