package monitor

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gazua.example/loadgen/internal/testdb"
)

// TestMain also is the monitor that the tests of Spawn start.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "monitor" {
		if err := child(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	code := m.Run()
	testdb.Stop()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func child(args []string) error {
	flags := flag.NewFlagSet("monitor", flag.ContinueOnError)
	folder, start, generator := flags.String("out", "", ""), flags.String("start", "", ""), flags.Int("generator", 0, "")
	flags.String("stack", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, *start)
	if err != nil {
		return err
	}
	if err := StandBack(); err != nil {
		return err
	}
	ctx, done := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer done()
	_, err = Run(ctx, Options{Folder: *folder, Start: at, Every: ShortestEvery, Generator: *generator, Say: os.Stderr})
	return err
}

func TestSpawn_RunsBesideWithLowPriority_AndSaysItsCost(t *testing.T) {
	folder, start := t.TempDir(), time.Now().Add(-10*time.Second)
	c, err := Spawn(t.Context(), SpawnOptions{Folder: folder, StackFile: "none", Start: start})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "its lines", func() bool {
		text, _ := os.ReadFile(filepath.Join(folder, FileName))
		return bytes.Count(text, []byte("\n")) >= 4
	})
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", c.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			continue // it ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if nice := strings.Fields(rest)[16]; nice != strconv.Itoa(niceness) {
			t.Errorf("a thread has the niceness %s", nice)
		}
	}
	cost, err := c.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if cost.CPU <= 0 || cost.MaxBytes < 1e6 || cost.Cores() <= 0 || !strings.HasPrefix(cost.String(), "monitor: 0.") {
		t.Errorf("%+v %s", cost, cost)
	}
	r, err := Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for l, err := range r.Lines() {
		if err != nil {
			t.Fatal(err)
		}
		if l.T < 10 {
			t.Errorf("t = %g does not count from the run's start", l.T)
		}
		if l.T > 11 && l.Values["loadgen/rss_bytes"] == 0 {
			t.Errorf("the generator is not watched: %v", l.Values)
		}
	}
}

func TestSpawn_MonitorThatFails_IsToldAtTheEnd(t *testing.T) {
	c, err := Spawn(t.Context(), SpawnOptions{Folder: filepath.Join(t.TempDir(), "none"), Start: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	<-c.done
	if _, err := c.Stop(); err == nil || !strings.Contains(err.Error(), "begin the monitor's file") {
		t.Errorf("%v", err)
	}
}

func TestSpawn_GeneratorThatIsKilled_TakesItsMonitorAlong(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	parent := exec.Command("/bin/sh", "-c", `"$0" monitor --out "$1" --start "$2" --generator $$ & echo $! > "$1/pid"; wait`, self, folder, time.Now().Format(time.RFC3339Nano))
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "its lines", func() bool {
		text, _ := os.ReadFile(filepath.Join(folder, FileName))
		return bytes.Count(text, []byte("\n")) >= 2
	})
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	text, err := os.ReadFile(filepath.Join(folder, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the monitor", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}
