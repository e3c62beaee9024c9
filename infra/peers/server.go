package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a process that is measured or measured against.
type server struct {
	url   string
	ready string // answers below 500 once it serves
	cmd   *exec.Cmd
	log   *os.File
}

// serve starts a server and waits until it answers.
func (b *bench) serve(ctx context.Context, s *server, name string, args ...string) (*server, error) {
	var err error
	if s.log, err = os.CreateTemp(b.work, "log"); err != nil {
		return nil, err
	}
	s.cmd = exec.Command(name, args...)
	s.cmd.Env = append(os.Environ(), s.cmd.Env...)
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.Dir = s.log, s.log, b.work
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if response, err := http.Get(s.ready); err == nil {
			_ = response.Body.Close()
			if response.StatusCode < http.StatusInternalServerError {
				return s, nil
			}
		}
	}
	s.stop()
	text, _ := os.ReadFile(s.log.Name())
	return nil, fmt.Errorf("%s does not serve within 30 s: %s", filepath.Base(name), text)
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	ended := make(chan struct{})
	go func() { _ = s.cmd.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // its own process group, which we made
		<-ended
	}
	_ = s.log.Close()
}

// cpu is what the server's processes have used so far: its own, and those of the workers that it has.
func (s *server) cpu() time.Duration {
	pids := []string{strconv.Itoa(s.cmd.Process.Pid)}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", s.cmd.Process.Pid))
	var ticks int64
	for _, pid := range append(pids, strings.Fields(string(children))...) {
		text, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			continue
		}
		_, behind, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(behind)
		for _, field := range fields[11:13] { // utime, stime
			n, _ := strconv.ParseInt(field, 10, 64)
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 on Linux
}

// nginx answers every request with one text.
func (b *bench) nginx(ctx context.Context, status int, answer string) (*server, error) {
	path, ok := b.find("nginx", byPackages)
	if !ok {
		return nil, fmt.Errorf("without nginx there is nothing to measure against: %s", byPackages)
	}
	port := freePort()
	configuration := b.file("nginx.conf", fmt.Sprintf(`daemon off;
worker_processes 1;
pid %[1]s/nginx.pid;
error_log stderr crit;
events { worker_connections 20000; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 300s; client_body_buffer_size 16k;
  client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
  server {
    listen 127.0.0.1:%[2]d backlog=4096;
    location /requests { stub_status; }
    location / { default_type application/json; return %[3]d '%[4]s'; }
  }
}
`, b.work, port, status, answer))
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	return b.serve(ctx, &server{url: url, ready: url + "/requests"}, path, "-c", configuration, "-p", b.work)
}

// requests is how many an nginx has answered.
func (s *server) requests() (int64, error) {
	response, err := http.Get(s.url + "/requests")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var active, accepted, handled, requests int64
	_, err = fmt.Fscanf(response.Body, "Active connections: %d \nserver accepts handled requests\n %d %d %d", &active, &accepted, &handled, &requests)
	return requests, err
}

func freePort() int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err) // a machine without a free port runs nothing
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
