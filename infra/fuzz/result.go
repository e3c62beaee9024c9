package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// result is what came of fuzzing one target.
type result struct {
	execs, inputs string // how often it was called, and how many inputs were kept since they reached new code
	crasher       string // the file with the input that broke it, from the package's folder
	fault         string // what it said then; empty when it held
}

func (r result) broken() bool { return r.fault != "" }

func (r result) line(t target) string {
	if !r.broken() {
		return fmt.Sprintf("  %-28s %-22s %12s execs, %s new inputs", t.folder, t.name, r.execs, r.inputs)
	}
	if r.crasher == "" {
		return fmt.Sprintf("  %-28s %-22s BROKEN:\n%s", t.folder, t.name, r.fault)
	}
	return fmt.Sprintf("  %-28s %-22s BROKEN by %s, again with: go test ./%s -run '^%s$/^%s$'\n%s",
		t.folder, t.name, filepath.Join(t.folder, r.crasher), t.folder, t.name, filepath.Base(r.crasher), r.fault)
}

// fuzz fuzzes one target for a while. An error means that it could not be run at all.
func (g toolchain) fuzz(ctx context.Context, t target, each time.Duration) (result, error) {
	out, err := g.run(ctx, "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", each.String(), "./"+t.folder)
	var exit *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		return result{}, fmt.Errorf("fuzz %s of %s: %w", t.name, t.folder, errors.Join(ctx.Err(), err))
	}
	return readResult(t.name, out, err != nil), nil
}

var (
	progress = regexp.MustCompile(`(?m)^fuzz: elapsed: .*, execs: (\d+) .*, new interesting: (\d+) `)
	written  = regexp.MustCompile(`(?m)^\s*Failing input written to (testdata/fuzz/\S+)$`)
	seeded   = regexp.MustCompile(`(?m)failure while testing seed corpus entry: (\w+/\w+)$`)
)

// readResult reads what `go test -fuzz` says; its last line of progress counts. The crasher is a file that it has just
// written, or one that an earlier run wrote and that is still there.
func readResult(name, out string, failed bool) result {
	r := result{execs: "0", inputs: "0"}
	if all := progress.FindAllStringSubmatch(out, -1); len(all) > 0 {
		r.execs, r.inputs = all[len(all)-1][1], all[len(all)-1][2]
	}
	if !failed || onlyOutOfTime(name, out) {
		return r
	}
	r.fault = faultOf(out)
	if file := written.FindStringSubmatch(out); file != nil {
		r.crasher = file[1]
	} else if entry := seeded.FindStringSubmatch(out); entry != nil {
		r.crasher = filepath.Join("testdata/fuzz", entry[1])
	}
	return r
}

// onlyOutOfTime: on a busy machine Go up to 1.26 now and then reports the end of the fuzzing time itself as a failure
// (golang/go#75804). It is that, and no fault of the target, when nothing else is said.
func onlyOutOfTime(name, out string) bool {
	said := regexp.MustCompile(`(?s)--- FAIL: ` + regexp.QuoteMeta(name) + ` \([0-9.]+s\)\n(.*?)\nFAIL\n`).FindStringSubmatch(out)
	return said != nil && strings.TrimSpace(said[1]) == "context deadline exceeded"
}

// faultLines is how much of a failure is shown; the rest comes with the command that shows it again.
const faultLines = 12

func faultOf(out string) string {
	var lines []string
	for line := range strings.Lines(out) {
		if line = strings.TrimRight(line, "\n"); line != "" && !strings.HasPrefix(line, "fuzz: ") && len(lines) < faultLines {
			lines = append(lines, "    "+line)
		}
	}
	if len(lines) == 0 {
		return "    it failed and said nothing"
	}
	return strings.Join(lines, "\n")
}
