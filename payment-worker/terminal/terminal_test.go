package terminal_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"gazua.example/payment-worker/terminal"
)

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"plain, 한글 and \"quotes\"": "plain, 한글 and \"quotes\"",
		"\x1b[2Jgone":              `\x1b[2Jgone`,
		"two\nlines\r":             `two\nlines\r`,
		"abc\u202edcba":            `abc\u202edcba`,
		"\xff\x00":                 `\xff\x00`,
		`\n`:                       `\\n`,
		"\u009b31m":                `\u009b31m`,
	} {
		if got := terminal.Plain(text); got != want {
			t.Errorf("Plain(%q) = %q, want %q", text, got, want)
		}
	}
}

// Whatever comes from outside, a terminal sees visible characters, blanks and the ends of our own lines only; and JSON
// still says what it said.
func TestOutput_AnyText_NothingInvisible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching("[\\x00-\\x{a0}\\x{200b}-\\x{202f}\\x{2066}-\\x{2069}\\x{feff}\\x{e0001}]*"),
			rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) })).Draw(t, "text")
		var table, line bytes.Buffer
		if err := terminal.Table(&table, []string{"A", "B"}, [][]string{{text, "b"}}); err != nil {
			t.Fatal(err)
		}
		if err := terminal.JSON(&line, map[string]string{"a": text}); err != nil {
			t.Fatal(err)
		}
		for _, out := range []string{table.String(), line.String()} {
			if strings.ContainsFunc(strings.ReplaceAll(out, "\n", ""), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q is printed as %q", text, out)
			}
		}
		if n := strings.Count(table.String(), "\n"); n != 2 {
			t.Fatalf("a table of one row has %d lines: %q", n, table.String())
		}
		var back map[string]string
		if err := json.Unmarshal(line.Bytes(), &back); err != nil {
			t.Fatalf("%q: %v", line.String(), err)
		}
		if want := strings.ToValidUTF8(text, "\uFFFD"); strings.ReplaceAll(back["a"], "\uFFFD", "") != strings.ReplaceAll(want, "\uFFFD", "") {
			t.Fatalf("%q came back as %q", text, back["a"])
		}
	})
}

func TestTable_ALongCell_IsCut(t *testing.T) {
	var out bytes.Buffer
	if err := terminal.Table(&out, []string{"A"}, [][]string{{strings.Repeat("가", 500)}}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "가"); n != 79 || !strings.Contains(out.String(), "…") {
		t.Errorf("%d characters are left", n)
	}
}

func TestTable_OfNothing_SaysSo(t *testing.T) {
	var out strings.Builder
	if err := terminal.Table(&out, []string{"A"}, nil); err != nil || out.String() != "none\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}
