package bench

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestWritePage_NeedsNothingFromAnywhere(t *testing.T) {
	r := measured(card64, map[string][]float64{Raw: {4000, 4100, 4200}, System: {1500, 1400, 1600}, Plain: {300, 310, 320}})
	wide := card64
	wide.Clients = 256
	r.add(of(wide, System), Repeat{Number: 1, Verdict: pass, Rate: 2000})
	r.Skipped[Legacy], r.Incomplete = "it does not start <here>", true
	r.Folder = t.TempDir()
	r.conclude()
	path, err := r.WritePage()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, want := range []string{"<svg", "INCOMPLETE", "INVALID", "prefers-color-scheme: dark", "1,500", "ROWS", "it does not start &lt;here&gt;", "system/plain", r.Machine.String()[:5]} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if found := regexp.MustCompile(`(?i)(src|href)=|url\(|@import|<script`).FindString(page); found != "" {
		t.Errorf("it loads something: %s", found)
	}
}

func TestReport_SurvivesInAFile(t *testing.T) {
	r := measured(card64, map[string][]float64{System: {1500, 1400, 1600}, Plain: {300, 310, 320}})
	r.Folder = t.TempDir()
	if err := r.save(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(r.Folder + "/bench.json")
	var again Report
	if err == nil {
		err = json.Unmarshal(text, &again)
	}
	if err != nil || again.Schema != "gazua.bench/1" || len(again.Cells) != 2 || again.Cells[0].Rate.N != 3 || len(again.Ratios) != len(r.Ratios) {
		t.Errorf("%v: %s", err, text)
	}
}

func TestText_SaysWhatIsMissing(t *testing.T) {
	r := measured(Place{Section: Grid, Mode: Async, Legs: 1, Clients: 256}, map[string][]float64{System: {600, 610, 620}})
	r.Contestants[Legacy], r.Incomplete, r.Because = what[Legacy], true, []string{"stopped by hand"}
	r.conclude()
	var text strings.Builder
	r.Text(&text)
	for _, want := range []string{"INCOMPLETE", "stopped by hand", "legacy", "none", "asynchronous"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &text)
		}
	}
	if line := r.Line(); !strings.Contains(line, "incomplete=true verdict=INVALID") || r.ExitCode() != 3 {
		t.Error(line)
	}
}

func TestShort_KeepsThreeDigits(t *testing.T) {
	for want, v := range map[string]float64{"0.00": 0, "9.99": 9.99, "48.1": 48.06, "120": 120.4, "1,264": 1264.4, "1,234,568": 1234567.8, "-1,678": -1677.8, "-12.0": -12} {
		if got := short(v); got != want {
			t.Errorf("%g is told as %s, want %s", v, got, want)
		}
	}
}

func TestSink_TakesEverything(t *testing.T) {
	s, err := startSink()
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	for _, path := range []string{"/v1/traces", "/v1/metrics"} {
		answer, err := http.Post(s.url+path, "application/x-protobuf", strings.NewReader("anything"))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
	if s.got.Load() != 2 {
		t.Errorf("%d requests", s.got.Load())
	}
}
