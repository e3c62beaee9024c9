package drill

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/internal/overlay"
)

// A process whose clock is set goes by it at once; its monotonic clock, and the clocks of others, are as they were.
func TestClock_SetsTheClockOfOneProcess_AndNotItsMonotonicOne(t *testing.T) {
	program := buildClocked(t)
	environment := map[string]string{}
	c, err := makeClocks(t.TempDir(), environment)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{clocks: c}
	mine, other := startClocked(t, program, "payment-api-1", environment["CLOCKS"]), startClocked(t, program, "payment-worker-2", environment["CLOCKS"])
	for _, ahead := range []time.Duration{0, 8 * time.Second, -8 * time.Second, 0} {
		if err := s.Clock(ahead, "payment-api-1")(t.Context()); err != nil {
			t.Fatal(err)
		}
		for who, want := range map[*clocked]time.Duration{mine: ahead, other: 0} {
			off, elapsed := who.look(t)
			if (off-want).Abs() > 2*time.Second || elapsed < 0 || elapsed > 4*time.Second {
				t.Errorf("set %s: %s is off by %s, and %s of its monotonic clock have passed", ahead, who.name, off, elapsed)
			}
		}
	}
}

// buildClocked compiles a program that tells its time, with the drill's edits of Go's library.
func buildClocked(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	source := `package main

import ("bufio"; "fmt"; "os"; "time")

func main() {
	begin := time.Now()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		now := time.Now()
		fmt.Println(now.UnixMilli(), now.Sub(begin).Milliseconds())
		begin = now
	}
}
`
	texts, err := overlay.Apply(folder, clockEdits[:2]) // those of the library
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	for path, text := range texts {
		replace[path] = filepath.Join(folder, filepath.Base(path))
		place(t, replace[path], text)
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	place(t, filepath.Join(folder, "overlay.json"), string(list))
	place(t, filepath.Join(folder, "clocked", "main.go"), source)
	build := exec.Command("go", "build", "-overlay", filepath.Join(folder, "overlay.json"), "-o", filepath.Join(folder, "program"), "main.go")
	build.Dir, build.Env = filepath.Join(folder, "clocked"), append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return filepath.Join(folder, "program")
}

func place(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// clocked is such a program that runs.
type clocked struct {
	name    string
	ask     *os.File
	answers *bufio.Reader
}

func startClocked(t *testing.T, program, name, folder string) *clocked {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program)
	command.Env, command.Stdin = []string{"CLOCKS=" + folder, "INSTANCE=" + name}, read
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	t.Cleanup(func() {
		write.Close() // its end
		if err := command.Wait(); err != nil {
			t.Error(err)
		}
	})
	return &clocked{name, write, bufio.NewReader(out)}
}

// look is how far its clock is off, and how much of its monotonic clock has passed since the last look.
func (c *clocked) look(t *testing.T) (off, elapsed time.Duration) {
	t.Helper()
	if _, err := c.ask.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	text, err := c.answers.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var now, passed int64
	if _, err := fmt.Sscan(strings.TrimSpace(text), &now, &passed); err != nil {
		t.Fatal(err)
	}
	return time.Until(time.UnixMilli(now)), time.Duration(passed) * time.Millisecond
}
