package compare

import (
	"cmp"
	"errors"
	"fmt"

	"gazua.example/loadgen/report"
)

// Schema names the format of `loadgen compare --json`.
const Schema = "gazua.compare/1"

// Options of a comparison.
type Options struct {
	Metrics     []Metric
	Threshold   float64 // from which on worse is a regression, such as 0.1
	EvenInvalid bool    // also runs that did not pass
}

// Verdicts of a comparison.
const (
	Regression   = "REGRESSION"    // a metric is worse by more than the threshold, and its interval excludes 1
	NoRegression = "NO_REGRESSION" // none is
	Unknown      = "UNKNOWN"       // no metric has an interval: repeats are needed
)

// Comparison is B set beside A.
type Comparison struct {
	Schema    string   `json:"schema"`
	Verdict   string   `json:"verdict"`
	Threshold float64  `json:"threshold"`
	A         []string `json:"a"` // folders
	B         []string `json:"b"`
	Rows      []Row    `json:"metrics"`
	Warnings  []string `json:"warnings,omitempty"`
}

// Row is one metric.
type Row struct {
	Metric string  `json:"metric"`
	Unit   string  `json:"unit"`
	A      float64 `json:"a"` // geometric means of the repeats
	B      float64 `json:"b"`
	Ratio
	Change  string `json:"change,omitempty"`  // better or worse, where the interval excludes 1
	Regress bool   `json:"regression"`        // worse by more than the threshold too
	Missing string `json:"missing,omitempty"` // why there are no figures
}

// Compare sets the runs of B beside those of A.
func Compare(a, b []Run, o Options) (*Comparison, error) {
	if len(a) == 0 || len(b) == 0 {
		return nil, errors.New("compare: each side needs a run")
	}
	if !o.EvenInvalid {
		if err := errors.Join(allPassed(a), allPassed(b)); err != nil {
			return nil, err
		}
	}
	c := &Comparison{Schema: Schema, Verdict: Unknown, Threshold: o.Threshold, A: folders(a), B: folders(b), Warnings: differences(a, b)}
	openA, openB := open(a), open(b)
	for _, m := range o.Metrics {
		row, err := m.compare(openA, openB, o.Threshold)
		if err != nil {
			return nil, err
		}
		c.Rows = append(c.Rows, row)
		switch {
		case row.Regress:
			c.Verdict = Regression
		case row.Low != nil && c.Verdict == Unknown:
			c.Verdict = NoRegression
		}
	}
	return c, nil
}

// ExitCode of the process: 4 for a regression.
func (c *Comparison) ExitCode() int {
	if c.Verdict == Regression {
		return 4
	}
	return 0
}

func (m Metric) compare(a, b []*opened, threshold float64) (Row, error) {
	row := Row{Metric: m.Name, Unit: m.Unit}
	valuesA, missingA, err := m.values(a)
	if err != nil {
		return row, err
	}
	valuesB, missingB, err := m.values(b)
	if err != nil {
		return row, err
	}
	if missingA != "" || missingB != "" {
		row.Missing = "not in " + cmp.Or(missingA, missingB)
		return row, nil
	}
	row.A, row.B, row.Ratio = geometricMean(valuesA), geometricMean(valuesB), ratioOf(valuesA, valuesB)
	if row.excludesOne() {
		worse := row.Ratio.Ratio > 1 != m.HigherBetter
		row.Change = map[bool]string{true: "worse", false: "better"}[worse]
		row.Regress = worse && m.loss(row.Ratio.Ratio) > threshold
	}
	return row, nil
}

// loss is how much worse B is, as a share of A: a latency of 1.2 times and a rate of 0.8 times are 0.2 both.
func (m Metric) loss(ratio float64) float64 {
	if m.HigherBetter {
		return 1 - ratio
	}
	return ratio - 1
}

// values has one of each run; missing names the first run that has none.
func (m Metric) values(runs []*opened) (values []float64, missing string, err error) {
	for _, r := range runs {
		value, ok, err := m.of(r)
		if err != nil {
			return nil, "", fmt.Errorf("%s of %s: %w", m.Name, r.Folder, err)
		}
		if !ok || !(value > 0) {
			return nil, r.Folder, nil
		}
		values = append(values, value)
	}
	return values, "", nil
}

func allPassed(runs []Run) error {
	for _, r := range runs {
		if r.Result.Verdict != report.Pass {
			return fmt.Errorf("%s is %s, so its figures mean nothing: only runs that passed are compared (--even-invalid compares all the same)", r.Folder, r.Result.Verdict)
		}
	}
	return nil
}

func folders(runs []Run) (list []string) {
	for _, r := range runs {
		list = append(list, r.Folder)
	}
	return list
}

func open(runs []Run) (list []*opened) {
	for _, r := range runs {
		list = append(list, &opened{Run: r})
	}
	return list
}
