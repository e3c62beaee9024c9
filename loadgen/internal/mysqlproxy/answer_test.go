package mysqlproxy

import (
	"bytes"
	"strings"
	"testing"
)

// Packets of the server.
var (
	okMore  = made(1, "\x00\x01\x00\x0a\x00\x00\x00")
	ok      = made(2, "\x00\x00\x00\x02\x00\x00\x00")
	failed  = made(2, "\xff\x26\x04#23000Duplicate entry")
	columns = joined(made(1, "\x02"), made(2, "\x03def first"), made(3, "\x03def second"))
	row     = made(5, "\x01a\xfb")
	eof     = func(more bool) []byte { return made(6, "\xfe\x00\x00"+flags(more)) }
	okEOF   = func(more bool) []byte { return made(6, "\xfe\x00\x00"+flags(more)+"\x00\x00") }
)

func flags(more bool) string {
	if more {
		return "\x0a\x00"
	}
	return "\x02\x00"
}

func TestAnswer_IsKnownWhenTheLastStatementIs(t *testing.T) {
	wideRow := made(4, strings.Repeat("r", 70000))
	longRow := joined(made(4, "\xfe"+strings.Repeat("r", maxPayload-1)), made(5, "\xff and its rest"))
	for name, c := range map[string]struct {
		said     []byte
		modern   bool // no EOF behind the definitions
		want     verdict
		complete bool
	}{
		"a COMMIT":                           {ok, true, committed, true},
		"three statements":                   {joined(okMore, okMore, ok), true, committed, true},
		"the last is still to come":          {joined(okMore, okMore), true, pending, false},
		"the second failed":                  {joined(okMore, failed), true, refused, true},
		"rows, then the COMMIT":              {joined(columns, row, wideRow, okEOF(true), ok), true, committed, true},
		"rows as of old, then the COMMIT":    {joined(columns, eof(true), row, wideRow, eof(true), ok), false, committed, true},
		"no rows":                            {joined(columns, okEOF(true), ok), true, committed, true},
		"rows that break off":                {joined(columns, row, failed), true, refused, true},
		"a file is asked for":                {made(1, "\xfbname"), true, refused, true},
		"an EOF where a result begins":       {eof(false), false, refused, true},
		"a result of no columns":             {made(1, "\xfc\x00\x00"), true, refused, true},
		"an OK without its status":           {made(1, "\x00\x00"), true, refused, true},
		"an empty packet":                    {made(1, ""), true, refused, true},
		"many changed rows, a large last id": {made(1, "\x00\xfc\x10\x27\xfe\x00\x00\x00\x00\x00\x00\x00\x01\x02\x00\x00\x00"), true, committed, true},
		"more than is kept":                  {joined(columns, longRow), true, refused, true},
		"an old row that begins like an EOF": {joined(columns, eof(true), made(4, "\xfe\x00\x00\x00\x01\x00\x00\x00\x00rest"), eof(true), ok), false, committed, true},
	} {
		a := &answer{deprecateEOF: c.modern}
		if got := a.hear(c.said); got != c.want || !bytes.Equal(a.kept, c.said) {
			t.Errorf("%s: %d, want %d; %d bytes kept of %d", name, got, c.want, len(a.kept), len(c.said))
		}
		if got, at := slowly(c.said, c.modern); got != c.want || c.want == committed && at != len(c.said) {
			t.Errorf("%s, byte by byte: %d after %d bytes of %d, want %d", name, got, at, len(c.said), c.want)
		}
	}
}

// slowly hears one byte at a time until the verdict.
func slowly(said []byte, modern bool) (v verdict, at int) {
	a := &answer{deprecateEOF: modern}
	for at = range said {
		if v = a.hear(said[at : at+1]); v != pending {
			return v, at + 1
		}
	}
	return v, len(said)
}

// FuzzAnswer: whatever the server says, the verdict does not depend on how it was cut on the way, and all of it is kept.
func FuzzAnswer(f *testing.F) {
	f.Add(joined(okMore, okMore, ok), true)
	f.Add(joined(okMore, failed), true)
	f.Add(joined(columns, row, okEOF(true), ok), true)
	f.Add(joined(columns, eof(true), row, eof(true), ok), false)
	f.Add([]byte("\x00\x00\x00\x00\x01"), false)
	f.Fuzz(func(t *testing.T, said []byte, modern bool) {
		a := &answer{deprecateEOF: modern}
		got := a.hear(said)
		if !bytes.Equal(a.kept, said) {
			t.Fatal("not all of it is kept")
		}
		if want, _ := slowly(said, modern); got != want {
			t.Fatalf("%d at once, %d byte by byte", got, want)
		}
	})
}
