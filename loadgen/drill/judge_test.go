package drill

import (
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/report"
)

func checksOf(failed []Failure) (names []string) {
	for _, f := range failed {
		names = append(names, f.Check)
	}
	return names
}

func TestJudge_NamesEachCheckThatFails(t *testing.T) {
	well := Impact{Payments: 100, Ambiguous: 2, Settled: 2, Recovery: 3 * time.Second, Recovered: true}
	for name, c := range map[string]struct {
		drill  Drill
		impact func(*Impact)
		result report.Result
		want   string
	}{
		"all is well":       {},
		"an invariant":      {result: report.Result{Invariants: []report.InvariantLine{{Number: 1}, {Number: 13, Violated: 2}}}, want: "invariant-13"},
		"no end":            {impact: func(i *Impact) { i.Settled = 1 }, want: "settled"},
		"never recovered":   {impact: func(i *Impact) { i.Recovered = false }, want: "recovered"},
		"recovered late":    {drill: Drill{Recover: 2 * time.Second}, want: "recovered"},
		"late by default":   {impact: func(i *Impact) { i.Recovery = 31 * time.Second }, want: "recovered"},
		"somebody noticed":  {drill: Drill{Unnoticed: true}, impact: func(i *Impact) { i.Errors = 1 }, want: "errors"},
		"somebody waited":   {drill: Drill{Unnoticed: true}, impact: func(i *Impact) { i.Late = 1 }, want: "late"},
		"errors are usual":  {impact: func(i *Impact) { i.Errors, i.Late = 7, 7 }},
		"two at a time":     {impact: func(i *Impact) { i.Settled, i.Recovered = 0, false }, want: "settled recovered"},
		"one that must pay": {drill: Drill{Paid: true}, result: failing(), want: "paid"},
	} {
		i := well
		if c.impact != nil {
			c.impact(&i)
		}
		out := &Outcome{Impacts: []Impact{i}}
		out.Failures = append(violated(&c.result), out.judge(c.drill, &c.result)...)
		if got := strings.Join(checksOf(out.Failures), " "); got != c.want {
			t.Errorf("%s: %q fails, want %q", name, got, c.want)
		}
		for check := range strings.FieldsSeq(c.want) {
			if !out.Has(check) || out.Has(check+"0") {
				t.Errorf("%s: Has(%s) is wrong", name, check)
			}
		}
	}
}

func TestVerdict_WhatDoesNotHoldComesFirst(t *testing.T) {
	failed := []Failure{{"invariant-1", "charged twice"}}
	for name, c := range map[string]struct {
		failures      []Failure
		spoilt, run   string
		want, reasons string
	}{
		"all is well":                      {run: report.Pass, want: report.Pass},
		"something failed":                 {failures: failed, run: report.Pass, want: report.Fail},
		"and the run says nothing":         {failures: failed, spoilt: "not served", run: report.Invalid, want: report.Fail},
		"never well before the break":      {spoilt: "not served", run: report.Pass, want: report.Invalid, reasons: "not served|the run's"},
		"the run says nothing":             {run: report.Invalid, want: report.Invalid, reasons: "the run's"},
		"the run fails by a rule it knows": {run: report.Fail, want: report.Fail},
	} {
		got, reasons := verdict(c.failures, c.spoilt, &report.Result{Verdict: c.run, Reasons: []string{"the run's"}})
		if got != c.want || strings.Join(reasons, "|") != c.reasons {
			t.Errorf("%s: %s %q, want %s %q", name, got, reasons, c.want, c.reasons)
		}
	}
}

func failing() (r report.Result) {
	r.Counts.Failed = 1
	return r
}
