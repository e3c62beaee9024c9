package page

import (
	"errors"
	"io/fs"
	"math"

	"gazua.example/loadgen/record"
)

// readCurves reads the distributions of the whole run; those that a run does not have are left out.
func readCurves(folder string) (lines []line, err error) {
	for _, d := range []struct{ name, title string }{
		{"sync", "planned → response, synchronous"},
		{"completion", "planned → final"},
		{"own", "own overhead"},
		{"lateness", "planned → sent (the generator)"},
	} {
		whole, err := record.Whole(folder, d.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if whole.TotalCount() == 0 {
			continue
		}
		values := make(nums, len(percentiles))
		for i, p := range percentiles {
			values[i] = math.NaN()
			if float64(whole.TotalCount())*(100-p)/100 >= 1 { // a percentile that no payment is slower than says nothing
				values[i] = max(float64(whole.ValueAtQuantile(p))/1e6, 0.01)
			}
		}
		lines = append(lines, line{Name: d.title, Values: values})
	}
	return lines, nil
}
