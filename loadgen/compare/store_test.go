package compare

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/report"
)

func mustMake(t *testing.T, folder string) {
	t.Helper()
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestList_NewestFirst_WhatCannotBeReadIsTold(t *testing.T) {
	s := newStore(t)
	first := s.add(made{verdict: report.Pass})
	second := s.add(made{verdict: report.Fail, tag: "nightly"})
	old := filepath.Join(s.folder, "19990101-000000-old")
	mustMake(t, old)
	if err := os.WriteFile(filepath.Join(old, "result.json"), []byte(`{"schema":"gazua.result/1"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	mustMake(t, filepath.Join(s.folder, "empty"))
	if err := os.Symlink(filepath.Base(second.Folder), filepath.Join(s.folder, "latest")); err != nil {
		t.Fatal(err)
	}
	runs, unread, err := List(s.folder)
	if err != nil || len(runs) != 2 || runs[0].Folder != second.Folder || runs[1].Folder != first.Folder {
		t.Fatalf("%+v, %v", runs, err)
	}
	if len(unread) != 1 || unread[0].Folder != old || !strings.Contains(unread[0].Why, "older loadgen") {
		t.Errorf("%+v", unread)
	}
	var text strings.Builder
	Table(&text, runs, unread)
	for _, want := range []string{"FAIL", "nightly", first.Folder, "not listed: read " + old} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, text.String())
		}
	}
	if _, _, err := List(filepath.Join(s.folder, "nowhere")); err == nil || !strings.Contains(err.Error(), "no folder of runs") {
		t.Errorf("no store: %v", err)
	}
}

func TestResolve_FolderNameListGlobTag(t *testing.T) {
	s := newStore(t)
	base := s.group("base", time.Millisecond, time.Millisecond)
	s.group("next", time.Millisecond)
	for names, want := range map[string]int{
		base[0].Folder:                         1,
		filepath.Base(base[0].Folder):          1,
		base[0].Folder + ", " + base[1].Folder: 2,
		"base":                                 2,
		"base,next":                            3,
		"base," + base[0].Folder:               2, // once
		filepath.Join(s.folder, "*-x"):         3,
		"*-x":                                  3,
		filepath.Base(base[0].Folder)[:15] + "-1-?": 1,
	} {
		if runs, err := Resolve(s.folder, names); err != nil || len(runs) != want {
			t.Errorf("%q: %d runs, want %d, %v", names, len(runs), want, err)
		}
	}
	for _, names := range []string{"", "nobody", "base,,next", "[", "nobody*"} {
		if runs, err := Resolve(s.folder, names); err == nil {
			t.Errorf("%q: %d runs", names, len(runs))
		}
	}
}
