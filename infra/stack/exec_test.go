package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gazua.example/infra/config"
	"gazua.example/infra/stack/folder"
	"gazua.example/infra/stack/topology"
)

// TestMain lets this test binary, under another name, be the programs that a stack consists of: `stack` itself, and a
// payment-worker that tells how it was started.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "stack":
		main()
	case "payment-worker":
		os.Exit(tell())
	default:
		os.Exit(m.Run())
	}
}

// tell prints arguments and environment, copies its input, and ends with a code of its own.
func tell() int {
	fmt.Printf("args %q\n", os.Args[1:])
	for _, variable := range slices.Sorted(slices.Values(os.Environ())) {
		fmt.Println("env", variable)
	}
	input, err := io.ReadAll(os.Stdin)
	fmt.Printf("input %q %v\n", input, err)
	fmt.Fprintln(os.Stderr, "told")
	return 7
}

// programs is a folder with the programs of a stack, and the stack's own folder with passwords that an `up` has left.
func programs(t *testing.T) (bin, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	bin, dir = t.TempDir(), filepath.Join(t.TempDir(), ".stack")
	for _, name := range []string{"stack", "payment-worker"} {
		if err := os.WriteFile(filepath.Join(bin, name), text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	f := folder.Folder(dir)
	if err := f.Make(); err != nil {
		t.Fatal(err)
	}
	passwords := `{"Root":"secret-root","Admin":"secret-admin","App":"secret-app","Verifier":"secret-verifier"}`
	if err := os.WriteFile(filepath.Join(f.Secrets(), "mysql.json"), []byte(passwords), 0o600); err != nil {
		t.Fatal(err)
	}
	return bin, dir
}

// execute runs the stack as a person does.
func execute(t *testing.T, bin, dir, input string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "stack"), args...)
	cmd.Env = []string{"STACK_DIR=" + dir, "KEY_TTL=3h", "PG_PROFILE=bound", "SHELL_ONLY=1"}
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestExec_RunsTheProgramInItsProcessesEnvironment(t *testing.T) {
	bin, dir := programs(t)
	code, stdout, stderr := execute(t, bin, dir, "from the pipe", "exec", "payment-worker-2", "review", "settle", "a b")
	if code != 7 {
		t.Errorf("exit code %d, want the program's own 7", code)
	}
	if stderr != "told\n" {
		t.Errorf("stderr %q, want the program's only", stderr)
	}
	for _, want := range []string{
		`args ["review" "settle" "a b"]`, `input "from the pipe" <nil>`,
		"env MYSQL_DSN=payment_app:secret-app@tcp(127.0.0.1:13306)/payment", "env PG_URL=http://127.0.0.1:18085", "env KAFKA_BROKERS=127.0.0.1:19092",
		"env INSTANCE=payment-worker-2-cli", "env ADMIN_LISTEN=127.0.0.1:0", "env CALLBACK_ALLOW=127.0.0.1/32", "env ARCHIVE_DIR=" + dir + "/archive", "env KEY_TTL=3h",
	} {
		if !strings.Contains("\n"+stdout, "\n"+want+"\n") {
			t.Errorf("not said: %s\n%s", want, stdout)
		}
	}
	for _, not := range []string{"SHELL_ONLY", "PG_PROFILE", "secret-admin", "STACK_DIR"} {
		if strings.Contains(stdout, not) {
			t.Errorf("the program's environment has %s:\n%s", not, stdout)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "archive")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the archive's folder: %v %v", info, err)
	}
}

func TestExec_WhatCannotRun_IsOneSentenceWithoutSecrets(t *testing.T) {
	bin, dir := programs(t)
	able := "there are mock-pg-1, payment-worker-1, payment-worker-2, payment-api-1, payment-api-2"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"exec", "payment-worker-9", "help"}, `no process "payment-worker-9" that has commands; ` + able},
		{[]string{"exec", "mysql", "help"}, `no process "mysql" that has commands; ` + able},
		{[]string{"exec", "payment-worker-1"}, "exec needs the name of a process and a command of its program, such as `stack exec payment-worker-1 help`"},
		{[]string{"exec"}, "exec needs the name of a process and a command of its program, such as `stack exec payment-worker-1 help`"},
		{[]string{"exec", "payment-api-1", "help"}, "missing bin/payment-api: `make build` makes it"},
	} {
		code, stdout, stderr := execute(t, bin, dir, "", c.args...)
		if code != 1 || stdout != "" || stderr != "stack: "+c.want+"\n" {
			t.Errorf("%q: code %d, stdout %q, stderr %q\nwant %q", c.args, code, stdout, stderr, c.want)
		}
	}
	never := filepath.Join(t.TempDir(), "never")
	if _, _, stderr := execute(t, bin, never, "", "exec", "payment-worker-1", "help"); stderr != "stack: there is no stack yet: `make up` brings one up\n" {
		t.Errorf("before the first up: %q", stderr)
	}
}

// loadgen listens for callbacks while it runs, and a soak begins with an `up`: a second one beside it may not fail.
func TestPortsFree_WhoHasTheCallbacks_DoesNotMatter(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	check := func(variable string) error {
		unset := func(string) (string, bool) { return "", false }
		all, _ := topology.ReadPorts(config.New("stack", "", unset), unset)
		for name := range all {
			all[name] = free(t)
		}
		all[variable] = port
		s := &stack{Folder: folder.Folder(t.TempDir())}
		s.settings = topology.Settings{Folder: s.Folder, Ports: all}
		s.processes = topology.Single(s.settings)
		return s.portsFree()
	}
	fault := fmt.Sprintf("port %d is taken", port)
	if err := check("PORT_CALLBACKS"); err != nil && strings.Contains(err.Error(), fault) {
		t.Errorf("the callbacks' port: %v", err)
	}
	if err := check("PORT_HAPROXY"); err == nil || !strings.Contains(err.Error(), "haproxy cannot start: "+fault) {
		t.Errorf("HAProxy's port: %v", err)
	}
}

func free(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
