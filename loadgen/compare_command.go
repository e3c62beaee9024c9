package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"gazua.example/loadgen/compare"
)

const defaultRuns = ".runs"

// compareCommand is `loadgen compare`.
func compareCommand(args []string, out, progress *os.File) (int, error) {
	flags := flagSet("compare A B", progress)
	store := flags.String("dir", defaultRuns, "folder of runs, in which names, globs and tags are looked for")
	names := flags.String("metric", strings.Join(compare.Defaults, ","), "metrics, with commas between them")
	threshold := flags.String("threshold", "10%", "from how much worse on, with an interval that excludes 1, a metric is a regression")
	evenInvalid := flags.Bool("even-invalid", false, "compare also runs that did not pass")
	asJSON := flags.Bool("json", false, "one JSON document instead of a table")
	sides, err := arguments(flags, args, 2, "two runs, or groups of repeats, are needed")
	if err != nil {
		return 0, err
	}
	o := compare.Options{EvenInvalid: *evenInvalid}
	if o.Threshold, err = share(*threshold); err != nil {
		return 0, err
	}
	for name := range strings.SplitSeq(*names, ",") {
		m, err := compare.ParseMetric(strings.TrimSpace(name))
		if err != nil {
			return 0, err
		}
		o.Metrics = append(o.Metrics, m)
	}
	a, errA := compare.Resolve(*store, sides[0])
	b, errB := compare.Resolve(*store, sides[1])
	if err := errors.Join(errA, errB); err != nil {
		return 0, err
	}
	c, err := compare.Compare(a, b, o)
	if err != nil {
		return 0, err
	}
	if *asJSON {
		return c.ExitCode(), writeJSON(out, c)
	}
	c.Text(out)
	return c.ExitCode(), nil
}

// share reads 10% as 0.1.
func share(text string) (float64, error) {
	digits, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(digits, 64)
	if !percent || err != nil || !(value >= 0 && value <= 1000) {
		return 0, fmt.Errorf("--threshold %q is no share such as 10%%", text)
	}
	return value / 100, nil
}
