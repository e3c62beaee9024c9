package proc_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gazua.example/infra/stack/cpus"
	"gazua.example/infra/stack/proc"
)

// The children of these tests are sleep and sh; each test ends its own.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, args ...string) (proc.Record, <-chan struct{}, string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	r, gone, err := proc.Start(proc.Spec{Name: "child", Path: "/bin/sh", Args: append([]string{"-c"}, args...), Env: []string{"A=1"}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Kill(t.Context()); err != nil {
			t.Logf("clean up: %v", err)
		}
		<-gone
	})
	return r, gone, log
}

func TestStart_HasOnlyItsEnvironmentAndItsOwnSession(t *testing.T) {
	_, gone, log := start(t, `env; echo "sid=$(cut -d' ' -f6 /proc/$$/stat) pid=$$"`)
	<-gone
	out, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	if !strings.Contains(text, "A=1\n") || strings.Contains(text, "HOME=") {
		t.Errorf("environment: %s", text)
	}
	_, ids, _ := strings.Cut(text, "sid=")
	sid, pid, _ := strings.Cut(strings.TrimSpace(ids), " pid=")
	if sid == "" || sid != pid {
		t.Errorf("session %q of pid %q: want a session of its own", sid, pid)
	}
}

func TestStop_IsGracefulThenKills(t *testing.T) {
	polite, _, _ := start(t, "exec sleep 60")
	if killed, err := polite.Stop(t.Context(), syscall.SIGTERM, 10*time.Second); err != nil || killed {
		t.Errorf("polite: killed=%v %v", killed, err)
	}
	deaf, _, log := start(t, "trap '' TERM; echo armed; while :; do sleep 1; done")
	until(t, func() bool { text, _ := os.ReadFile(log); return len(text) > 0 })
	if killed, err := deaf.Stop(t.Context(), syscall.SIGTERM, 200*time.Millisecond); err != nil || !killed {
		t.Errorf("deaf: killed=%v %v", killed, err)
	}
	if deaf.Alive() || deaf.State() != proc.Dead {
		t.Errorf("after Stop it is %s", deaf.State())
	}
}

func TestPauseResume_ShowInState(t *testing.T) {
	r, _, _ := start(t, "exec sleep 60")
	if err := r.Pause(); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return r.State() == proc.Paused })
	if err := r.Resume(); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return r.State() == proc.Running })
	if err := r.Pause(); err != nil {
		t.Fatal(err)
	}
	if killed, err := r.Stop(t.Context(), syscall.SIGTERM, 10*time.Second); err != nil || killed {
		t.Errorf("a paused process did not follow SIGTERM: killed=%v %v", killed, err)
	}
}

func TestSignal_RecycledPidIsNeverSignalled(t *testing.T) {
	r, _, _ := start(t, "exec sleep 60")
	for name, other := range map[string]proc.Record{
		"another start time": {Name: r.Name, PID: r.PID, StartTicks: r.StartTicks + 1, Boot: r.Boot},
		"another boot":       {Name: r.Name, PID: r.PID, StartTicks: r.StartTicks, Boot: "another"},
		"no pid":             {Name: r.Name, StartTicks: r.StartTicks, Boot: r.Boot},
	} {
		if err := other.Signal(syscall.SIGKILL); !errors.Is(err, proc.ErrGone) {
			t.Errorf("%s: %v, want ErrGone", name, err)
		}
		if other.Alive() {
			t.Errorf("%s: counts as alive", name)
		}
	}
	if !r.Alive() {
		t.Error("the process that has the pid was killed")
	}
}

func TestRecord_SurvivesInAFile(t *testing.T) {
	dir := t.TempDir()
	r, gone, _ := start(t, "exec sleep 60")
	if err := r.Save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := proc.Load(dir, "child")
	if err != nil || again != r {
		t.Fatalf("loaded %+v %v, saved %+v", again, err, r)
	}
	if err := again.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-gone
	if again.State() != proc.Dead {
		t.Errorf("killed: %s, want dead", again.State())
	}
	again.Stopped = true
	if again.State() != proc.Stopped {
		t.Errorf("ended on purpose: %s, want stopped", again.State())
	}
	if never, err := proc.Load(dir, "other"); err != nil || never.State() != proc.Stopped {
		t.Errorf("never started: %s %v", never.State(), err)
	}
}

func TestFingerprint_ChangesWithProgramSettingsAndFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "conf")
	seen := map[string]string{}
	add := func(what, text string, s proc.Spec) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		print, err := s.Fingerprint()
		if err != nil {
			t.Fatal(err)
		}
		if before, ok := seen[print]; ok {
			t.Errorf("%s has the fingerprint of %s", what, before)
		}
		seen[print] = what
	}
	also := []string{file}
	add("base", "1", proc.Spec{Path: "/bin/sh", Also: also})
	add("program", "1", proc.Spec{Path: "/bin/sleep", Also: also})
	add("argument", "1", proc.Spec{Path: "/bin/sh", Args: []string{"x"}, Also: also})
	add("environment", "1", proc.Spec{Path: "/bin/sh", Env: []string{"x"}, Also: also})
	add("processors", "1", proc.Spec{Path: "/bin/sh", CPUs: cpus.Set{0}, Also: also})
	add("file", "2", proc.Spec{Path: "/bin/sh", Also: also})
}

func until(t *testing.T, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited too long")
		}
	}
}

func TestStart_Nice_ReachesTheProcess_AndNotUs(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	_, gone, err := proc.Start(proc.Spec{Name: "nice", Path: "/bin/sh", Args: []string{"-c", "cut -d' ' -f19 /proc/self/stat"}, Env: []string{"PATH=/usr/bin:/bin"}, Log: log, Nice: 7})
	if err != nil {
		t.Fatal(err)
	}
	<-gone
	if got, err := os.ReadFile(log); err != nil || strings.TrimSpace(string(got)) != "7" {
		t.Errorf("the child's niceness is %q, %v; want 7", got, err)
	}
	if own, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0); err != nil || own != 20 { // the raw call answers 20 - nice
		t.Errorf("this thread's priority is %d, %v; want 20", own, err)
	}
}

func TestStart_CPUs_ReachTheProcess_AndNotUs(t *testing.T) {
	all, err := cpus.Of(0)
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	one := all[len(all)-1:]
	_, gone, err := proc.Start(proc.Spec{Name: "bound", Path: "/bin/sh", Args: []string{"-c", "grep Cpus_allowed_list /proc/self/status"}, Env: []string{"PATH=/usr/bin:/bin"}, Log: log, CPUs: one})
	if err != nil {
		t.Fatal(err)
	}
	<-gone
	if got, err := os.ReadFile(log); err != nil || strings.TrimSpace(strings.TrimPrefix(string(got), "Cpus_allowed_list:")) != one.String() {
		t.Errorf("the child may use %q, %v; want %s", got, err, one)
	}
	if own, err := cpus.Of(0); err != nil || !slices.Equal(own, all) {
		t.Errorf("this thread may use %v, %v", own, err)
	}
}
