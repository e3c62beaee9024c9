package drill

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/report"
)

func TestLines_OneABreak_AndOneOverAll(t *testing.T) {
	out := &Outcome{
		Drill: "d", Verdict: report.Pass, Lost: "0", Duplicated: "0",
		Breaks: []Break{{At: time.Second, Noticed: "it is down", Detected: 1500 * time.Millisecond}, {At: 10 * time.Second}, {At: 20 * time.Second}, {At: 30 * time.Second}},
		Impacts: []Impact{
			{Recovery: 3 * time.Second, Errors: 4, Ambiguous: 2, Settled: 2}, {Recovery: 2 * time.Second, Unwell: 1, FirstUnwell: 70 * time.Millisecond}, {},
		},
	}
	want := []string{
		"drill=d n=1/3 verdict=PASS detect_ms=500 rto_ms=3000 errors=4 lost=0 duplicated=0 ambiguous=2 settled=2",
		"drill=d n=2/3 verdict=PASS detect_ms=70 rto_ms=2000 errors=0 lost=0 duplicated=0 ambiguous=0 settled=0",
		"drill=d n=3/3 verdict=PASS detect_ms=- rto_ms=0 errors=0 lost=0 duplicated=0 ambiguous=0 settled=0",
		"drill=d n=3 verdict=PASS rto_min_ms=0 rto_median_ms=2000 rto_max_ms=3000 errors=4 lost=0 duplicated=0 ambiguous=2 settled=2",
	}
	if got := out.Lines(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	out.Breaks, out.Impacts, out.Control = append(out.Breaks[:1:1], out.Breaks[1]), out.Impacts[:1], "c"
	if got := out.Lines(); len(got) != 1 || !strings.HasPrefix(got[0], "drill=d control=c verdict=PASS detect_ms=500 rto_ms=3000 ") {
		t.Errorf("of one break: %q", got)
	}
	out.Breaks, out.Impacts = out.Breaks[:1], nil
	if got := out.Lines(); len(got) != 1 || !strings.Contains(got[0], "detect_ms=- rto_ms=- errors=- lost=0 duplicated=0 ambiguous=- settled=-") {
		t.Errorf("of a script that broke nothing: %q", got)
	}
}
