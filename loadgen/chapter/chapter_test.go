package chapter

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/drill"
	"gazua.example/loadgen/report"
)

var update = flag.Bool("update", false, "write the golden files")

func line(format string, args ...any) string { return fmt.Sprintf(format, args...) + "\n" }

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what it was; look at the difference, and -update when it is right:\n%s", name, got)
	}
}

// Of several shutdowns the one is drawn that clients suffered from most; those of the other program do not count.
func TestTimeline_IsTheShutdownThatClientsSufferedFromMost(t *testing.T) {
	tl, _ := drawn(t)
	if tl.Process != "payment-api-2" || tl.Code != 1 || tl.Ended != 2.6 || tl.Due != 8 {
		t.Errorf("%+v", tl)
	}
	want := []mark{{0, "SIGTERM"}, {0.6, "balancer: DOWN"}, {3.2, "started again"}}
	if !slices.EqualFunc(tl.Marks, want, func(a, b mark) bool { return a.Text == b.Text && math.Abs(a.At-b.At) < 1e-9 }) {
		t.Errorf("marks %v, want %v", tl.Marks, want)
	}
	if len(tl.Rows) != len(phases["api"]) {
		t.Fatalf("%d rows", len(tl.Rows))
	}
	for i, r := range tl.Rows {
		if r.Phase != phases["api"][i] {
			t.Errorf("row %d is %s", i, r.Phase)
		}
		if happened := !math.IsNaN(r.From); happened == slices.Contains([]string{"finish requests", "close pools", "flush telemetry"}, r.Phase) {
			t.Errorf("%s happened: %t", r.Phase, happened)
		}
	}
	if r := tl.Rows[1]; r.From != 0 || r.To != 1.5 {
		t.Errorf("%+v", r)
	}
}

func TestTimeline_CountsEachAnswerInItsTenthOfASecond(t *testing.T) {
	tl, _ := drawn(t)
	var good, bad, late int
	for _, b := range tl.Bins {
		good, bad = good+b.Good, bad+b.Bad
		if b.Slowest > tl.Due {
			late++
			if math.Abs(b.At-1.2) > 1e-9 {
				t.Errorf("the late one was planned 1.2 s after the signal, and stands at %g", b.At)
			}
		}
		if b.Bad > 0 && math.Abs(b.At-1.0) > 1e-9 && math.Abs(b.At-1.1) > 1e-9 {
			t.Errorf("a bad answer stands at %g", b.At)
		}
	}
	if good != 70 || bad != 2 || late != 1 {
		t.Errorf("good %d, bad %d, late %d", good, bad, late)
	}
}

func TestSVG_IsWellFormed_InOrder_AndHasNoNaN(t *testing.T) {
	tl, _ := drawn(t)
	text := tl.svg()
	decoder := xml.NewDecoder(strings.NewReader(text))
	x := map[string]float64{} // of the bars, by the phase whose name stands before them
	phase, depth := "", 0
	var words []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			depth++
			for _, a := range e.Attr {
				if n, err := strconv.ParseFloat(a.Value, 64); err == nil && (math.IsNaN(n) || math.IsInf(n, 0) || n < 0) {
					t.Errorf("<%s %s=%q>", e.Name.Local, a.Name.Local, a.Value)
				}
				if a.Name.Local == "x" && e.Name.Local == "rect" && phase != "" {
					if _, seen := x[phase]; !seen {
						x[phase], _ = strconv.ParseFloat(a.Value, 64)
					}
				}
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			words = append(words, string(e))
			if slices.Contains(phases["api"], string(e)) {
				phase = string(e)
			}
		}
	}
	if depth != 0 || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Errorf("depth %d, or a number that is none", depth)
	}
	before := -1.0
	for _, name := range []string{"readiness off", "balancer notices", "stop accepting", "finish detached work", "close admin"} {
		if x[name] < before {
			t.Errorf("the bar of %s begins at %g, before the one above it (%g)", name, x[name], before)
		}
		before = x[name]
	}
	for _, want := range []string{"left out", "not reached", "1.5 s", "< 0.1 ms", "1.1 s: overrun, left 2 payments in flight & <more>", "2 without a good one", "8 s", "prefers-color-scheme:dark"} {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(w, want) }) {
			t.Errorf("%q is not in the picture", want)
		}
	}
	golden(t, "fixed.svg", text)
}

// Two moments that are close together have their names on two sides.
func TestSVG_MarksThatAreClose_CanBeRead(t *testing.T) {
	tl, _ := drawn(t)
	for second, anchor := range map[float64]string{3.2: "start", 0.7: "end"} {
		tl.Marks = []mark{{0, "SIGTERM"}, {0.6, "balancer: DOWN"}, {second, "started again"}}
		if text := tl.svg(); !strings.Contains(text, `text-anchor="`+anchor+`">balancer: DOWN<`) || !strings.Contains(text, `text-anchor="start">started again<`) {
			t.Errorf("with the next one at %g s it is not anchored at its %s", second, anchor)
		}
	}
}

// Nothing was answered, nothing was planned, the process never said a word: a picture all the same.
func TestSVG_OfNothing_IsAPictureToo(t *testing.T) {
	tl, err := timelineOf(fixed, &drill.Outcome{
		Final: time.Second, Breaks: []drill.Break{{What: "SIGTERM to payment-api-1", At: time.Second}, {What: "the end", At: 2 * time.Second}}, Impacts: []drill.Impact{{}},
	}, &sights{})
	if err != nil {
		t.Fatal(err)
	}
	text := tl.svg()
	if err := xml.Unmarshal([]byte(text), new(struct{})); err != nil || strings.Contains(text, "NaN") || !strings.Contains(text, "without a word") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestFigures_SayWhatARunShowed(t *testing.T) {
	_, s := drawn(t)
	r := rowOf(fixed, outcome(), s, nil)
	quiet := rowOf(Case{Name: "q", Drill: graceful, Control: "quiet", Of: "api", Title: "Nothing shows"}, &drill.Outcome{Lost: "0", Duplicated: "0", Final: 8 * time.Second}, &sights{},
		[]*drill.Control{{Name: "quiet", File: "loadgen/drills/quiet/quiet.yaml", Baseline: true}})
	var text strings.Builder
	figures(&text, report.Host{CPU: "A CPU", Cores: 2, Memory: 24 << 30, Kernel: "6.1.0-of-somebody", Commit: "0123456789abcdef", Modified: true, Versions: map[string]string{"go": "go1.26"}},
		time.Date(2026, 11, 23, 23, 59, 0, 0, time.UTC), []row{r, quiet})
	golden(t, "figures.md", text.String())
}

// The chapter has every control of the drills that it teaches, and no name twice.
func TestCases_AreAllControlsOfTheDrillsThatAreTaught(t *testing.T) {
	known, err := drill.Known("../drills")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range cases {
		if names[c.Name] {
			t.Errorf("%s is there twice", c.Name)
		}
		names[c.Name] = true
		if _, err := drill.Named(c.Drill); err != nil {
			t.Error(err)
		}
		if _, err := c.control(known); c.Control != "" && err != nil {
			t.Error(err)
		}
		if c.Missing != "" && !slices.Contains(phases[c.Of], c.Missing) {
			t.Errorf("%s: there is no phase %q", c.Name, c.Missing)
		}
	}
	for _, k := range known {
		if k.Drill == graceful && !slices.ContainsFunc(cases, func(c Case) bool { return c.Control == k.Name }) {
			t.Errorf("the control %s is not in the chapter", k.Name)
		}
	}
}
