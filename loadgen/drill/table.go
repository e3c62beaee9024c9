package drill

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// ReadOutcomes reads every drill.json below these folders, in the order of the paths.
func ReadOutcomes(folders ...string) ([]*Outcome, error) {
	var all []*Outcome
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*", "drill.json"))
		if err != nil {
			return nil, fmt.Errorf("look for drills in %s: %w", folder, err)
		}
		if own := filepath.Join(folder, "drill.json"); len(files) == 0 {
			files = []string{own}
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("%s is not the folder of a drill: %w", folder, err)
			}
			var o Outcome
			if err := json.Unmarshal(text, &o); err != nil {
				return nil, fmt.Errorf("read %s: %w", file, err)
			}
			all = append(all, &o)
		}
	}
	return all, nil
}

// Table writes drills as a table of Markdown, with the distribution of what varies from break to break.
func Table(w io.Writer, outcomes []*Outcome) {
	fmt.Fprintln(w, "| drill | breaks | verdict | detect ms | rto ms: median | min … max | every rto, ms, in order | errors | ambiguous | settled | lost | duplicated | payments |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, o := range outcomes {
		var total Impact
		var rto, detect []int64
		for n, i := range o.Impacts {
			total.Errors, total.Ambiguous, total.Settled = total.Errors+i.Errors, total.Ambiguous+i.Ambiguous, total.Settled+i.Settled
			rto = append(rto, i.Recovery.Milliseconds())
			if ms, err := strconv.ParseInt(o.detect(n), 10, 64); err == nil {
				detect = append(detect, ms)
			}
		}
		name := o.Drill
		if o.Control != "" {
			name += ", control " + o.Control
		}
		least, median, most := spread(rto)
		fmt.Fprintf(w, "| %s | %d | %s | %s | %d | %d … %d | %s | %d | %d | %d | %s | %s | %d |\n", name, len(rto), o.Verdict, median3(detect), median, least, most,
			inOrder(rto), total.Errors, total.Ambiguous, total.Settled, o.Lost, o.Duplicated, o.Payments)
	}
}

func spread(values []int64) (least, median, most int64) {
	if len(values) == 0 {
		return 0, 0, 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[0], sorted[len(sorted)/2], sorted[len(sorted)-1]
}

func median3(values []int64) string {
	if len(values) == 0 {
		return "-"
	}
	least, median, most := spread(values)
	return fmt.Sprintf("%d (%d … %d)", median, least, most)
}

// shown is how many are told one by one.
const shown = 12

func inOrder(values []int64) string {
	if len(values) > shown {
		return "in drill.json"
	}
	text := ""
	for i, v := range values {
		if i > 0 {
			text += " "
		}
		text += strconv.FormatInt(v, 10)
	}
	return text
}
