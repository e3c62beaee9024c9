package monitor

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gazua.example/infra/stack/proc"
	"gazua.example/loadgen/census"
)

// watching runs a monitor until the test ends and gives what it has written so far.
func watching(t *testing.T, o Options) (lines func() []Line) {
	t.Helper()
	o.Folder, o.Every, o.Say = t.TempDir(), ShortestEvery, io.Discard
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := Run(ctx, o)
		done <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return func() []Line {
		r, err := Read(o.Folder)
		if err != nil {
			return nil // not begun
		}
		defer r.Close()
		var all []Line
		for l, err := range r.Lines() {
			if err != nil {
				t.Fatal(err)
			}
			known(t, l)
			all = append(all, l)
		}
		return all
	}
}

// known holds the promise of docs/monitor.md: every key that is written is in the catalogue.
func known(t *testing.T, l Line) {
	t.Helper()
	for key := range l.Values {
		_, name, _ := strings.Cut(key, "/")
		if !slices.ContainsFunc(catalogue, func(m metric) bool { return m.name == name }) {
			t.Fatalf("the key %s is in no catalogue", key)
		}
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func begin(t *testing.T, dir, admin, script string) proc.Record {
	t.Helper()
	r, gone, err := proc.Start(proc.Spec{Name: "payment-api-1", Path: "/bin/sh", Args: []string{"-c", script}, Log: t.TempDir() + "/log", Admin: admin})
	if err == nil {
		err = r.Save(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Kill(context.Background())
		<-gone
	})
	return r
}

func has(lines []Line, ok func(Line) bool) func() bool {
	return func() bool { return slices.ContainsFunc(lines, ok) }
}

func TestRun_FollowsAProcessOverItsDeathAndRestart(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("processes are followed by /proc")
	}
	dir := t.TempDir()
	first := begin(t, dir, "", "while :; do :; done")
	lines := watching(t, Options{Stack: census.Stack{RunDir: dir}})
	seen := func(ok func(Line) bool) func() bool {
		return func() bool { return has(lines(), ok)() }
	}
	until(t, "the CPU of a busy process", seen(func(l Line) bool {
		return l.Values["payment-api-1/cpu_cores"] > 0.05 && l.Values["payment-api-1/rss_bytes"] > 0
	}))
	if err := first.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "its death", seen(func(l Line) bool { return l.Event == "payment-api-1 died" }))
	until(t, "a line without it", func() bool {
		last := lines()[len(lines())-1]
		_, there := last.Values["payment-api-1/rss_bytes"]
		return last.Values != nil && !there
	})
	begin(t, dir, "", "exec sleep 60")
	until(t, "its return", seen(func(l Line) bool { return l.Event == "payment-api-1 restarted" }))
	back := func(l Line) bool { _, there := l.Values["payment-api-1/cpu_cores"]; return there }
	count := 0
	until(t, "values of the new process", func() bool {
		count = 0
		for _, l := range slices.Backward(lines()) {
			if l.Event == "payment-api-1 restarted" {
				break
			}
			if back(l) {
				count++
				if l.Values["payment-api-1/cpu_cores"] > 0.5 {
					t.Errorf("the idle new process has %g cores", l.Values["payment-api-1/cpu_cores"])
				}
			}
		}
		return count >= 2
	})
}

func TestRun_WhatHangs_DelaysNoLine(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0") // it takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "go_goroutine_count 7") }))
	defer good.Close()
	dir := t.TempDir()
	r := begin(t, dir, strings.TrimPrefix(good.URL, "http://"), "exec sleep 60")
	hanging := r
	hanging.Name, hanging.Admin = "payment-api-2", mute.Addr().String()
	if err := hanging.Save(dir); err != nil {
		t.Fatal(err)
	}
	lines := watching(t, Options{Stack: census.Stack{RunDir: dir, MySQL: "u:p@tcp(" + mute.Addr().String() + ")/x", Brokers: []string{mute.Addr().String()}}})
	full := 0
	until(t, "lines", func() bool {
		full = 0
		for _, l := range lines() {
			if l.Values["payment-api-1/goroutines"] == 7 && l.Values["monitor/failed_sources"]+l.Values["monitor/late_sources"] >= 4 {
				full++
			}
		}
		return full >= 5
	})
	var complaints []string
	for _, l := range lines() {
		if l.Event != "" {
			complaints = append(complaints, l.Event)
		}
	}
	if text := strings.Join(complaints, "\n"); !strings.Contains(text, "the metrics of payment-api-2 cannot be measured") {
		t.Errorf("nobody says that the page hangs:\n%s", text)
	}
}

func TestRun_IntervalAndFolder_AreChecked(t *testing.T) {
	if _, err := Run(t.Context(), Options{Every: time.Millisecond, Folder: t.TempDir(), Say: io.Discard}); err == nil {
		t.Error("an interval of 1 ms")
	}
	if _, err := Run(t.Context(), Options{Every: time.Second, Folder: t.TempDir() + "/none", Say: io.Discard}); err == nil {
		t.Error("a folder that is not there")
	}
}

func TestFollower_Words(t *testing.T) {
	at := func(pid int, state proc.State) sighting { return sighting{alive{"a", pid, 1}, state} }
	for _, c := range []struct {
		before, now sighting
		want        string
	}{
		{sighting{}, at(1, proc.Running), "started"},
		{sighting{}, at(1, proc.Stopped), ""},
		{at(1, proc.Running), at(1, proc.Running), ""},
		{at(1, proc.Running), at(1, proc.Dead), "died"},
		{at(1, proc.Running), at(1, proc.Stopped), "stopped"},
		{at(1, proc.Running), at(1, proc.Paused), "paused"},
		{at(1, proc.Paused), at(1, proc.Running), "resumed"},
		{at(1, proc.Dead), at(2, proc.Running), "restarted"},
		{at(1, proc.Running), at(2, proc.Running), "restarted"},
	} {
		if got := change(c.before, c.now); got != c.want {
			t.Errorf("%+v → %+v: %q, want %q", c.before, c.now, got, c.want)
		}
	}
}
