package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The program is started as a process of its own: exit codes and signals are part of what it promises.
func TestMain(m *testing.M) {
	switch os.Getenv("LOADGEN_TEST_ROLE") {
	case "loadgen":
		main()
	case "waits": // a run that never ends by itself
		ctx, _ := interruptible(os.Stderr)
		println("running")
		<-ctx.Done()
		println("settling")
		select {}
	}
	os.Exit(m.Run())
}

func loadgen(t *testing.T, args ...string) (code int, out, progress string) {
	t.Helper()
	command := exec.Command(os.Args[0], args...)
	command.Env = append(os.Environ(), "LOADGEN_TEST_ROLE=loadgen", "MYSQL_DSN=")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr, command.Dir = &stdout, &stderr, t.TempDir()
	_ = command.Run() // the code tells
	return command.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

func TestLoadgen_WrongCall_IsOneSentenceAndExit2(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.yaml", "name: x\nstages:\n- {rate: 1, duration: 1s}\n")
	bad := write("bad.yaml", "name: x\nstages:\n- {rate: 1, duration: 1s}\nspeed: 3\n")
	merchants := write("merchants.json", `[{"id":1,"name":"a","api_key":"k"},{"id":2,"name":"b","api_key":"l"}]`)
	stack := write("stack.env", "TARGET=http://127.0.0.1:1\nPG_ADMIN=http://127.0.0.1:1\nMYSQL_DSN=v:hunter2@tcp(127.0.0.1:1)/payment\nMERCHANTS_FILE="+merchants+"\n")
	badDSN := write("dsn.env", "MYSQL_DSN=v:hunter2@tcp(127.0.0.1:1\nMERCHANTS_FILE="+merchants+"\n")
	for want, args := range map[string][]string{
		"Loadgen sends load":                          {},
		"there is no command \"walk\"":                {"walk"},
		"the scenario's file is missing":              {"run"},
		"one argument too many":                       {"run", good, "more"},
		"no such file":                                {"run", "nowhere.yaml"},
		"bad.yaml:4: speed: is not a field":           {"run", bad},
		"--rate must be above 0":                      {"run", good, "--rate", "-1"},
		"--duration must be 1ms or more":              {"run", "--duration", "0s", good},
		"invalid value \"-5\" for flag -seed":         {"run", good, "--seed", "-5"},
		"not defined":                                 {"run", good, "--colour"},
		"there is no stack":                           {"run", good, "--stack", "nowhere.env"},
		"reach the database at 127.0.0.1:1":           {"run", good, "--stack", stack},
		"MYSQL_DSN is not of the form":                {"run", good, "--stack", badDSN},
		"is not the folder of a run":                  {"verify", folder},
		"the run's folder is missing: loadgen verify": {"verify"},
	} {
		code, out, progress := loadgen(t, args...)
		if code != 2 || !strings.Contains(progress, want) || out != "" {
			t.Errorf("%q: exit %d, want 2 and %q\nstdout %q\nstderr %q", args, code, want, out, progress)
		}
		if strings.Contains(progress, "hunter2") {
			t.Errorf("%q shows the password: %q", args, progress)
		}
	}
}

func TestLoadgen_Help_ListsFlagsAndEnvironment(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"run", "--help"}, {"verify", "--help"}} {
		code, out, progress := loadgen(t, args...)
		text := out + progress
		if code != 0 || !strings.Contains(text, "MYSQL_DSN") || !strings.Contains(text, "TARGET") {
			t.Errorf("%q: exit %d\n%s", args, code, text)
		}
	}
}

func TestInterruptible_FirstSignalEndsTheLoadSecondAborts(t *testing.T) {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "LOADGEN_TEST_ROLE=waits")
	progress, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer progress.Close()
	command.Stderr = progress
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"running", "settling"} {
		said := ""
		for deadline := time.Now().Add(10 * time.Second); !strings.Contains(said, step); time.Sleep(5 * time.Millisecond) {
			text, _ := os.ReadFile(progress.Name())
			if said = string(text); time.Now().After(deadline) {
				t.Fatalf("it never said %q: %q", step, said)
			}
		}
		if err := command.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
	}
	_ = command.Wait()
	text, _ := os.ReadFile(progress.Name())
	if code := command.ProcessState.ExitCode(); code != 130 || !strings.Contains(string(text), "aborted") {
		t.Errorf("exit %d, said %q", code, text)
	}
}
