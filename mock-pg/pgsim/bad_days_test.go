package pgsim_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim"
)

// wellToken says of its charge what the tokens of a load say: that it goes well.
const wellToken = "gz1;seed=42;charge=ok@fixed/0s"

// One request turns the PG bad for everything that it is asked, whatever the tokens say, and one makes it well again. These are
// what loadgen's drills ask for.
func TestBadDays_OneRequestBeginsAndOneEnds(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		seen   sight // what the client is left with, whatever it asked
		booked bool  // the charge
	}{
		"hangs":   {"gz1;charge=silent:after;refund=silent:after;void=silent:after;net-cancel=silent:after;inquiry=silent", sight{cause: "timeout"}, true},
		"5xx":     {"gz1;charge=5xx/503;refund=5xx/503;void=5xx/503;net-cancel=5xx/503;inquiry=5xx/503", sight{status: 503}, false},
		"resets":  {"gz1;charge=reset:after;refund=reset;void=reset;net-cancel=reset;inquiry=reset", sight{cause: "reset"}, true},
		"garbage": {"gz1;charge=garbage/http:after;refund=garbage/http;void=garbage/http;net-cancel=garbage/http;inquiry=garbage/http", sight{cause: "malformed"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := start(t, pgsim.Options{})
			m.must("/pg/v1/charge", body("1.1", wellToken)) // from before
			if status, _, text := m.faults(http.MethodPut, badDay(c.script)); status != 200 {
				t.Fatal(text)
			}
			if got := m.look("/pg/v1/charge", body("2.1", wellToken), 300*time.Millisecond); got.cause != c.seen.cause || got.status != c.seen.status {
				t.Errorf("a charge: %q %d", got.cause, got.status)
			}
			if booked := m.booked("2.1"); slices.Equal(booked, []string{"charge charged"}) != c.booked || len(booked) > 1 {
				t.Errorf("booked %v", booked)
			}
			for _, op := range []string{"inquiry", "refund", "void", "net-cancel"} {
				if got := m.look("/pg/v1/"+op, asking(op), 300*time.Millisecond); got.cause != c.seen.cause || got.status != c.seen.status {
					t.Errorf("%s: %q %d", op, got.cause, got.status)
				}
			}
			m.must("/point/v1/reserve", body("3.1", "gz1;reserve=ok"))
			if got := m.look("/point/v1/inquiry", body("3.1", ""), time.Second); got.cause != "" || got.status != http.StatusOK {
				t.Errorf("points suffer, too: %q %d", got.cause, got.status)
			}
			if status, _, _ := m.faults(http.MethodDelete, ""); status != http.StatusNoContent {
				t.Errorf("DELETE: %d", status)
			}
			if _, got := m.must("/pg/v1/charge", body("4.1", wellToken)); got["result"] != "approved" {
				t.Errorf("a charge after it: %v", got)
			}
			if _, got := m.must("/pg/v1/inquiry", body("2.1", "")); (got["result"] == "found") != c.booked {
				t.Errorf("the charge of the bad day: %v", got)
			}
		})
	}
}

func badDay(script string) string {
	return fmt.Sprintf(`{"entries":[{"after":"0s","for":"1h","script":%q,"override":true,"means":"PG"}]}`, script)
}

// asking is about the payment from before; a refund has a reference of its own.
func asking(op string) string {
	if op == "refund" {
		return `{"reference":"1.1.1","original":"1.1","amount":500,"currency":"KRW"}`
	}
	return body("1.1", "")
}

// Approved late: the charge is not there when the inquiry comes, and is booked when the bad day is long over.
func TestBadDays_ALateApproval(t *testing.T) {
	m := start(t, pgsim.Options{})
	m.faults(http.MethodPut, badDay("gz1;charge=late/600ms"))
	sent := make(chan sight, 1)
	go func() { sent <- m.look("/pg/v1/charge", body("1.1", wellToken), 100*time.Millisecond) }()
	if got := <-sent; got.cause != "timeout" {
		t.Errorf("the client sees %+v", got)
	}
	if _, got := m.must("/pg/v1/inquiry", body("1.1", "")); got["result"] != "not_found" {
		t.Errorf("already there: %v", got)
	}
	m.faults(http.MethodDelete, "")
	for deadline := time.Now().Add(10 * time.Second); !slices.Equal(m.booked("1.1"), []string{"charge charged"}); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came: %v", m.booked("1.1"))
		}
	}
}

// The schedule is only for what a token does not speak of: the charges of a load never see it. Its inquiries do.
func TestSchedule_IsNotForWhatTheTokenSays_AndIsTakenBack(t *testing.T) {
	m := start(t, pgsim.Options{Schedule: "gz1;void=5xx/504"})
	for _, c := range []struct {
		method, script        string
		charge, inquiry, void int
	}{
		{http.MethodPut, "gz1;charge=5xx/503;inquiry=5xx/503", 200, 503, 200},
		{http.MethodDelete, "", 200, 200, 504},
	} {
		if status, text := m.ask(c.method, "/schedule", c.script); status != http.StatusNoContent {
			t.Fatalf("%s: %d %s", c.method, status, text)
		}
		charge, _ := m.must("/pg/v1/charge", body("1.1", wellToken))
		inquiry, _ := m.must("/pg/v1/inquiry", body("1.1", ""))
		void, _ := m.must("/pg/v1/void", body("1.1", ""))
		if charge != c.charge || inquiry != c.inquiry || void != c.void {
			t.Errorf("%s %s: charge %d, inquiry %d, void %d", c.method, c.script, charge, inquiry, void)
		}
	}
	if status, text := m.ask(http.MethodPut, "/schedule", ""); status != http.StatusBadRequest {
		t.Errorf("an empty script: %d %s", status, text)
	}
}
