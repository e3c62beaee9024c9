package main

import (
	"strings"
	"testing"
	"time"
)

func TestFigures_MedianWithTheSpread(t *testing.T) {
	for want, f := range map[string]figures{
		"–":                nil,
		"3.0 [1.0…9.5]":    {9.5, 1, 3},
		"2000 [1999…2001]": {2000, 2001, 1999},
		"-0.2 [-0.5…1.0]":  {-0.2, 1, -0.5},
	} {
		if got := f.String(); got != want {
			t.Errorf("%v is told as %s, want %s", []float64(f), got, want)
		}
	}
}

func TestLatenciesOf_SortsAndRefusesWhatFailed(t *testing.T) {
	row := func(status, ns string) string { return "1," + status + "," + ns + ",0,0,,body,,0,,,\n" }
	got, err := latenciesOf(row("200", "3000") + row("200", "1000"))
	if err != nil || len(got) != 2 || got[0] != time.Microsecond {
		t.Errorf("%v, %v", got, err)
	}
	for name, text := range map[string]string{"an answer of 500": row("500", "1"), "no number": row("200", "x"), "nothing": ""} {
		if _, err := latenciesOf(text); err == nil {
			t.Errorf("%s is no error", name)
		}
	}
}

func TestK6Script_HasTheRateOrTheUsers(t *testing.T) {
	if s := k6Script("http://127.0.0.1:1", 2000, "6s"); !strings.Contains(s, "rate: 2000") || !strings.Contains(s, `"6s"`) || !strings.Contains(s, "http://127.0.0.1:1/v1/payments") {
		t.Error(s)
	}
	if s := k6Script("http://127.0.0.1:1", 0, "6s"); !strings.Contains(s, "vus: 64") {
		t.Error(s)
	}
}
