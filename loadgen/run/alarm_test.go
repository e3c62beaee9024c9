package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gazua.example/loadgen/census"
	"gazua.example/loadgen/dump"
	"gazua.example/loadgen/record"
)

// second is a point of the load.
func second(t, p90, p99, oldest float64) *record.Point {
	p := &record.Point{T: t, Phase: "load", Sync: record.Interval{N: 100, P90: p90, P99: p99}}
	p.OldestPending = oldest
	return p
}

// usual has an alarm look at so many ordinary seconds.
func usual(t testing.TB, seconds int) *alarm {
	a := newAlarm()
	for i := range seconds {
		if why := a.look(second(float64(i+1), 100, 200, 3)); why != "" {
			t.Fatalf("second %d: %s", i+1, why)
		}
	}
	return a
}

func TestAlarm_Rings(t *testing.T) {
	settling := second(100, 900, 9000, 99)
	settling.Phase = "settle"
	silent := second(100, 900, 9000, 3)
	silent.Sync.N = 0
	for name, c := range map[string]struct {
		before int
		point  *record.Point
		want   string
	}{
		"an ordinary second":             {60, second(61, 110, 220, 3), ""},
		"ten times the usual, and more":  {60, second(61, 300, 2100, 3), "p99 of a second was 2100 ms, and is usually 20"},
		"not quite ten times":            {60, second(61, 300, 1950, 3), ""},
		"two silent calls of a hundred":  {60, second(61, 110, 2100, 3), ""},
		"in the first half minute":       {20, second(21, 900, 9000, 99), ""},
		"nothing is usual yet":           {5, second(31, 900, 9000, 3), ""},
		"an old payment":                 {60, second(61, 100, 200, 90.1), "oldest pending payment was 90 s old"},
		"an old payment and no usual":    {0, second(31, 100, 200, 91), "oldest pending"},
		"while it settles":               {60, settling, ""},
		"no answer in this second":       {60, silent, ""},
		"the same second, seen again":    {60, second(60, 900, 9000, 99), ""},
		"at the bound of pending's age":  {60, second(61, 100, 200, 90), ""},
		"slow beyond what is trackable":  {60, second(61, 1e9, 1e10, 3), "p99 of a second"},
		"at the half minute, not before": {29, second(30, 900, 9000, 3), "p99 of a second"},
	} {
		if why := usual(t, c.before).look(c.point); (why == "") != (c.want == "") || !strings.Contains(why, c.want) {
			t.Errorf("%s: %q, want %q", name, why, c.want)
		}
	}
}

func TestAlarm_RingsOnceAndOnlyWhileThereIsLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, rings, last := newAlarm(), 0, 0.0
		for range rapid.IntRange(1, 200).Draw(t, "points") {
			p := second(last+rapid.Float64Range(-2, 5).Draw(t, "step"), rapid.Float64Range(0, 1e4).Draw(t, "p90"), rapid.Float64Range(0, 1e5).Draw(t, "p99"), rapid.Float64Range(0, 180).Draw(t, "age"))
			p.Phase = rapid.SampledFrom([]string{"load", "load", "settle"}).Draw(t, "phase")
			if why := a.look(p); why != "" {
				if rings++; rings > 1 || p.Phase != "load" || p.T < 30 {
					t.Fatalf("ring %d: %q at %+v", rings, why, p)
				}
			}
			last = max(last, p.T)
		}
	})
}

func TestDumper_Alarm_DumpsOnceAndMarksIt(t *testing.T) {
	folder := t.TempDir()
	stackFile := filepath.Join(folder, "stack.env")
	if err := os.WriteFile(stackFile, []byte("RUN_DIR="+folder+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, taken := newDumper(stackFile, folder), make(chan dump.Options, 9)
	d.take = func(_ context.Context, s census.Stack, to string, o dump.Options) (dump.Taken, error) {
		taken <- o
		if s.RunDir != folder || to != folder {
			return dump.Taken{}, errors.New("another stack")
		}
		return dump.Taken{Text: filepath.Join(folder, "dumps", "now.txt")}, nil
	}
	d.look(second(31, 100, 200, 95))
	d.look(second(32, 100, 200, 96))
	if err := d.wait(); err != nil || len(taken) != 1 {
		t.Fatal(len(taken), err)
	}
	if o := <-taken; o.Repeat != dump.Usual.Repeat || !strings.Contains(o.Why, "95 s old") {
		t.Errorf("%+v", o)
	}
	markers, err := record.ReadMarkers(folder)
	if err != nil || len(markers) != 1 || markers[0].T != 31 || markers[0].Kind != record.NoteMarker || !strings.Contains(markers[0].Text, "dumps/now.txt") {
		t.Errorf("%+v %v", markers, err)
	}
}

func TestDumper_NoStackFile_DoesNothing(t *testing.T) {
	d := newDumper("", t.TempDir())
	d.take = func(context.Context, census.Stack, string, dump.Options) (dump.Taken, error) { panic("it dumps") }
	d.look(second(31, 100, 200, 95))
	if err := d.wait(); err != nil {
		t.Error(err)
	}
}

func TestDumper_NothingCanBeDumped_IsTold(t *testing.T) {
	d := newDumper(filepath.Join(t.TempDir(), "nowhere.env"), t.TempDir())
	d.take = func(context.Context, census.Stack, string, dump.Options) (dump.Taken, error) {
		return dump.Taken{}, errors.New("no process is known")
	}
	d.look(second(31, 100, 200, 95))
	if d.wait() == nil {
		t.Error("no error")
	}
}
