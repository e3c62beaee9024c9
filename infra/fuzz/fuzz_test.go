package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// workspace is one with a module of three packages: a target that holds, one that any new input breaks, and tests without
// a target, which do not even compile.
func workspace(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for path, text := range map[string]string{
		"go.work":                    "go 1.26.0\n\nuse ./one\n",
		"one/go.mod":                 "module example.com/fuzzed\n\ngo 1.26.0\n",
		"one/good/good_test.go":      "package good\n\nimport \"testing\"\n\nfunc FuzzHolds(f *testing.F) {\n\tf.Fuzz(func(t *testing.T, text string) {})\n}\n",
		"one/deep/bad/bad.go":        "package bad\n",
		"one/deep/bad/bad_test.go":   "package bad_test\n\nimport \"testing\"\n\nfunc FuzzBreaks(f *testing.F) {\n\tf.Add(\"known\")\n\tf.Fuzz(func(t *testing.T, text string) {\n\t\tif text != \"known\" {\n\t\t\tt.Error(\"a new input\")\n\t\t}\n\t})\n}\n",
		"one/plain/plain_test.go":    "package plain\n\n// There is no func Fuzz here.\nfunc broken() { undefined() }\n",
		"one/deep/other/other.go":    "package other\n",
		"one/deep/other/doc_test.go": "package other\n",
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("GOWORK", filepath.Join(dir, "go.work"))
}

func TestFuzz_FindsTheTargetsAndNamesWhatBreaksThem(t *testing.T) {
	workspace(t)
	tool := toolchain{"go"}
	good, bad := target{"FuzzHolds", "one/good"}, target{"FuzzBreaks", "one/deep/bad"}
	targets, err := tool.find(t.Context(), []string{"one"})
	if err != nil || !slices.Equal(targets, []target{bad, good}) {
		t.Fatalf("found %v %v", targets, err)
	}
	found, err := tool.fuzz(t.Context(), bad, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(found.fault, "a new input") {
		t.Errorf("what the target said is not told: %q", found.fault)
	}
	crasher := filepath.Join(bad.folder, found.crasher)
	if _, err := os.Stat(crasher); err != nil || found.crasher == "" {
		t.Fatalf("the crasher %q: %v", found.crasher, err)
	}

	// The file is there now: the next run of all meets it before it fuzzes, and goes on with the others.
	var out strings.Builder
	err = run(t.Context(), []string{"one"}, func(name string) (string, bool) { return "1s", name == "FUZZTIME" }, &out)
	if err == nil || err.Error() != "1 of 2 targets are broken, see above" {
		t.Errorf("%v", err)
	}
	if want := "BROKEN by " + crasher + ", again with: go test ./one/deep/bad -run '^FuzzBreaks$/^" + filepath.Base(crasher) + "$'\n"; !strings.Contains(out.String(), want) {
		t.Errorf("not said: %s\n%s", want, out.String())
	}
	if !regexp.MustCompile(`(?m)^  one/good +FuzzHolds +[1-9]\d* execs, \d+ new inputs$`).MatchString(out.String()) {
		t.Errorf("the target that holds has no line of its own:\n%s", out.String())
	}
}

func TestRun_WhatItCannotDo_IsSaid(t *testing.T) {
	workspace(t)
	if err := os.RemoveAll("one/good"); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll("one/deep/bad"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ module, fuzztime, want string }{
		{"one", "", "there is no fuzz target in one"},
		{"absent", "", "list the packages of absent"},
		{"one", "soon", `FUZZTIME="soon" must be a duration`},
		{"", "", "fuzz what?"},
	} {
		modules := strings.Fields(c.module)
		err := run(t.Context(), modules, func(name string) (string, bool) { return c.fuzztime, name == "FUZZTIME" }, &strings.Builder{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestReadResult_IsWhatGoSaid(t *testing.T) {
	const running = "fuzz: elapsed: 0s, gathering baseline coverage: 0/3 completed\nfuzz: elapsed: 0s, gathering baseline coverage: 3/3 completed, now fuzzing with 2 workers\n" +
		"fuzz: elapsed: 3s, execs: 40304 (13431/sec), new interesting: 104 (total: 108)\nfuzz: elapsed: 5s, execs: 40400 (0/sec), new interesting: 105 (total: 109)\n"
	for name, c := range map[string]struct {
		said   string
		failed bool
		want   result
	}{
		"it held":           {running + "PASS\nok  \tp\t5.1s\n", false, result{execs: "40400", inputs: "105"}},
		"nothing was found": {"PASS\nok  \tp\t0.1s\n", false, result{execs: "0", inputs: "0"}},
		"a new crasher": {
			running + "--- FAIL: FuzzX (1.02s)\n    --- FAIL: FuzzX (0.00s)\n        x_test.go:9: bad\n    \n    Failing input written to testdata/fuzz/FuzzX/582528ddfad69eb5\n    To re-run:\n    go test -run=FuzzX/582528ddfad69eb5\nFAIL\nexit status 1\n", true,
			result{execs: "40400", inputs: "105", crasher: "testdata/fuzz/FuzzX/582528ddfad69eb5"},
		},
		"an old crasher": {
			"fuzz: elapsed: 0s, gathering baseline coverage: 0/3 completed\nfailure while testing seed corpus entry: FuzzX/582528ddfad69eb5\n--- FAIL: FuzzX (0.02s)\n    --- FAIL: FuzzX (0.00s)\n        x_test.go:9: bad\n    \nFAIL\n", true,
			result{execs: "0", inputs: "0", crasher: "testdata/fuzz/FuzzX/582528ddfad69eb5"},
		},
		"the end of the time":                 {running + "--- FAIL: FuzzX (5.01s)\n    context deadline exceeded\nFAIL\nexit status 1\nFAIL\tp\t5.2s\n", true, result{execs: "40400", inputs: "105"}},
		"a deadline that the target exceeded": {running + "--- FAIL: FuzzX (5.01s)\n    x_test.go:9: context deadline exceeded\nFAIL\nexit status 1\n", true, result{execs: "40400", inputs: "105"}},
		"it does not compile":                 {"# p\n./x_test.go:1:1: no\nFAIL\tp [build failed]\n", true, result{execs: "0", inputs: "0"}},
	} {
		got := readResult("FuzzX", c.said, c.failed)
		if held := !c.failed || name == "the end of the time"; got.broken() == held {
			t.Errorf("%s: broken %t, want %t", name, got.broken(), !held)
		}
		got.fault = ""
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
