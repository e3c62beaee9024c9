// Package mysqld prepares one real MySQL server: its configuration, its users and its data directory. It starts nothing
// that stays; who runs the server (the stack, or a test) executes Command.
package mysqld

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"gazua.example/infra/mysql"
	"gazua.example/infra/stack/install"
)

// Server is one MySQL server with its folders.
type Server struct {
	Program   install.Program
	DataDir   string // made by Prepare when absent
	ConfigDir string // my.cnf and the init file, which holds passwords
	Port      int
	Passwords mysql.Passwords
	Durable   bool // false: a throw-away server of a test
}

// initBound is for a slow disk; it takes two seconds on a quiet one.
const initBound = 2 * time.Minute

// Prepare writes the configuration and, the first time, the data directory. The caller has seen that the server does not run.
func (s Server) Prepare(ctx context.Context) error {
	if err := s.configure(); err != nil {
		return err
	}
	if err := s.unlock(); err != nil {
		return err
	}
	return s.initialise(ctx)
}

// unlock removes what a killed server leaves beside its socket: a file with its pid. When that has gone to another process by
// now, the server would take that one for itself and never start again. Two servers on one data directory InnoDB's own locks
// prevent.
func (s Server) unlock() error {
	if err := os.Remove(filepath.Join(s.DataDir, "mysql.sock.lock")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the lock of a MySQL that has died: %w", err)
	}
	return nil
}

// Command is what starts the server.
func (s Server) Command() (path string, args []string) {
	return s.Program.Command("--defaults-file=" + s.configFile())
}

// DSN is how user reaches the payment database of the server.
func (s Server) DSN(user, password string) string {
	return dsn(user, password, fmt.Sprintf("127.0.0.1:%d", s.Port))
}

func dsn(user, password, address string) string {
	return fmt.Sprintf("%s:%s@tcp(%s)/payment", user, password, address)
}

// AdminDSN may change the schema.
func (s Server) AdminDSN() string { return s.DSN("payment_admin", s.Passwords.Admin) }

// AppDSN reads and writes rows, makes partitions, and takes old ones out (EXCHANGE PARTITION wants ALTER, INSERT, CREATE and
// DROP of both tables).
func (s Server) AppDSN() string { return s.DSN(app, s.Passwords.App) }

// AppDSNVia is the same by another way: what listens at address (host:port) passes on to this server.
func (s Server) AppDSNVia(address string) string { return dsn(app, s.Passwords.App, address) }

const app = "payment_app"

// VerifierDSN only reads.
func (s Server) VerifierDSN() string { return s.DSN("verifier", s.Passwords.Verifier) }

func (s Server) configFile() string { return filepath.Join(s.ConfigDir, "my.cnf") }

func (s Server) configure() error {
	server := mysql.Server{
		Port: s.Port, DataDir: s.DataDir, InitFile: filepath.Join(s.ConfigDir, "mysql-init.sql"),
		Root: s.Program.Root, Durable: s.Durable, BufferPoolMiB: 1024, RedoLogMiB: 1024,
	}
	if !s.Durable {
		server.BufferPoolMiB, server.RedoLogMiB = 128, 32
	}
	if os.Geteuid() == 0 {
		server.User = "root"
	}
	if err := os.WriteFile(s.configFile(), []byte(server.Config()), 0o600); err != nil {
		return fmt.Errorf("write MySQL's configuration: %w", err)
	}
	if err := os.WriteFile(server.InitFile, []byte(s.Passwords.InitSQL()), 0o600); err != nil {
		return fmt.Errorf("write MySQL's init file: %w", err)
	}
	return nil
}

// initialise makes the data directory under another name and renames it when it is whole: a directory that a crash left
// half-made would never start.
func (s Server) initialise(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(s.DataDir, "mysql.ibd")); err == nil {
		return nil
	}
	partial := s.DataDir + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return fmt.Errorf("remove an unfinished data directory: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, initBound)
	defer cancel()
	path, args := s.Program.Command("--defaults-file="+s.configFile(), "--datadir="+partial, "--initialize-insecure")
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("initialise MySQL's data directory: %w:\n%s", err, strings.TrimSpace(string(out)))
	}
	if err := os.Rename(partial, s.DataDir); err != nil {
		return fmt.Errorf("initialise MySQL's data directory: %w", err)
	}
	return nil
}
