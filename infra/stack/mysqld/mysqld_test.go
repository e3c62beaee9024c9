package mysqld_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"

	"gazua.example/infra/stack/folder"
	"gazua.example/infra/stack/install"
	"gazua.example/infra/stack/mysqld"
	"gazua.example/infra/stack/proc"
	"gazua.example/infra/stack/ready"
	"gazua.example/infra/stack/secrets"
)

// The stack's own server: durable, in a folder too deep for a unix socket's path, with the secrets file always winning.
func TestServer_KeepsCommitsOverAKillAndTakesNewPasswords(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 20))
	f := folder.Folder(filepath.Join(dir, ".stack"))
	if err := f.Make(); err != nil {
		t.Fatal(err)
	}
	s := mysqld.Server{Program: program(ctx, t), DataDir: filepath.Join(f.Data(), "mysql"), ConfigDir: f.Secrets(), Port: freePort(t), Passwords: secrets.NewPasswords(), Durable: true}
	first := start(ctx, t, s, f)
	exec(t, s.AdminDSN(), "CREATE TABLE t (id INT PRIMARY KEY)")
	exec(t, s.AppDSN(), "INSERT INTO t VALUES (1)")
	for variable, want := range map[string]string{
		"innodb_flush_log_at_trx_commit": "1", "sync_binlog": "1", "log_bin": "1", "transaction_isolation": "READ-COMMITTED",
		"innodb_lock_wait_timeout": "3", "bind_address": "127.0.0.1", "time_zone": "+00:00", "innodb_buffer_pool_size": "1073741824",
		"innodb_redo_log_capacity": "1073741824", "binlog_row_image": "MINIMAL",
	} {
		if got := query(t, s.AppDSN(), "SELECT @@global."+variable); got != want {
			t.Errorf("%s = %s, want %s", variable, got, want)
		}
	}
	if err := first.Kill(ctx); err != nil {
		t.Fatal(err)
	}
	// The killed one's pid, which stands in its lock, is somebody else's by now.
	other := osexec.CommandContext(ctx, "sleep", "600")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Process.Kill(); _ = other.Wait() }()
	if err := os.WriteFile(filepath.Join(s.DataDir, "mysql.sock.lock"), fmt.Appendln(nil, other.Process.Pid), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Passwords = secrets.NewPasswords()
	second := start(ctx, t, s, f)
	if got := query(t, s.VerifierDSN(), "SELECT COUNT(*) FROM t"); got != "1" {
		t.Errorf("after kill -9: %s rows, want 1", got)
	}
	if killed, err := second.Stop(ctx, syscall.SIGTERM, time.Minute); err != nil || killed {
		t.Errorf("stop: killed=%v %v", killed, err)
	}
}

func program(ctx context.Context, t *testing.T) install.Program {
	t.Helper()
	f, err := folder.Find()
	if err != nil {
		t.Fatal(err)
	}
	program, _, err := install.Find(ctx, f, install.MySQL, install.Silent{})
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func start(ctx context.Context, t *testing.T, s mysqld.Server, f folder.Folder) proc.Record {
	t.Helper()
	if err := s.Prepare(ctx); err != nil {
		t.Fatal(err)
	}
	path, args := s.Command()
	r, gone, err := proc.Start(proc.Spec{Name: "mysql", Path: path, Args: args, Log: filepath.Join(f.Logs(), "mysql.log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Kill(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := ready.Wait(ctx, ready.MySQL(s.AppDSN()), gone); err != nil {
		t.Fatal(err)
	}
	return r
}

func exec(t *testing.T, dsn, statement string) {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func query(t *testing.T, dsn, statement string) (value string) {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(statement).Scan(&value); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return value
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
