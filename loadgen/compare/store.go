// Package compare keeps the runs apart and sets them beside each other: it lists a folder of runs, and says by how much one
// group of repeats differs from another, with an interval that comes from the repeats.
//
//	folder, list, glob or tag ─► runs of A, runs of B ─► one value a run and metric ─► ratio B/A with its interval ─► verdict
//
// It measures nothing and judges no payment: of a run it believes result.json and the histograms.
package compare

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gazua.example/loadgen/report"
)

// Run is one run of a store.
type Run struct {
	Folder string // where it is now; result.json says where it was made
	Result *report.Result
}

// Unread is a run whose result cannot be read.
type Unread struct {
	Folder string `json:"folder"`
	Why    string `json:"why"`
}

// maxRuns bounds what a store may hold.
const maxRuns = 100_000

// List reads all runs of a folder, the newest first. A run that cannot be read is told apart and hides no other.
func List(store string) (runs []Run, unread []Unread, err error) {
	entries, err := os.ReadDir(store)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("there is no folder of runs %s: `loadgen run` makes one, --dir names another", store)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list the runs: %w", err)
	}
	if len(entries) > maxRuns {
		return nil, nil, fmt.Errorf("list the runs: %s has %d entries, more than %d are not read", store, len(entries), maxRuns)
	}
	for _, e := range entries {
		folder := filepath.Join(store, e.Name())
		if !e.IsDir() || !isRun(folder) { // the link latest is one of the others
			continue
		}
		r, err := report.Load(folder)
		if err != nil {
			unread = append(unread, Unread{folder, err.Error()})
			continue
		}
		runs = append(runs, Run{folder, r})
	}
	slices.SortFunc(runs, func(a, b Run) int {
		return cmp.Or(b.Result.Start.Compare(a.Result.Start), strings.Compare(b.Folder, a.Folder))
	})
	return runs, unread, nil
}

func isRun(folder string) bool {
	info, err := os.Stat(filepath.Join(folder, "result.json"))
	return err == nil && info.Mode().IsRegular()
}

// Resolve finds the runs that a person names: a run's folder, its name within the store, a glob of either, a tag, or several
// of these with commas between them. Each run is there once.
func Resolve(store, names string) ([]Run, error) {
	var found []Run
	seen := map[string]bool{}
	for name := range strings.SplitSeq(names, ",") {
		some, err := resolve(store, strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		for _, r := range some {
			if !seen[r.Result.Run] {
				seen[r.Result.Run] = true
				found = append(found, r)
			}
		}
	}
	return found, nil
}

func resolve(store, name string) ([]Run, error) {
	if name == "" {
		return nil, errors.New("the name of a run is empty: a folder, a glob or a tag is needed")
	}
	for _, pattern := range []string{name, filepath.Join(store, name)} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("%q is no pattern of file names: %w", name, err)
		}
		folders := slices.DeleteFunc(matches, func(m string) bool { return !isRun(m) })
		if len(folders) > 0 {
			return load(folders)
		}
	}
	runs, _, err := List(store)
	if err != nil {
		return nil, err
	}
	tagged := slices.DeleteFunc(runs, func(r Run) bool { return r.Result.Tag != name })
	if len(tagged) == 0 {
		return nil, fmt.Errorf("%q is no run's folder, matches none and is no tag in %s: `loadgen runs` lists them", name, store)
	}
	return tagged, nil
}

func load(folders []string) (runs []Run, err error) {
	for _, folder := range folders {
		r, err := report.Load(folder)
		if err != nil {
			return nil, err
		}
		runs = append(runs, Run{folder, r})
	}
	return runs, nil
}
