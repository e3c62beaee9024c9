package haproxy_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gazua.example/infra/haproxy"
	"gazua.example/infra/stack/folder"
	"gazua.example/infra/stack/install"
	"gazua.example/infra/stack/ready"
)

// The times of the real configuration are too long for a test: these are shorter, and the real HAProxy keeps to them.
var shorter = strings.NewReplacer("timeout server 15s", "timeout server 300ms", "set-timeout server 40s", "set-timeout server 20s")

func TestConfig_OnlyWhoAsksToWaitMayWaitLong(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(time.Second): // over the time that others have
		case <-r.Context().Done():
		}
	}))
	defer api.Close()
	health := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer health.Close()
	front := start(t, haproxy.Balancer{Port: freePort(t), StatsPort: freePort(t), Servers: []haproxy.Server{{Name: "api", Port: portOf(api), AdminPort: portOf(health)}}})
	for prefer, want := range map[string]int{
		"": http.StatusGatewayTimeout, "respond-async": http.StatusGatewayTimeout,
		"wait=30": http.StatusOK, "respond-async, Wait=5": http.StatusOK,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, front, nil)
		if err != nil {
			t.Fatal(err)
		}
		if prefer != "" {
			request.Header.Set("Prefer", prefer)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("Prefer: %q is answered %d, want %d", prefer, answer.StatusCode, want)
		}
	}
}

// start starts a real HAProxy, which must say nothing against its configuration, and waits until it sees its servers.
func start(t *testing.T, b haproxy.Balancer) (url string) {
	t.Helper()
	f, err := folder.Find()
	if err != nil {
		t.Fatal(err)
	}
	program, _, err := install.Find(t.Context(), f, install.HAProxy, install.Silent{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	real, short := filepath.Join(dir, "real.cfg"), filepath.Join(dir, "short.cfg")
	for file, text := range map[string]string{real: b.Config(), short: shorter.Replace(b.Config())} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path, args := program.Command("-c", "-q", "-f", real)
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("HAProxy on the configuration: %v\n%s", err, out)
	}
	path, args = program.Command("-db", "-f", short)
	cmd := exec.Command(path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-gone; log.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := ready.Wait(ctx, ready.HAProxy(address(b.StatsPort), "api"), gone); err != nil {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("%v\n%s", err, text)
	}
	return address(b.Port)
}

func address(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

func portOf(server *httptest.Server) int { return server.Listener.Addr().(*net.TCPAddr).Port }

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
