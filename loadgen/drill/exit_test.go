package drill

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A process whose parent has ended is adopted, and its exit code is the kernel's, not what it said.
func TestExitCode_IsTheKernels_AlsoOfWhoWasStartedByAnother(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("nobody is adopted here")
	}
	if err := adopt(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{0, 1, 7} {
		pipe := filepath.Join(t.TempDir(), "pipe") // it ends when its parent has
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		said, err := exec.Command("/bin/sh", "-c", `(exec >/dev/null 2>&1; read end <`+pipe+`; exit `+strconv.Itoa(want)+`) & echo $!`).Output()
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(said)))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(pipe, []byte("end\n"), 0); err != nil {
			t.Fatal(err)
		}
		if code, err := exitCode(pid); err != nil || code != want {
			t.Errorf("exit code %d, %v; want %d", code, err, want)
		}
	}
}
