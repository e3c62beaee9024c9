package bench

import (
	"fmt"
	"path/filepath"
	"time"

	"gazua.example/loadgen/report"
)

// Schema names the format of bench.json; docs/bench.md tells its fields.
const Schema = "gazua.bench/1"

// Report is bench.json.
type Report struct {
	Schema       string            `json:"schema"`
	Verdict      string            `json:"verdict"` // the worst of all cells, or INVALID where it is not complete
	Because      []string          `json:"because,omitempty"`
	Incomplete   bool              `json:"incomplete"`
	Folder       string            `json:"folder"`
	Command      []string          `json:"command"`
	Commit       string            `json:"commit,omitempty"`
	Start        time.Time         `json:"start"`
	Seconds      float64           `json:"seconds"`
	Machine      Machine           `json:"machine"`
	MySQL        string            `json:"mysql,omitempty"` // its version
	Quick        bool              `json:"quick"`
	Repeats      int               `json:"repeats"`
	Duration     float64           `json:"duration_s"` // of a measurement
	Contestants  map[string]string `json:"contestants"`
	Skipped      map[string]string `json:"skipped,omitempty"` // contestant: why
	WarmUpFailed bool              `json:"warm_up_failed,omitempty"`
	Notes        []string          `json:"notes,omitempty"`
	Cells        []*Cell           `json:"cells"`
	Ratios       []Ratio           `json:"ratios"`
	Aims         []Aim             `json:"aims,omitempty"`
}

// add takes a measurement in.
func (r *Report) add(p Place, repeat Repeat) {
	c := find(r.Cells, p)
	if c == nil {
		c = &Cell{Place: p}
		r.Cells = append(r.Cells, c)
	}
	c.add(repeat)
}

// conclude makes ratios, aims and verdict of what there is.
func (r *Report) conclude() {
	r.Ratios = ratios(r.Cells)
	r.Verdict = none
	for i, c := range r.Cells {
		if i == 0 {
			r.Verdict = c.Verdict
		} else {
			r.Verdict = worse(r.Verdict, c.Verdict)
		}
	}
	if r.WarmUpFailed {
		r.Verdict = fail
	}
	if r.Incomplete {
		r.Verdict = worse(r.Verdict, invalid)
	}
	r.Aims = nil
	if !r.Quick {
		r.Aims = aims(r)
	}
}

// save writes bench.json.
func (r *Report) save() error { return report.Save(filepath.Join(r.Folder, "bench.json"), r) }

// section is the cells of one section.
func (r *Report) section(name string) (cells []*Cell) {
	for _, c := range r.Cells {
		if c.Section == name {
			cells = append(cells, c)
		}
	}
	return cells
}

// ratio finds one by what it is of.
func (r *Report) ratio(section, mode string, legs, clients int, name, of string) (Ratio, bool) {
	for _, x := range r.Ratios {
		if x.Section == section && x.Mode == mode && x.Legs == legs && x.Clients == clients && x.Name == name && x.Of == of {
			return x, true
		}
	}
	return Ratio{}, false
}

// ExitCode of the process: 1 where an invariant was violated, 3 where it says nothing, else 0.
func (r *Report) ExitCode() int {
	switch r.Verdict {
	case fail:
		return 1
	case pass, rows:
		return 0
	}
	return 3
}

// Line is the last line of a whole bench.
func (r *Report) Line() string {
	count := map[string]int{}
	for _, a := range r.Aims {
		count[a.Outcome]++
	}
	return fmt.Sprintf("bench=full repeats=%d cells=%d aims_met=%d aims_missed=%d incomplete=%t verdict=%s report=%s",
		r.Repeats, len(r.Cells), count[met], count[missed], r.Incomplete, r.Verdict, filepath.Join(r.Folder, "bench.json"))
}
