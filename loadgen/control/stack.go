package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gazua.example/infra/stack/mysqld"
	"gazua.example/infra/stack/secrets"
)

// stack is a throw-away stack: a folder and ports of its own, removed when its control is done.
type stack struct {
	folder string // STACK_DIR
	bin    string
	env    []string
	offset int // of its ports
}

// Where the ports of a throw-away stack are looked for: this much above the usual ones, then further on.
const (
	firstOffset, nextOffset, offsets = 4000, 113, 20
	mysqlPort, brokerPort, frontPort = 13306, 19092, 18080
)

// freeOffset finds ports for a stack. The stack itself looks at each of them again and names one that is taken.
func freeOffset() (int, error) {
	for try := range offsets {
		offset := firstOffset + try*nextOffset
		if free(mysqlPort+offset) && free(brokerPort+offset) && free(frontPort+offset) {
			return offset, nil
		}
	}
	return 0, fmt.Errorf("no ports are free for a throw-away stack: those from %d on are taken", mysqlPort+firstOffset)
}

func free(port int) bool {
	listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err == nil {
		listener.Close()
	}
	return err == nil
}

// start brings a stack up with the programs of bin. The downloaded servers are shared with the folder of servers.
func start(ctx context.Context, folder, bin, servers string, offset int, settings map[string]string) (*stack, error) {
	for _, shared := range []string{"dist", "downloads"} {
		if err := share(filepath.Join(servers, shared), filepath.Join(folder, shared)); err != nil {
			return nil, err
		}
	}
	// The marker by which the stack knows its folder; without it a folder that holds something is refused.
	if err := os.WriteFile(filepath.Join(folder, ".made-by-gazua-stack"), nil, 0o644); err != nil {
		return nil, err
	}
	s := &stack{folder: folder, bin: bin, offset: offset, env: environment(folder, offset, settings)}
	if err := s.do(ctx, "up"); err != nil {
		return nil, errors.Join(fmt.Errorf("start a throw-away stack: %w", err), s.end())
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

// environment is the caller's without what would lead to another stack, with the control's settings.
func environment(folder string, offset int, settings map[string]string) []string {
	var env []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch name {
		case "TARGET", "PG_URL", "PG_ADMIN", "MYSQL_DSN", "MERCHANTS_FILE", "CALLBACK_LISTEN", "KAFKA_BROKERS", "MOCK_PGS":
			continue
		}
		if !strings.HasPrefix(name, "PORT_") {
			env = append(env, variable)
		}
	}
	env = append(env, "STACK_DIR="+folder, "PORT_OFFSET="+strconv.Itoa(offset))
	for name, value := range settings {
		env = append(env, name+"="+value)
	}
	return env
}

// do runs a verb of the stack's program.
func (s *stack) do(ctx context.Context, args ...string) error {
	command := exec.CommandContext(ctx, filepath.Join(s.bin, "stack"), args...)
	command.Env = s.env
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("stack %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(said))
	}
	return nil
}

// end stops everything; the folder stays.
func (s *stack) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	return s.do(ctx, "down")
}

// admin is a DSN of the user that may change the schema.
func (s *stack) admin() (string, error) {
	passwords, err := secrets.Passwords(filepath.Join(s.folder, "secrets"))
	if err != nil {
		return "", err
	}
	return mysqld.Server{Port: mysqlPort + s.offset, Passwords: passwords}.AdminDSN(), nil
}
