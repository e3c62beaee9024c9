package throwaway

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gazua.example/infra/stack/proc"
)

// What would lead to another stack is gone, and a setting that is empty takes the caller's away.
func TestEnvironment_LeadsToThisStackOnly(t *testing.T) {
	for name, value := range map[string]string{"MYSQL_DSN": "other", "MYSQL_VIA": "other:1", "RUN_DIR": "other", "PORT_MYSQL": "1", "GROUP_MAX": "7", "GROUP_WAIT": "2ms", "SYSTEM": "legacy"} {
		t.Setenv(name, value)
	}
	env := environment("/x", 113, map[string]string{"GROUP_MAX": "", "SYSTEM": "", "LEASE": "9s"})
	for _, want := range []string{"STACK_DIR=/x", "PORT_OFFSET=113", "LEASE=9s", "GROUP_WAIT=2ms"} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, variable := range env {
		name, _, _ := strings.Cut(variable, "=")
		if slices.Contains([]string{"MYSQL_DSN", "MYSQL_VIA", "RUN_DIR", "PORT_MYSQL", "GROUP_MAX", "SYSTEM"}, name) {
			t.Errorf("%s is still there", variable)
		}
	}
}

func TestFreeOffset_PassesOverTakenPorts(t *testing.T) {
	var before int
	var listener net.Listener
	for listener == nil { // somebody else may be faster; where nothing is free it is an error
		var err error
		if before, err = FreeOffset(); err != nil {
			t.Fatal(err)
		}
		listener, _ = net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(BrokerPort(before)))
	}
	defer listener.Close()
	if after, err := FreeOffset(); err == nil && after == before {
		t.Errorf("the offset %d is given out, and its broker's port is taken", after)
	}
}

func TestStart_WithoutServers_SaysWhatToDo(t *testing.T) {
	_, err := Start(t.Context(), filepath.Join(t.TempDir(), "stack"), "bin", t.TempDir(), 0, nil)
	if err == nil || !strings.Contains(err.Error(), "bin/stack install") {
		t.Error(err)
	}
}

// Restart ends exactly the named processes, on purpose, before anything starts with the new settings.
func TestRestart_EndsTheNamedAndStartsWithOtherSettings(t *testing.T) {
	folder, bin := t.TempDir(), t.TempDir()
	run := filepath.Join(folder, "run")
	if err := os.MkdirAll(run, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"api", "worker", "mysql"} {
		record, _, err := proc.Start(proc.Spec{Name: name, Path: "/bin/sleep", Args: []string{"60"}, Log: filepath.Join(folder, name+".log")})
		if err == nil {
			err = record.Save(run)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = record.Kill(context.Background()) })
	}
	said := filepath.Join(folder, "said")
	script := "#!/bin/sh\necho \"$1 GROUP_MAX=$GROUP_MAX\" >> " + said + "\n"
	if err := os.WriteFile(filepath.Join(bin, "stack"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	s := &Stack{Folder: folder, bin: bin, Env: environment(folder, 0, map[string]string{"GROUP_MAX": "64"})}
	if err := s.Restart(t.Context(), map[string]string{"GROUP_MAX": "1"}, "api", "worker", "never-started"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]proc.State{"api": proc.Stopped, "worker": proc.Stopped, "mysql": proc.Running} {
		if r, err := proc.Load(run, name); err != nil || r.State() != want {
			t.Errorf("%s is %s, want %s (%v)", name, r.State(), want, err)
		}
	}
	if text, err := os.ReadFile(said); err != nil || string(text) != "up GROUP_MAX=1\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// A verb that fails is told with what it said.
func TestDo_TellsWhatTheVerbSaid(t *testing.T) {
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "stack"), []byte("#!/bin/sh\necho the disk is full >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := (&Stack{bin: bin}).Do(t.Context(), "up")
	if err == nil || !strings.Contains(err.Error(), "stack up") || !strings.Contains(err.Error(), "the disk is full") {
		t.Error(err)
	}
}
