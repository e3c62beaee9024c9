package page

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/report"
	"gazua.example/loadgen/verify"
)

// forPeople are the functions of the layout.
var forPeople = template.FuncMap{
	"count": count, "fixed": fixed, "span": span, "utc": utc, "clock": clock, "words": verdictWords, "class": strings.ToLower,
	"share": func(x float64) string { return fmt.Sprintf("%.0f %%", x*100) },
	"mib":   func(bytes float64) string { return fixed(bytes / (1 << 20)) },
	"join":  strings.Join, "sources": sources, "sample": sample,
}

// source is what one of the verifier's sources tells about an offender.
type source struct {
	Name  string
	Lines []string
}

func sources(o verify.Offender) []source {
	return []source{{"journal of the client", o.Journal}, {"database", o.Database}, {"Kafka", o.Kafka}, {"book of the mock PG", o.Book}, {"statement", o.Statement}}
}

// sample names one of a group of faults, so that it can be looked up.
func sample(g record.Group) string {
	if g.Sample == nil {
		return ""
	}
	return fmt.Sprintf("payment %d, trace %s", g.Sample.Payment, g.Sample.Trace)
}

// count writes 54000 as 54,000.
func count(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// fixed writes a figure with one digit behind the point, and large ones without.
func fixed(x float64) string {
	if x >= 10_000 || x <= -10_000 {
		return count(int64(x))
	}
	return fmt.Sprintf("%.1f", x)
}

// span writes seconds as people say them.
func span(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", seconds)
	}
	return d.Round(time.Second).String()
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func clock(t time.Time) string { return t.UTC().Format("15:04:05") }

// verdictWords is what a verdict means.
func verdictWords(r *report.Result) string {
	switch r.Verdict {
	case report.Pass:
		return "No payment was lost, charged twice or left hanging; every invariant holds, and the run's own instruments kept their bounds."
	case report.Fail:
		return "An invariant is violated. The payments are named below."
	case report.Invalid:
		return "The run says nothing about the system: its instruments spoilt it, or it could not be verified. Its figures are shown, and must not be quoted."
	}
	return "The run did not come to its end."
}
