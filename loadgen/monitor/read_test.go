package monitor

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const head = `{"schema":"gazua.monitor/1","start":"2026-11-23T08:00:00Z","units":{"fds":"descriptors"}}` + "\n"

func readAll(text string) (lines []Line, cut bool, err error) {
	r, err := newRecording(strings.NewReader(text))
	if err != nil {
		return nil, false, err
	}
	for l, err := range r.Lines() {
		if err != nil {
			return nil, false, err
		}
		lines = append(lines, l)
	}
	return lines, r.Cut, nil
}

func TestRead_GivesBackWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringMatching(`[a-z][a-z0-9-]{0,8}/[a-z_]{1,8}`)
		want := Line{T: float64(rapid.IntRange(0, 1e9).Draw(t, "ms")) / 1000, Values: rapid.MapOf(key, rapid.Map(rapid.Int32(), func(i int32) float64 { return float64(i) })).Draw(t, "v")}
		if rapid.Bool().Draw(t, "event") {
			want = Line{T: want.T, Event: "x" + rapid.String().Draw(t, "text")}
			want.Event = strings.ToValidUTF8(want.Event, "?")
		}
		text, err := want.encode()
		if err != nil {
			t.Fatal(err)
		}
		got, cut, err := readAll(head + string(text))
		if err != nil || cut || len(got) != 1 || got[0].T != want.T || got[0].Event != want.Event || !maps.Equal(got[0].Values, want.Values) {
			t.Fatalf("wrote %+v, read %+v (cut %t) %v", want, got, cut, err)
		}
	})
}

func TestRead_FractionsKeepSixDigits(t *testing.T) {
	text, err := Line{T: 1, Values: Values{"host/cpu_user_cores": 1.23456789, "mysql/rss_bytes": 641712128}}.encode()
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"t":1.000,"v":{"host/cpu_user_cores":1.23457,"mysql/rss_bytes":641712128}}` + "\n"; string(text) != want {
		t.Errorf("got %s want %s", text, want)
	}
}

func TestRead_RefusesWhatNoMonitorWrote(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":            "",
		"another schema":     strings.Replace(head, "monitor/1", "monitor/2", 1),
		"no start":           `{"schema":"gazua.monitor/1","units":{}}` + "\n",
		"unknown field":      head + `{"t":1,"v":{},"w":{}}` + "\n",
		"no moment":          head + `{"v":{}}` + "\n",
		"values and event":   head + `{"t":1,"v":{"a/b":1},"event":"x"}` + "\n",
		"neither":            head + `{"t":1}` + "\n",
		"a key of one part":  head + `{"t":1,"v":{"fds":1}}` + "\n",
		"time runs back":     head + `{"t":2,"v":{}}` + "\n" + `{"t":1,"v":{}}` + "\n",
		"two in a line":      head + `{"t":1,"v":{}} {}` + "\n",
		"half in the middle": head + `{"t":1,"v":{"a/` + "\n" + `{"t":2,"v":{}}` + "\n",
	} {
		if lines, _, err := readAll(text); err == nil {
			t.Errorf("%s: read %v", name, lines)
		}
	}
}

func TestRead_LastLineHalfWritten_IsCutAndTheRestIsRead(t *testing.T) {
	lines, cut, err := readAll(head + `{"t":1,"v":{"a/b":1}}` + "\n" + `{"t":2,"v":{"a/b`)
	if err != nil || !cut || len(lines) != 1 {
		t.Errorf("%v, cut %t, %v", lines, cut, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(head + `{"t":1.5,"v":{"a/b":1e3}}` + "\n" + `{"t":2,"event":"a restarted"}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		lines, cut, err := readAll(string(text))
		if err != nil || cut {
			return
		}
		// What was read can be written and read again.
		again := bytes.NewBufferString(head)
		for _, l := range lines {
			if l.T > 1e12 || l.T < 0 {
				return
			}
			line, err := l.encode()
			if err != nil {
				t.Fatal(err)
			}
			again.Write(line)
		}
		if more, _, err := readAll(again.String()); err != nil || len(more) != len(lines) {
			t.Fatalf("%d lines became %d: %v", len(lines), len(more), err)
		}
	})
}

func TestCatalogue_StandsInTheDocs(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "monitor.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range catalogue {
		found := false
		for line := range strings.Lines(string(text)) {
			cells := strings.Split(line, "|")
			found = found || len(cells) > 4 && strings.TrimSpace(cells[1]) == m.of && strings.Contains(cells[2], "`"+m.name+"`") && strings.TrimSpace(cells[3]) == m.unit
		}
		if !found {
			t.Errorf("docs/monitor.md has no row | %s | `%s` | %s | …", m.of, m.name, m.unit)
		}
	}
}
