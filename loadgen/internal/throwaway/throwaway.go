// Package throwaway starts stacks that live as long as one command: a folder and ports of their own, downloaded servers
// shared with another stack's folder, ended and removed by whoever started them.
//
//	FreeOffset ─► Start ─► Restart, Do … ─► End ─► Remove
package throwaway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gazua.example/infra/stack/mysqld"
	"gazua.example/infra/stack/secrets"
)

// Stack is one that is up, or was.
type Stack struct {
	Folder string   // STACK_DIR
	Env    []string // of its verbs, and of a loadgen that is to look at this stack and no other
	bin    string
	offset int // of its ports
}

// Where the ports of a throw-away stack are looked for: this much above the usual ones, then further on.
const (
	firstOffset, nextOffset, offsets = 4000, 113, 20
	mysqlPort, brokerPort, frontPort = 13306, 19092, 18080
	statsPort                        = 18480
)

// FreeOffset finds ports for a stack. The stack itself looks at each of them again and names one that is taken.
func FreeOffset() (int, error) {
	for try := range offsets {
		offset := firstOffset + try*nextOffset
		if free(mysqlPort+offset) && free(brokerPort+offset) && free(frontPort+offset) {
			return offset, nil
		}
	}
	return 0, fmt.Errorf("no ports are free for a throw-away stack: those from %d on are taken", mysqlPort+firstOffset)
}

// BrokerPort is where the broker of a stack with this offset listens.
func BrokerPort(offset int) int { return brokerPort + offset }

// MySQLAddress is where the MySQL of a stack with this offset listens.
func MySQLAddress(offset int) string { return "127.0.0.1:" + strconv.Itoa(mysqlPort+offset) }

// StatsURL is where its balancer tells whom it sends requests to.
func (s *Stack) StatsURL() string { return "http://127.0.0.1:" + strconv.Itoa(statsPort+s.offset) }

func free(port int) bool {
	listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err == nil {
		listener.Close()
	}
	return err == nil
}

// Start brings a stack up with the programs of bin. The downloaded servers are shared with the folder of servers.
func Start(ctx context.Context, folder, bin, servers string, offset int, settings map[string]string) (*Stack, error) {
	for _, shared := range []string{"dist", "downloads"} {
		if err := share(filepath.Join(servers, shared), filepath.Join(folder, shared)); err != nil {
			return nil, err
		}
	}
	// The marker by which the stack knows its folder; without it a folder that holds something is refused.
	if err := os.WriteFile(filepath.Join(folder, ".made-by-gazua-stack"), nil, 0o644); err != nil {
		return nil, err
	}
	s := &Stack{Folder: folder, bin: bin, offset: offset, Env: environment(folder, offset, settings)}
	if err := s.Do(ctx, "up"); err != nil {
		return nil, errors.Join(fmt.Errorf("start a throw-away stack: %w", err), s.End())
	}
	return s, nil
}

func share(from, to string) error {
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("the servers are not there (`bin/stack install` downloads them): %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	absolute, err := filepath.Abs(from)
	if err != nil {
		return err
	}
	return os.Symlink(absolute, to)
}

// environment is the caller's without what would lead to another stack, with settings of its programs. An empty setting
// takes away one that the caller has.
func environment(folder string, offset int, settings map[string]string) []string {
	var env []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch name {
		case "TARGET", "PG_URL", "PG_ADMIN", "MYSQL_DSN", "MYSQL_VIA", "MERCHANTS_FILE", "CALLBACK_LISTEN", "KAFKA_BROKERS", "MOCK_PGS",
			"ARCHIVE_DIR", "RUN_DIR":
			continue
		}
		if _, set := settings[name]; !set && !strings.HasPrefix(name, "PORT_") {
			env = append(env, variable)
		}
	}
	env = append(env, "STACK_DIR="+folder, "PORT_OFFSET="+strconv.Itoa(offset))
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if value := settings[name]; value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// File is where its addresses stand.
func (s *Stack) File() string { return filepath.Join(s.Folder, "stack.env") }

// Do runs a verb of the stack's program. When ctx ends the verb is asked to end, and what it started is on record.
func (s *Stack) Do(ctx context.Context, args ...string) error {
	command := exec.CommandContext(ctx, filepath.Join(s.bin, "stack"), args...)
	command.Env = s.Env
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a person's second Ctrl-C must not keep it from ending things
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = verbBound
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("stack %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(said))
	}
	return nil
}

// Bounds of what ends.
const (
	verbBound = 20 * time.Second // a verb that was asked to
	downBound = 3 * time.Minute  // everything
)

// End stops everything; the folder stays. It has a time of its own: what asked for the stack may have been cancelled.
func (s *Stack) End() error {
	ctx, cancel := context.WithTimeout(context.Background(), downBound)
	defer cancel()
	return s.Do(ctx, "down")
}

// Remove deletes the folder of a stack that has ended.
func (s *Stack) Remove() error { return os.RemoveAll(s.Folder) }

// AdminDSN is that of the user that may change the schema.
func (s *Stack) AdminDSN() (string, error) {
	passwords, err := secrets.Passwords(filepath.Join(s.Folder, "secrets"))
	if err != nil {
		return "", err
	}
	return mysqld.Server{Port: mysqlPort + s.offset, Passwords: passwords}.AdminDSN(), nil
}
