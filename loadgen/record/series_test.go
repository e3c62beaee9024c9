package record

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

// start has a fraction of a second, as runs have: the logs' base is in whole seconds.
var start = time.Date(2026, 11, 23, 2, 0, 0, 734_000_000, time.UTC)

func newSeries(t *testing.T) (s *Series, tally *Tally, folder string) {
	t.Helper()
	folder, tally = t.TempDir(), NewTally()
	s, err := CreateSeries(folder, "r", start, tally)
	if err != nil {
		t.Fatal(err)
	}
	return s, tally, folder
}

func pointsOf(t *testing.T, folder string) (list []Point) {
	t.Helper()
	head, err := ReadSeries(folder, func(p Point) error { list = append(list, p); return nil })
	if err != nil || head.Run != "r" || !head.Start.Equal(start) {
		t.Fatalf("%+v, %v", head, err)
	}
	return list
}

func TestSeries_CountsAreOfTheInterval_AndSumUp(t *testing.T) {
	s, tally, folder := newSeries(t)
	want := make([]Point, 0, 3)
	for i := range 3 {
		n := int64(i + 1)
		tally.Planned.Add(5 * n)
		tally.Sent.Add(4 * n)
		tally.Unsent.Add(n)
		tally.Backlog.Add(1)
		tally.Backlog.Add(1)
		tally.Backlog.Add(-1)
		tally.Fault(First, "load", "http", "503", start)
		tally.SyncResponse.Record(i, time.Duration(n)*time.Second)
		g := Gauges{InFlight: n, Open: 2, Backlog: tally.Backlog.Load(), OldestPending: 1.5}
		want = append(want, s.Add(start.Add(time.Duration(n)*time.Second), "load", "ramp", g))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got := pointsOf(t, folder)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v\nadded\n%+v", got, want)
	}
	last := got[2]
	if last.T != 3 || last.Planned != 15 || last.Sent != 12 || last.Unsent != 3 || last.Faults != 1 || last.AsyncRequested != 2 ||
		last.AsyncCompleted != 1 || last.Backlog != 3 || last.Sync.N != 1 || last.Sync.P99 < 2990 || last.Sync.P99 > 3010 {
		t.Errorf("%+v", last)
	}
	if whole := tally.SyncResponse.Whole(); whole.Count != 3 {
		t.Errorf("the whole has %d, the series took %d away", whole.Count, 3-whole.Count)
	}
}

// A run that is killed leaves every point that it had: nothing waits in a buffer. The line that it was writing is left out.
func TestSeries_Killed_LeavesWhatItHad(t *testing.T) {
	s, tally, folder := newSeries(t)
	tally.Lateness.Record(0, time.Millisecond)
	for i := range 2 * hlogEvery {
		s.Add(start.Add(time.Duration(i+1)*time.Second), "load", "", Gauges{})
	}
	appendText(t, seriesPath(folder), `{"t":21,"pha`)
	appendText(t, histogramPath(folder, "lateness"), `20.734,10.0,0.001,HISTFAAAA`)
	if got := pointsOf(t, folder); len(got) != 2*hlogEvery {
		t.Errorf("%d points", len(got))
	}
	if whole, err := Whole(folder, "lateness"); err != nil || whole.TotalCount() != 1 {
		t.Errorf("%v, %v", whole, err)
	}
	_ = s.Close()
}

func appendText(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// The logs are read by the library's own reader: what was recorded, in ns, in intervals of ten seconds at absolute times.
func TestHistogramLog_LibraryReadsItBack(t *testing.T) {
	s, tally, folder := newSeries(t)
	for i := range 25 {
		tally.Completion.Record(i, time.Duration(i+1)*time.Millisecond)
		s.Add(start.Add(time.Duration(i+1)*time.Second), "load", "", Gauges{})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "latency", "completion.hlog"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte("#[Histogram log format version 1.3]\n")) || !bytes.Contains(text, []byte(`"StartTimestamp","Interval_Length","Interval_Max"`)) {
		t.Errorf("the log's head:\n%.300s", text)
	}
	reader := hdrhistogram.NewHistogramLogReader(bytes.NewReader(text))
	all := hdrhistogram.New(1000, int64(time.Hour), 3)
	for i, count := range []int64{10, 10, 5} {
		h, err := reader.NextIntervalHistogram()
		if err != nil || h == nil || h.TotalCount() != count {
			t.Fatalf("interval %d: %v, %v", i, h, err)
		}
		if from := start.Add(time.Duration(i) * 10 * time.Second).UnixMilli(); h.StartTimeMs() != from {
			t.Errorf("interval %d begins at %d, want %d", i, h.StartTimeMs(), from)
		}
		if dropped := all.Merge(h); dropped > 0 {
			t.Errorf("interval %d: %d are outside of the range", i, dropped)
		}
	}
	if h, err := reader.NextIntervalHistogram(); h != nil || err != nil {
		t.Errorf("one interval more: %v, %v", h, err)
	}
	if median := time.Duration(all.ValueAtQuantile(50)); median < 12900*time.Microsecond || median > 13100*time.Microsecond {
		t.Errorf("the median is %v, want 13ms", median)
	}
}

// What was recorded in any order and cut into any intervals is in the log as a whole, with the figures of the report.
func TestHistogramLog_AnyTimesAnyCut_AddUpToTheWhole(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		folder, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			r.Fatal(err)
		}
		log, err := createHistogramLog(folder, "own", start)
		if err != nil {
			r.Fatal(err)
		}
		l, now := NewLatency(), start
		longest := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, 10 * time.Second, 2 * time.Hour}).Draw(r, "longest")
		for range rapid.IntRange(0, 15).Draw(r, "seconds") {
			for i, d := range rapid.SliceOfN(rapid.Int64Range(0, int64(longest)), 0, 2).Draw(r, "times") {
				l.Record(i, time.Duration(d))
			}
			now = now.Add(time.Duration(rapid.IntRange(1, 3000).Draw(r, "ms")) * time.Millisecond)
			l.gather(log)
			log.second(now)
		}
		if err := log.close(now.Add(time.Millisecond)); err != nil {
			r.Fatal(err)
		}
		whole, err := Whole(folder, "own")
		if err != nil {
			r.Fatal(err)
		}
		if got, want := figures(whole), l.Whole(); got != want {
			r.Fatalf("the log has %+v, the report %+v", got, want)
		}
	})
}

func TestSeries_OtherSchema_OrNoSeries_IsAnError(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "no first line",
		`{"schema":"gazua.series/9"}` + "\n": `"gazua.series/9"`,
		`{"schema":"gazua.series/1"}` + "\n" + `{"t":1,"colour":"red"}` + "\n": "line 2",
		`{"schema":"gazua.series/1"}` + "\n" + strings.Repeat("x", maxPoint+1): "line 2",
	} {
		folder := t.TempDir()
		if err := os.WriteFile(seriesPath(folder), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSeries(folder, func(Point) error { return nil }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

func TestMarkers_AppendedByMany_AreReadInOrder(t *testing.T) {
	folder := t.TempDir()
	if none, err := ReadMarkers(folder); none != nil || err != nil {
		t.Errorf("none: %v, %v", none, err)
	}
	want := []Marker{{T: 0, Until: 10, Kind: StageMarker, Text: "ramp"}, {T: 3.5, Kind: FaultMarker, Text: "the PG is silent \"for 5 s\"\n"}}
	for _, m := range want {
		if err := AppendMarker(folder, m); err != nil {
			t.Fatal(err)
		}
	}
	appendText(t, markersPath(folder), `{"t":4,"kind":"no`)
	if got, err := ReadMarkers(folder); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []Marker{{Kind: "mood"}, {T: 5, Until: 4, Kind: NoteMarker}} {
		if err := AppendMarker(folder, bad); err == nil {
			t.Errorf("%+v was written", bad)
		}
	}
}

func FuzzDecodePoint(f *testing.F) {
	seed, err := json.Marshal(Point{T: 1, Phase: "load", Stage: "ramp", Seen: Seen{Sent: 3}, Gauges: Gauges{OldestPending: 1.5}, Sync: Interval{N: 3, P99: 7}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"t":1} {}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		p, err := DecodePoint(line)
		if err != nil {
			return
		}
		written, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := DecodePoint(written); err != nil || again != p {
			t.Errorf("%+v became %+v, %v", p, again, err)
		}
	})
}

func FuzzDecodeMarkers(f *testing.F) {
	f.Add([]byte(`{"t":1,"until":2,"kind":"fault","text":"x"}` + "\n" + `{"t":1,"kind":"note","text":""}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		markers, err := decodeMarkers(text)
		if err != nil {
			return
		}
		folder := t.TempDir()
		for _, m := range markers {
			if err := AppendMarker(folder, m); err != nil {
				t.Fatal(err)
			}
		}
		if again, err := ReadMarkers(folder); err != nil || !reflect.DeepEqual(again, markers) {
			t.Errorf("%+v became %+v, %v", markers, again, err)
		}
	})
}

// FuzzDecodeHistograms: a damaged log is an error or fewer intervals, never a panic.
func FuzzDecodeHistograms(f *testing.F) {
	folder, tally := f.TempDir(), NewTally()
	s, err := CreateSeries(folder, "r", start, tally)
	if err != nil {
		f.Fatal(err)
	}
	tally.Own.Record(0, time.Second)
	s.Add(start.Add(time.Second), "load", "", Gauges{})
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(histogramPath(folder, "own"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		intervals, err := decodeHistograms(text)
		if err == nil && len(intervals) > bytes.Count(text, []byte("\n")) {
			t.Errorf("%d intervals of %d lines", len(intervals), bytes.Count(text, []byte("\n")))
		}
	})
}
