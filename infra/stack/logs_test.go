package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTail_IsTheLastLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	long := strings.Repeat("x", tailBytes) + "\n"
	for text, want := range map[string]string{
		"":                  "",
		"a\n":               "a\n",
		"a\nb\nc\n":         "b\nc\n",
		long + "b\nc\n":     "b\nc\n",
		long + long + "c\n": long + "c\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		got := tail(path, 2)
		if len(want) > tailBytes { // only the end of a huge line can be shown
			want = want[len(want)-tailBytes:]
		}
		if got != want {
			t.Errorf("%.20q… (%d bytes): got %.20q… (%d bytes)", text, len(text), got, len(got))
		}
	}
}
