package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gazua.example/loadgen/internal/testdb"
)

func TestMain(m *testing.M) {
	code := m.Run()
	testdb.Stop()
	os.Exit(code)
}

// Each drill has a name of its own, says what it shows, has a load that can be read, and a control that it must not pass.
func TestDrills_SayWhatTheyShow_AndHaveAControl(t *testing.T) {
	controls, err := Controls("../drills")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, d := range All() {
		if seen[d.Name] || d.Name == "" || d.Shows == "" || d.Script == nil {
			t.Errorf("%q: a name that is taken, or no sentence that says what it shows, or no script", d.Name)
		}
		seen[d.Name] = true
		if _, _, err := d.load(0); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
		if !slices.ContainsFunc(controls, func(c *Control) bool { return c.Drill == d.Name }) {
			t.Errorf("%s has no control", d.Name)
		}
	}
}

func TestNamed_AnotherName_IsToldWhichThereAre(t *testing.T) {
	if d, err := Named("crash-mysql"); err != nil || d.Name != "crash-mysql" {
		t.Errorf("%q, %v", d.Name, err)
	}
	if _, err := Named("crash-moon"); err == nil || !strings.Contains(err.Error(), "crash-mysql") {
		t.Error(err)
	}
}

// A drill's settings go before those of all drills, and a control's before both.
func TestEnvironment_TheNearestSettingStands(t *testing.T) {
	d := Drill{Settings: map[string]string{"LEASE": "9s", "X": "drill"}}
	all := d.environment(&Control{Settings: map[string]string{"X": "control"}})
	if all["LEASE"] != "9s" || all["X"] != "control" || all["RESOLVE_DEADLINE"] != settings["RESOLVE_DEADLINE"] || settings["LEASE"] == "9s" {
		t.Errorf("%v; those of all drills are %v", all, settings)
	}
}

func scene(t *testing.T, n int) *Scene {
	t.Helper()
	return &Scene{N: n, ctx: t.Context(), start: time.Now(), folder: t.TempDir(), say: io.Discard}
}

func TestScene_EveryTurnIsABreak_AndTheOtherOnesVictim(t *testing.T) {
	s := scene(t, 3)
	var victims []string
	for s.Again() {
		victim, other := s.pair("payment-api")
		if victim == other {
			t.Errorf("turn %d: %s", s.Turn(), victim)
		}
		victims = append(victims, victim)
		s.Break("kill " + victim)
		s.Observe("the first look", func(context.Context) error { return nil })
		noticed := s.last().Detected
		s.Observe("the second", func(context.Context) error { return nil })
		s.Heal("start " + victim)
		s.Observe("it is back", func(context.Context) error { return nil })
		if b := s.last(); b.Noticed != "the first look" || b.Detected != noticed || b.Healed == 0 {
			t.Errorf("%+v, want the first look to be the detection", b)
		}
	}
	if want := []string{"payment-api-1", "payment-api-2", "payment-api-1"}; !slices.Equal(victims, want) || len(s.breaks) != 3 || s.err != nil {
		t.Errorf("%v broken in %d breaks, %v", victims, len(s.breaks), s.err)
	}
}

// What is seen only when all is well again is no detection.
func TestScene_WhatNobodyNoticedBeforeTheHeal_WasNotDetected(t *testing.T) {
	s := scene(t, 1)
	s.Break("kill")
	s.Heal("start")
	s.Observe("it is back", func(context.Context) error { return nil })
	if b := s.last(); b.Noticed != "" || b.Detected != 0 {
		t.Errorf("%+v", b)
	}
}

func TestScene_AfterWhatDoesNotWork_NothingIsDone(t *testing.T) {
	s, broken, done := scene(t, 2), errors.New("there is no such process"), 0
	act := func(context.Context) error { done++; return nil }
	s.Again()
	s.Break("kill", func(context.Context) error { return broken }, act)
	s.Heal("start", act)
	s.Observe("it is back", act)
	s.Do("more", act)
	s.Steady(time.Hour)
	s.Expect(false, "exit", "it did not end")
	if s.Again() || done > 0 || !errors.Is(s.err, broken) || len(s.failed) > 0 {
		t.Errorf("%d acts done, %v, %v", done, s.err, s.failed)
	}
}

// What is broken is put right also when nobody noticed, or the rest of the run could not be judged; then the script is over.
func TestScene_WhatNobodyNotices_IsHealed_AndThatWasIt(t *testing.T) {
	s, healed := scene(t, 2), 0
	s.Again()
	s.Break("freeze")
	s.err = errOver // what Observe does at its bound
	s.Heal("thaw", func(context.Context) error { healed++; return nil })
	s.Heal("and again", func(context.Context) error { healed++; return nil })
	s.Break("freeze", func(context.Context) error { healed++; return nil })
	if healed != 1 || s.last().Healed == 0 || len(s.breaks) != 1 || s.Again() || !errors.Is(s.err, errOver) {
		t.Errorf("healed %d times, %+v, %v", healed, s.breaks, s.err)
	}
}

// What is not there before anything was broken says nothing about the system; after a break it does.
func TestScene_WhatIsNotSeenInTime_FailsTheDrill_OrSpoilsIt(t *testing.T) {
	for _, broken := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := scene(t, 1)
			if broken {
				s.Break("kill")
			}
			s.Observe("payments are served well", func(context.Context) error { return errors.New("they are not") })
			if !errors.Is(s.err, errOver) || (s.spoilt == "") != broken || (len(s.failed) == 1) != broken {
				t.Errorf("broken %v: spoilt %q, failed %v, %v", broken, s.spoilt, s.failed, s.err)
			}
			if text := fmt.Sprint(s.spoilt, s.failed); !strings.Contains(text, "payments are served well: not within 1m0s: they are not") {
				t.Errorf("broken %v: it says %q", broken, text)
			}
		})
	}
}

func TestScene_Expect_FailsTheDrill_AndGoesOn(t *testing.T) {
	s := scene(t, 1)
	s.Expect(true, "exit", "fine")
	s.Expect(false, "exit", "it ended with %d", 1)
	if want := []Failure{{"exit", "it ended with 1"}}; !slices.Equal(s.failed, want) || !s.Again() {
		t.Errorf("%v, want %v", s.failed, want)
	}
}
