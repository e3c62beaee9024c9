package httpapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"gazua.example/payment-api/payment"
)

// prefer reads Prefer headers as they come through a request.
func prefer(lines ...string) preferences {
	app := fiber.New()
	c := app.AcquireCtx(&fasthttp.RequestCtx{})
	defer app.ReleaseCtx(c)
	for _, line := range lines {
		c.Request().Header.Add("Prefer", line)
	}
	return preferencesOf(c)
}

func TestPrefer_Wait(t *testing.T) {
	for line, want := range map[string]time.Duration{
		"wait=5":                         5 * time.Second,
		"WAIT = 5":                       5 * time.Second,
		`wait="5"`:                       5 * time.Second,
		"wait=05":                        5 * time.Second,
		"wait=30":                        30 * time.Second,
		"wait=31":                        30 * time.Second,
		"wait=99999999999999999999":      30 * time.Second,
		"wait=5; foo=bar, return=none":   5 * time.Second,
		"wait=5, wait=7":                 5 * time.Second,
		"return=minimal, wait=5":         5 * time.Second,
		`foo="a\" , wait=7", wait=5`:     5 * time.Second,
		`foo="a, wait=7`:                 7 * time.Second,
		"wait":                           0,
		"wait=":                          0,
		"wait=0":                         0,
		"wait=-5":                        0,
		"wait=5s":                        0,
		"wait=0.5":                       0,
		"wait=５":                         0,
		"wait=x, wait=5":                 0,
		"await=5":                        0,
		"foo; wait=5":                    0,
		`foo="wait=5"`:                   0,
		"":                               0,
		strings.Repeat(`"`, 4000):        0,
		strings.Repeat(`",`, 2000) + "x": 0,
	} {
		if got := prefer(line).wait; got != want {
			t.Errorf("%.60q: %s, want %s", line, got, want)
		}
	}
	if got := prefer("wait=5", "wait=7").wait; got != 5*time.Second {
		t.Errorf("over two lines: %s", got)
	}
}

// A quotation mark that is never closed is looked for once, and not once for each that follows: this takes a millisecond, or
// minutes.
func TestPrefer_AnUnfinishedQuotation_TakesNoLongerThanItIsLong(t *testing.T) {
	started := time.Now()
	whole := `"` + strings.Repeat(`\"`, 1<<19)
	before, _ := cutUnquoted(whole, ',')
	if took := time.Since(started); before != whole || took > 5*time.Second {
		t.Errorf("%d bytes of %d, after %s", len(before), len(whole), took)
	}
}

func TestCreate_PreferWait_IsHandedOnAndSaid(t *testing.T) {
	d := open(t, &fakeDomain{})
	got := d.post(good, with("Prefer", "wait=3"))
	if how := d.domain.last(t).how; how.Mode != payment.Sync || how.Wait != 3*time.Second || got.header.Get("Preference-Applied") != "wait=3" {
		t.Errorf("how %+v, Preference-Applied %q", how, got.header.Get("Preference-Applied"))
	}
	got = d.post(good, with("Prefer", "wait=3, respond-async"))
	if how := d.domain.last(t).how; how.Mode != payment.Async || how.Wait != 0 || got.header.Get("Preference-Applied") == "wait=3" {
		t.Errorf("asked for both: how %+v, Preference-Applied %q", how, got.header.Get("Preference-Applied"))
	}
	d.domain.create = func(*payment.Request) (payment.Created, error) {
		return payment.Created{Answer: stored(201, paid(7).Render()), Payment: 7, Replayed: true}, nil
	}
	if got = d.post(good, with("Prefer", "wait=3")); got.header.Get("Preference-Applied") != "" {
		t.Error("the answer is as it was stored, and no wait was applied")
	}
}

// The domain answers early and works on behind it: that work must keep its context.
func TestCreate_PreferWait_WhatGoesOnBehindTheAnswer_IsNotCancelledByIt(t *testing.T) {
	d := open(t, &fakeDomain{create: func(*payment.Request) (payment.Created, error) {
		return payment.Created{Answer: stored(202, []byte(pending)), Payment: 7}, nil
	}})
	if got := d.post(good, with("Prefer", "wait=1")); got.status != 202 {
		t.Fatalf("status %d", got.status)
	}
	call := d.domain.last(t)
	if err := call.ctx.Err(); err != nil || !call.bounded() {
		t.Errorf("after the answer: %v, bounded: %t", err, call.bounded())
	}
	select { // and it ends by itself
	case <-call.ctx.Done():
	case <-time.After(5 * time.Second):
		t.Error("its context never ends")
	}
	d.post(good)
	if d.domain.last(t).ctx.Err() == nil {
		t.Error("a request that was waited for leaves its context open")
	}
}

// Whatever a client prefers: we wait for at most half a minute, and a header that is written again in plain words means the
// same.
func FuzzPrefer(f *testing.F) {
	for _, line := range []string{"respond-async", "wait=5, respond-async; x=y", `foo="a, \" wait=1", wait=2`, `"`, `a="b`, `respond-async=""`, "wait=999", ",;=\\\""} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		p := prefer(line)
		if p.wait < 0 || p.wait > 30*time.Second || p.wait%time.Second != 0 {
			t.Errorf("%q: wait %s", line, p.wait)
		}
		plain := []string{}
		if p.async {
			plain = append(plain, "respond-async")
		}
		if p.wait > 0 {
			plain = append(plain, fmt.Sprintf("wait=%d", p.wait/time.Second))
		}
		if again := prefer(strings.Join(plain, ", ")); again != p {
			t.Errorf("%q is %+v, and written plainly %+v", line, p, again)
		}
		lower := strings.ToLower(line)
		if p.async && !strings.Contains(lower, "respond-async") || p.wait > 0 && !strings.Contains(lower, "wait") {
			t.Errorf("%q: %+v was never asked for", line, p)
		}
	})
}
