// Package stacktest gives tests a real MySQL and a real Kafka-protocol broker, throw-away, on free ports. Tests of any
// module import it; several packages may use it at the same time.
package stacktest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"gazua.example/infra/mysql"
	"gazua.example/infra/stack/folder"
	"gazua.example/infra/stack/install"
	"gazua.example/infra/stack/mysqld"
	"gazua.example/infra/stack/ready"
)

// MySQLServer is a running MySQL with an empty database `payment`. Each DSN has its own user and names that database.
type MySQLServer struct {
	Addr                          string
	AdminDSN, AppDSN, VerifierDSN string
	RootDSN                       string // may do anything to the server, through its socket
	PID                           int    // for a test that freezes or kills it
}

const (
	// startBound includes the installation: a fresh clone may test before it ever ran `make up`.
	startBound = 10 * time.Minute
	// startTries: another process may take a free port before the server does.
	startTries = 3
)

// passwords of throw-away servers; they listen on loopback for some seconds and hold nothing.
var passwords = mysql.Passwords{Root: "test-root", Admin: "test-admin", App: "test-app", Verifier: "test-verifier"}

// StartMySQL starts a throw-away server for a TestMain; stop ends it and removes its files. The server dies with the test
// process, however that dies. It costs a copy of a data directory and a start, about three seconds.
func StartMySQL(ctx context.Context) (server *MySQLServer, stop func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	f, err := folder.Find()
	if err != nil {
		return nil, nil, err
	}
	program, _, err := install.Find(ctx, f, install.MySQL, install.Silent{})
	if err != nil {
		return nil, nil, err
	}
	if err := f.Make(); err != nil { // a machine with a MySQL of its own has installed nothing so far
		return nil, nil, err
	}
	template, err := templateData(ctx, f, program)
	if err != nil {
		return nil, nil, err
	}
	for range startTries {
		if server, stop, err = startCopy(ctx, program, template); err == nil {
			return server, stop, nil
		}
	}
	return nil, nil, err
}

// templateData is an initialised data directory, made once and copied by every server after.
func templateData(ctx context.Context, f folder.Folder, program install.Program) (string, error) {
	unlock, err := folder.Lock(ctx, filepath.Join(f.Test(), "lock"), "test template", nil)
	if err != nil {
		return "", err
	}
	defer unlock()
	s := mysqld.Server{Program: program, DataDir: filepath.Join(f.Test(), "mysql-template"), ConfigDir: f.Test(), Passwords: passwords}
	return s.DataDir, s.Prepare(ctx)
}

func startCopy(ctx context.Context, program install.Program, template string) (*MySQLServer, func(), error) {
	sweep()
	dir, err := os.MkdirTemp("", fmt.Sprintf("gazua-mysql-%d-", os.Getpid()))
	if err != nil {
		return nil, nil, fmt.Errorf("make a folder for MySQL: %w", err)
	}
	s := mysqld.Server{Program: program, DataDir: filepath.Join(dir, "data"), ConfigDir: dir, Passwords: passwords}
	if s.Port, err = freePort(); err != nil {
		return nil, nil, err
	}
	if err := copyData(template, s.DataDir); err != nil {
		return nil, nil, err
	}
	if err := s.Prepare(ctx); err != nil {
		return nil, nil, err
	}
	log := filepath.Join(dir, "mysqld.log")
	process, gone, err := startTied(s, log)
	if err != nil {
		return nil, nil, err
	}
	stop := func() {
		_ = process.Kill() // a test may have done so already
		<-gone
		os.RemoveAll(dir)
	}
	if err := ready.Wait(ctx, ready.MySQL(s.AppDSN()), gone); err != nil {
		text, _ := os.ReadFile(log)
		stop()
		return nil, nil, fmt.Errorf("start MySQL: %w\n%s", err, text)
	}
	root := fmt.Sprintf("root:%s@unix(%s)/payment", passwords.Root, filepath.Join(s.DataDir, "mysql.sock"))
	return &MySQLServer{fmt.Sprintf("127.0.0.1:%d", s.Port), s.AdminDSN(), s.AppDSN(), s.VerifierDSN(), root, process.Pid}, stop, nil
}

// startTied starts the server so that the kernel kills it when the test ends. The kernel watches the thread that
// started it, not the process, so that thread is held until the server is gone.
func startTied(s mysqld.Server, log string) (process *os.Process, gone <-chan struct{}, err error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, nil, fmt.Errorf("make MySQL's log: %w", err)
	}
	path, args := s.Command()
	cmd := exec.Command(path, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = []string{"TZ=UTC"}, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		defer close(ended)
		defer out.Close()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // killed by stop: its exit tells nothing
		}
	}()
	if err := <-started; err != nil {
		return nil, nil, fmt.Errorf("start MySQL: %w", err)
	}
	return cmd.Process, ended, nil
}

// sweep removes the folders of tests that were killed before they could clean up; each has its test's pid in its name.
func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), "gazua-mysql-*-*"))
	for _, dir := range dirs {
		var pid int
		if _, err := fmt.Sscanf(filepath.Base(dir), "gazua-mysql-%d-", &pid); err != nil {
			continue
		}
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); errors.Is(err, os.ErrNotExist) {
			os.RemoveAll(dir)
		}
	}
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// copyData clones a data directory; the server's own identity (auto.cnf) is made anew. cp knows how to share blocks
// and skip holes, which the redo log is made of.
func copyData(from, to string) error {
	out, err := exec.Command("cp", "-a", "--reflink=auto", "--sparse=always", from, to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("copy MySQL's data directory: %w: %s", err, out)
	}
	return os.RemoveAll(filepath.Join(to, "auto.cnf"))
}
