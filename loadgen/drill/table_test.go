package drill

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/report"
)

func outcome(rto ...time.Duration) *Outcome {
	o := &Outcome{Drill: "crash-api", Verdict: report.Pass, Lost: "0", Duplicated: "0", Payments: 100}
	for i, r := range rto {
		o.Breaks = append(o.Breaks, Break{At: time.Duration(i) * time.Minute, Noticed: "it", Detected: time.Duration(i)*time.Minute + 400*time.Millisecond})
		o.Impacts = append(o.Impacts, Impact{Errors: 1, Ambiguous: 2, Settled: 2, Recovery: r, Recovered: true})
	}
	o.Breaks = append(o.Breaks, Break{What: "the end"})
	return o
}

func TestTable_HasTheDistribution(t *testing.T) {
	var text bytes.Buffer
	Table(&text, []*Outcome{outcome(3*time.Second, time.Second, 2*time.Second), {Drill: "quiet", Verdict: report.Fail, Lost: "-", Duplicated: "-"}})
	for _, want := range []string{
		"| crash-api | 3 | PASS | 400 (400 … 400) | 2000 | 1000 … 3000 | 3000 1000 2000 | 3 | 6 | 6 | 0 | 0 | 100 |",
		"| quiet | 0 | FAIL | - |",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("it lacks %s:\n%s", want, &text)
		}
	}
}

func TestReadOutcomes_OfARound_OrOfOneDrill(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"b", "a"} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := report.Save(filepath.Join(folder, name, "drill.json"), outcome(time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]int{folder: 2, filepath.Join(folder, "a"): 1} {
		if all, err := ReadOutcomes(path); err != nil || len(all) != want || all[0].Impacts[0].Recovery != time.Second {
			t.Errorf("%s: %d, %v", path, len(all), err)
		}
	}
	if _, err := ReadOutcomes(t.TempDir()); err == nil {
		t.Error("a folder without any drill is no error")
	}
}
