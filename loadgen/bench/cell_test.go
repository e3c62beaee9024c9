package bench

import (
	"regexp"
	"strings"
	"testing"
)

func TestWorse_LostMoneyComesFirst(t *testing.T) {
	for _, c := range [][3]string{
		{pass, pass, pass},
		{pass, rows, pass},
		{rows, rows, rows},
		{pass, invalid, invalid},
		{invalid, fail, fail},
		{pass, fail, fail},
		{rows, fail, fail},
		{pass, "UNFINISHED", invalid},
		{"", pass, invalid},
		{none, pass, none},
		{none, invalid, invalid},
	} {
		if got := worse(c[0], c[1]); got != c[2] {
			t.Errorf("%q and %q: %q, want %q", c[0], c[1], got, c[2])
		}
		if got := worse(c[1], c[0]); got != c[2] {
			t.Errorf("%q and %q: %q, want %q", c[1], c[0], got, c[2])
		}
	}
}

func TestCell_TakesRepeatsInAnyOrder(t *testing.T) {
	c := &Cell{Place: of(card64, System)}
	for _, n := range []int{3, 1, 2} {
		c.add(Repeat{Number: n, Verdict: pass, Rate: float64(n), CPU: map[string]float64{"mysql": 10 * float64(n)}})
	}
	if c.Repeats[0].Number != 1 || c.Rate.Mean != 2 || c.Rate.N != 3 || c.CPU["mysql"].Mean != 20 || c.Verdict != pass {
		t.Errorf("%+v", c)
	}
}

// One bad repeat of three spoils the cell, every ratio of it, and the bench.
func TestReport_OneFailOfThree_IsEverywhere(t *testing.T) {
	r := measured(card64, map[string][]float64{Raw: {4000, 4100, 4200}, System: {1500, 1400, 1600}, Plain: {300, 310, 320}, Legacy: {200, 210, 220}})
	if r.Verdict != pass || r.ExitCode() != 0 {
		t.Fatalf("%s, exit %d", r.Verdict, r.ExitCode())
	}
	spoil(r, of(card64, System), 2, fail)
	if r.Verdict != fail || r.ExitCode() != 1 {
		t.Errorf("%s, exit %d", r.Verdict, r.ExitCode())
	}
	for _, x := range r.Ratios {
		if strings.HasPrefix(x.Name, System) && x.Verdict != fail {
			t.Errorf("%s of %s says %s", x.Name, x.Of, x.Verdict)
		}
	}
	for _, a := range r.Aims {
		if a.Outcome != notMeasured || a.Ratio.N != 0 {
			t.Errorf("%s is %s, of runs that failed", a.Name, a.Outcome)
		}
	}
}

// No figure of a cell that is not good stands anywhere without its verdict: not in the text, not on the page.
func TestText_NoFigureWithoutItsVerdict(t *testing.T) {
	r := measured(card64, map[string][]float64{System: {1234, 1234, 1234}, Plain: {200, 200, 200}})
	for _, clients := range []int{1, 256} {
		p := card64
		p.Clients = clients
		for _, name := range []string{System, Plain} {
			r.add(of(p, name), Repeat{Number: 1, Verdict: pass, Rate: 10, P50: 1, P99: 2})
		}
	}
	for _, verdict := range []string{fail, invalid} {
		spoil(r, of(card64, System), 1, verdict)
		var text strings.Builder
		r.Text(&text)
		row := regexp.MustCompile(`(?m)^ +64 .*$`)
		rows := row.FindAllString(text.String(), -1)
		if len(rows) < 4 { // rate, latency, CPU of both
			t.Fatalf("%d rows of 64 clients in\n%s", len(rows), &text)
		}
		for _, line := range rows {
			if strings.Contains(line, "plain   ") && !strings.Contains(line, "/") {
				continue // CPU of plain, which is good
			}
			if !strings.Contains(line, verdict) {
				t.Errorf("without its verdict: %s", line)
			}
		}
		for _, line := range regexp.MustCompile(`(?m)^ +system/plain .*$`).FindAllString(text.String(), -1) {
			if strings.Contains(line, "64 clients") && strings.Count(line, verdict) < 1 {
				t.Errorf("without its verdict: %s", line)
			}
		}
		chart := string(blocks(r.Cells)[0].chart())
		if !strings.Contains(chart, ">"+verdict+"<") || strings.Count(chart, "hollow") != 1 {
			t.Errorf("the chart hides it: %s", chart)
		}
	}
}
