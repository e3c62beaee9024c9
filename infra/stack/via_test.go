package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOpen_MySQLVia_IsReadAndShown(t *testing.T) {
	t.Setenv("STACK_DIR", filepath.Join(t.TempDir(), ".stack"))
	t.Setenv("MYSQL_VIA", "127.0.0.1:45001")
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	through := 0
	for _, p := range s.processes {
		through += len(slices.DeleteFunc(slices.Clone(p.Env), func(v string) bool { return !strings.Contains(v, "@tcp(127.0.0.1:45001)/") }))
	}
	if through != 4 {
		t.Errorf("%d processes go through the proxy, want two APIs and two workers", through)
	}
	var text bytes.Buffer
	if err := help(&text); err != nil || !strings.Contains(text.String(), "MYSQL_VIA") {
		t.Errorf("%v:\n%s", err, text.String())
	}
	t.Setenv("MYSQL_VIA", "45001")
	if _, err := open(); err == nil || !strings.Contains(err.Error(), "MYSQL_VIA") {
		t.Errorf("no address: %v", err)
	}
}
