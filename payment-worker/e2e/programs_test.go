package e2e_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is one running process.
type program struct {
	name, url, admin string
	cmd              *exec.Cmd
	log              string
	ended            chan struct{} // closed when it has; exit code in cmd.ProcessState
}

var (
	starting sync.Mutex // guards what follows
	started  []*program
)

// launched are all programs so far, also those that have ended.
func launched() []*program {
	starting.Lock()
	defer starting.Unlock()
	return slices.Clone(started)
}

func startAPI(ctx context.Context, name string) (*program, error) {
	listen, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return start(ctx, name, "payment-api", listen)
}

func startWorker(ctx context.Context, name string) (*program, error) {
	return start(ctx, name, "payment-worker", "", workerEnv()...)
}

func start(ctx context.Context, name, binary, listen string, env ...string) (*program, error) {
	p, err := launch(name, binary, listen, env...)
	if err != nil {
		return nil, err
	}
	return p, p.waitReady(ctx)
}

// launch starts a program and does not wait for it.
func launch(name, binary, listen string, env ...string) (*program, error) {
	admin, err := freeAddr()
	if err != nil {
		return nil, err
	}
	p := &program{name: name, url: "http://" + listen, admin: "http://" + admin, ended: make(chan struct{})}
	log, err := os.CreateTemp(system.programs, name+"-*.log")
	if err != nil {
		return nil, err
	}
	p.log = log.Name()
	p.cmd = exec.Command(filepath.Join(system.programs, binary))
	p.cmd.Env = append(append(programEnv(), env...), "LISTEN="+listen, "ADMIN_LISTEN="+admin, "INSTANCE="+name)
	p.cmd.Stderr = log
	if err := p.startTied(log); err != nil {
		return nil, err
	}
	starting.Lock()
	defer starting.Unlock()
	started = append(started, p)
	return p, nil
}

func programEnv() []string {
	return append(append(os.Environ(), deadlines...), "MYSQL_DSN="+system.mysql.AppDSN, "OTEL_EXPORTER_OTLP_ENDPOINT="+system.traces.URL,
		"PG_URL="+system.pg.URL(), "POINT_URL="+system.pg.URL(), "COUPON_URL="+system.pg.URL())
}

func workerEnv() []string {
	return []string{"KAFKA_BROKERS=" + system.broker, "CALLBACK_ALLOW=127.0.0.1/32", "ARCHIVE_DIR=" + filepath.Join(system.programs, "archive")}
}

// startTied starts the program so that the kernel kills it when the test dies, however that dies. The kernel watches the
// thread that started it, so that thread is held until the program is gone.
func (p *program) startTied(log *os.File) error {
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	running := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		defer close(p.ended)
		defer log.Close()
		err := p.cmd.Start()
		running <- err
		if err == nil {
			_ = p.cmd.Wait() // how it ended is in ProcessState
		}
	}()
	return <-running
}

func (p *program) waitReady(ctx context.Context) error {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.admin+"/readyz", nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended before it was ready:\n%s", p.name, p.tail())
		default:
		}
	}
	return fmt.Errorf("%s does not become ready:\n%s", p.name, p.tail())
}

// signal sends a signal; end waits for the end and returns the exit code, -1 for a killed one.
func (p *program) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

func (p *program) end(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(30 * time.Second):
		t.Fatalf("%s does not end:\n%s", p.name, p.tail())
		return 0
	}
}

func (p *program) tail() string {
	text, _ := os.ReadFile(p.log)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

func endPrograms() {
	all := launched()
	for _, p := range all {
		p.signal(syscall.SIGKILL)
	}
	for _, p := range all {
		<-p.ended
	}
}

func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
