// Package failures_test takes one dependency after another away from a running payment-api and measures what a merchant sees:
// which status, how fast, and that it heals by itself. The program is the shipped one with its shipped time-outs, MySQL is
// real, and the means are the mock PG. docs/failure-modes.md is written from what this prints:
//
//	go test ./failures -v | grep '│'
package failures_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"gazua.example/infra/stack/stacktest"
	"gazua.example/mock-pg/pgsim"
	"gazua.example/payment-api/mysql"
)

// system is what the tests share. Each starts an API of its own, with what is to be taken away behind a wall.
var system struct {
	dir, program string
	mysql        *stacktest.MySQLServer
	root         *sql.DB
	pg           *pgsim.Server
}

const apiKey = "failures-test-key"

func TestMain(m *testing.M) {
	code, err := withSystem(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withSystem(m *testing.M) (code int, err error) {
	if system.dir, err = os.MkdirTemp("", "gazua-failures-"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(system.dir)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	system.program = filepath.Join(system.dir, "payment-api")
	build := exec.CommandContext(ctx, "go", "build", "-o", system.program, ".")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build payment-api: %w\n%s", err, out)
	}
	server, stop, err := stacktest.StartMySQL(ctx)
	if err != nil {
		return 1, err
	}
	defer stop()
	system.mysql = server
	if system.root, err = sql.Open("mysql", server.RootDSN); err != nil {
		return 1, err
	}
	defer system.root.Close()
	system.root.SetMaxOpenConns(2)
	if err := prepare(ctx); err != nil {
		return 1, err
	}
	if system.pg, err = pgsim.Start(pgsim.Options{BookDir: filepath.Join(system.dir, "book")}); err != nil {
		return 1, err
	}
	defer func() {
		bound, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = system.pg.Stop(bound) // it may still be keeping silent to somebody
	}()
	return m.Run(), nil
}

// prepare makes the tables and a merchant.
func prepare(ctx context.Context) error {
	admin, err := mysql.Open(system.mysql.AdminDSN, 2)
	if err != nil {
		return err
	}
	defer admin.Close()
	if _, err := mysql.Migrate(ctx, admin); err != nil {
		return err
	}
	if _, err := mysql.MakePartitions(ctx, admin, time.Now()); err != nil {
		return err
	}
	var merchants []mysql.Merchant
	text := fmt.Sprintf(`[{"id": 1, "name": "a", "api_key": %q, "webhook_secret": "whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh", "callback_url": "http://127.0.0.1:1/"}]`, apiKey)
	if err := json.Unmarshal([]byte(text), &merchants); err != nil {
		return err
	}
	return mysql.RegisterMerchants(ctx, admin, merchants)
}

// api is a running payment-api.
type api struct {
	url, admin string
	client     *http.Client
	log        string
	cmd        *exec.Cmd
	ended      chan struct{}
}

// start starts one with these settings besides the necessary ones, and waits until it is ready.
func start(t *testing.T, env ...string) *api {
	t.Helper()
	listen, admin := freeAddress(t), freeAddress(t)
	log, err := os.CreateTemp(system.dir, "*.log")
	if err != nil {
		t.Fatal(err)
	}
	a := &api{
		url: "http://" + listen, admin: "http://" + admin, log: log.Name(), ended: make(chan struct{}), cmd: exec.Command(system.program),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 512}, Timeout: time.Minute},
	}
	a.cmd.Env = append(append(os.Environ(), "MYSQL_DSN="+system.mysql.AppDSN, "PG_URL="+system.pg.URL(), "POINT_URL="+system.pg.URL(), "COUPON_URL="+system.pg.URL(),
		"LISTEN="+listen, "ADMIN_LISTEN="+admin, "INSTANCE=api"), env...)
	a.cmd.Stderr = log
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	running := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the kernel watches the thread that started it, so this one is never given up
		defer close(a.ended)
		defer log.Close()
		err := a.cmd.Start()
		running <- err
		if err == nil {
			_ = a.cmd.Wait()
		}
	}()
	if err := <-running; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = a.cmd.Process.Kill()
		<-a.ended
		a.client.CloseIdleConnections()
	})
	within(t, 30*time.Second, "payment-api is ready", a.ready)
	return a
}

func (a *api) ready() bool {
	response, err := http.Get(a.admin + "/readyz")
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// logged says that its log has such a line.
func (a *api) logged(t *testing.T, what string) bool {
	t.Helper()
	text, err := os.ReadFile(a.log)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(text, []byte(what))
}

// dsnAt is the application's database at another address.
func dsnAt(address string) string {
	return strings.Replace(system.mysql.AppDSN, system.mysql.Addr, address, 1)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// within polls until it is so.
func within(t *testing.T, bound time.Duration, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(bound); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", bound, what)
		}
	}
}
