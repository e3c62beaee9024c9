package pgsim

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gazua.example/mock-pg/pgsim/script"
)

// lockedText is a log that is read while timers write it.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func mustTimed(t testing.TB, document string) []timedEntry {
	t.Helper()
	entries, err := parseTimed([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// meets is the name of what the first charge of a token meets.
func meets(t *testing.T, e *engine, token string) string {
	t.Helper()
	plan, err := e.library.Read(token, 7)
	if err != nil {
		t.Fatal(err)
	}
	step := e.wanted(plan, script.Charge, 1)
	if step.Decline != "" {
		return "decline"
	}
	if step.Fault == nil {
		return "ok"
	}
	return step.Name
}

func timedEngine(t *testing.T, log *slog.Logger) *engine {
	t.Helper()
	s := &Server{timed: &timetable{log: log}}
	if err := s.SetSchedule("gz1;charge=decline"); err != nil {
		t.Fatal(err)
	}
	e := newEngine(PG, nil, &script.Library{}, &s.schedule, time.Now)
	e.timed = s.timed
	return e
}

func TestTimed_FaultsBeginAndEndByTheClock_TheLaterOfTwoGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedText
		e := timedEngine(t, slog.New(slog.NewTextHandler(&log, nil)))
		e.timed.set(mustTimed(t, `{"entries":[
			{"after":"10s","for":"10s","script":"gz1;charge=reset"},
			{"after":"12s","for":"3s","script":"gz1;charge=fin","override":true},
			{"after":"14s","for":"2s","script":"gz1;charge=silent;inquiry=reset"},
			{"after":"14s","for":"2s","script":"gz1;void=reset"}]}`))
		began := time.Now()
		for _, c := range []struct {
			at                     time.Duration
			plain, scripted, other string // a token without a script; with one for charges; with one for something else
		}{
			{0, "decline", "ok", "decline"},
			{10*time.Second - 1, "decline", "ok", "decline"},
			{10 * time.Second, "reset", "ok", "reset"},
			{12 * time.Second, "fin", "fin", "fin"},
			{14 * time.Second, "fin", "fin", "fin"},
			{15 * time.Second, "silent", "ok", "silent"},
			{16 * time.Second, "reset", "ok", "reset"},
			{20*time.Second - 1, "reset", "ok", "reset"},
			{20 * time.Second, "decline", "ok", "decline"},
			{time.Hour, "decline", "ok", "decline"},
		} {
			time.Sleep(time.Until(began.Add(c.at)))
			synctest.Wait()
			plain, scripted, other := meets(t, e, "tok"), meets(t, e, "gz1;charge=ok"), meets(t, e, "gz1;void=reset")
			if plain != c.plain || scripted != c.scripted || other != c.other {
				t.Errorf("at %s: %s, %s, %s, want %+v", c.at, plain, scripted, other, c)
			}
		}
		if n := strings.Count(log.String(), "msg=\"timed faults\""); n != 6 {
			t.Errorf("the log tells %d changes, want 6: %s", n, log.String())
		}
	})
}

func TestTimed_ThePageTellsPlannedActiveAndDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := timedEngine(t, slog.New(slog.DiscardHandler))
		if page := e.timed.page(); len(page.Entries) != 0 || page.SetAt != nil {
			t.Errorf("before anything was planned: %+v", page)
		}
		e.timed.set(mustTimed(t, `{"entries":[
			{"after":"0s","for":"1s","script":"gz1;charge=reset"},
			{"after":"2s","for":"10s","script":"gz1;charge=fin","means":"PG","share":0.999999999},
			{"after":"20s","for":"1s","script":"gz1;charge=silent"}]}`))
		set := time.Now()
		meets(t, e, "tok")
		time.Sleep(4 * time.Second)
		meets(t, e, "tok")
		meets(t, e, "tok")
		want := func(when string, states ...string) {
			t.Helper()
			page := e.timed.page()
			for i, state := range states {
				v := page.Entries[i]
				if got := fmt.Sprintf("%s %s-%s %d", v.State, v.StartsAt.Sub(set), v.EndsAt.Sub(set), v.Struck); got != state {
					t.Errorf("%s: entry %d is %q, want %q", when, i, got, state)
				}
			}
		}
		want("after 4 s", "done 0s-1s 1", "active 2s-12s 2", "planned 20s-21s 0")
		time.Sleep(time.Second)
		e.timed.stop()
		want("after the end", "done 0s-1s 1", "done 2s-5s 2", "dropped 20s-20s 0")
		if page := e.timed.page(); page.StoppedAt == nil || page.StoppedAt.Sub(set) != 5*time.Second {
			t.Errorf("stopped at %v", page.StoppedAt)
		}
		time.Sleep(time.Minute)
		want("a minute later", "done 0s-1s 1", "done 2s-5s 2", "dropped 20s-20s 0")
		if got := meets(t, e, "tok"); got != "decline" {
			t.Errorf("after the end a charge meets %s", got)
		}
	})
}

func TestTimed_ANewDocumentReplacesTheOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedText
		e := timedEngine(t, slog.New(slog.NewTextHandler(&log, nil)))
		e.timed.set(mustTimed(t, `{"entries":[{"after":"0s","for":"1h","script":"gz1;charge=reset"}]}`))
		time.Sleep(time.Second)
		e.timed.set(mustTimed(t, `{"entries":[{"after":"1s","for":"1s","script":"gz1;charge=fin"}]}`))
		if got := meets(t, e, "tok"); got != "decline" {
			t.Errorf("the old document still strikes: %s", got)
		}
		if !strings.Contains(log.String(), "ended before their time") {
			t.Errorf("the log does not tell the end of the old one: %s", log.String())
		}
		time.Sleep(time.Second)
		if got := meets(t, e, "tok"); got != "fin" {
			t.Errorf("the new document gives %s", got)
		}
		time.Sleep(time.Hour)
		if e.timed.live.Load() != nil {
			t.Error("a schedule that is over still costs every request a look at the clock")
		}
	})
}

func TestTimed_TheShareIsThatOfTheRequests_AndTheSameEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := timedEngine(t, slog.New(slog.DiscardHandler))
		e.timed.set(mustTimed(t, `{"entries":[{"after":"0s","for":"1h","script":"gz1;charge=reset","share":0.25},{"after":"0s","for":"1h","script":"gz1;charge=reset","means":"POINT"}]}`))
		const draws = 20_000
		struck := 0
		for seed := range uint64(draws) {
			first := e.wanted(script.Plan{Seed: seed}, script.Charge, 1)
			if first.Name == "reset" {
				struck++
			}
			if again := e.wanted(script.Plan{Seed: seed}, script.Charge, 1); again.Name != first.Name {
				t.Fatalf("seed %d: %q, then %q", seed, first.Name, again.Name)
			}
		}
		if struck < draws*24/100 || struck > draws*26/100 {
			t.Errorf("%d of %d were struck, want a quarter", struck, draws)
		}
	})
}

func TestTimed_EveryFaultOfADocumentIsNamedAtOnce(t *testing.T) {
	_, err := parseTimed([]byte(`{"entries":[
		{"after":"-1s","for":"0s","script":"gz1;charge=hang","override":"yes","means":"CASH","share":0,"until":"5s"},
		{"after":"1s","for":"1s","script":"gz1;charge=reset"},
		{},
		{"after":1,"for":"25h","script":"tok","override":null,"share":1.1},
		"reset",
		{"after":"1s","for":"1s","script":"gz1;seed=4;charge=reset"},
		{"after":"1s","for":"1s","script":"gz1.a;charge=reset"},
		null]}`))
	if err == nil {
		t.Fatal("the document is taken")
	}
	for _, want := range []string{
		"entries[0].after: ", "entries[0].for: ", "entries[0].script: ", "hang", "entries[0].override: ", "entries[0].means: ", "entries[0].share: ", "entries[0].until: ",
		"entries[2].after: ", "entries[2].for: ", "entries[2].script: ",
		"entries[3].after: ", "entries[3].for: ", "entries[3].script: ", "entries[3].override: ", "entries[3].share: ",
		"entries[4]: must be an object", "entries[5].script: a seed", "entries[6].script: a seed", "entries[7]: must be an object",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != 19 || strings.Contains(err.Error(), "entries[1]") {
		t.Errorf("%d lines: %v", lines, err)
	}
}

func TestTimed_ADocumentHasItsBounds(t *testing.T) {
	entry := `{"after":"1s","for":"1s","script":"gz1;charge=reset"}`
	list := func(n int) string {
		return `{"entries":[` + strings.TrimSuffix(strings.Repeat(entry+",", n), ",") + `]}`
	}
	for document, ok := range map[string]bool{
		list(64): true, list(65): false, list(0): false, `{}`: false, ``: false, `[]`: false, `null`: false, `{"entries":{}}`: false,
		`{"entries":[` + entry + `],"entry":1}`:                                                           false,
		`{"entries":[{"after":"1s","for":"1s","script":"gz1;charge=` + strings.Repeat("x", 1024) + `"}]}`: false,
	} {
		if _, err := parseTimed([]byte(document)); (err == nil) != ok {
			t.Errorf("%.80s: %v, want it taken: %t", document, err, ok)
		}
	}
}

// FuzzTimedFaults: no document makes the parser panic; what it takes is within its bounds, can be shown as JSON and taken
// again, and at every moment the entries that are active are those whose time it is.
func FuzzTimedFaults(f *testing.F) {
	for _, text := range []string{
		`{"entries":[{"after":"10s","for":"5s","script":"gz1;charge=5xx/503"}]}`,
		`{"entries":[{"after":"0s","for":"1ms","script":"gz1","override":true,"means":"PG","share":0.5},{"after":"1ms","for":"24h","script":"gz1;void=late/4s"}]}`,
		`{"entries":[]}`, `{"entries":[{}]}`, `{"entries":null}`, `[]`, ``, `{"entries":[{"after":"NaNs","for":"1s","script":"gz1","share":1e-300}]}`,
	} {
		f.Add([]byte(text), int64(time.Second))
	}
	f.Fuzz(func(t *testing.T, document []byte, at int64) {
		entries, err := parseTimed(document)
		if err != nil {
			return
		}
		if len(entries) == 0 || len(entries) > maxTimedEntries {
			t.Fatalf("%d entries", len(entries))
		}
		elapsed := time.Duration(max(at, 0))
		active := map[int]bool{}
		for _, i := range newTimedRun(entries).activeAt(elapsed) {
			active[i] = true
		}
		for i, e := range entries {
			if e.after < 0 || e.after > longestTimed || e.lasts < time.Millisecond || e.lasts > longestTimed || e.script == nil || !(e.share > 0 && e.share <= 1) {
				t.Fatalf("%+v is out of bounds", e)
			}
			if now := e.after <= elapsed && elapsed < e.after+e.lasts; now != active[i] {
				t.Fatalf("at %s entry %d (%s for %s) is active: %t", elapsed, i, e.after, e.lasts, active[i])
			}
			shown, err := json.Marshal(map[string]any{"entries": []any{map[string]any{"after": e.after.String(), "for": e.lasts.String(), "script": e.text, "override": e.override, "share": e.share}}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parseTimed(shown); err != nil {
				t.Fatalf("what is shown is not taken again: %v", err)
			}
		}
	})
}
