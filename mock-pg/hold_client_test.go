package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// client is a process that holds connections (holdClient). It ends when its standard input does.
type client struct {
	t       *testing.T
	command *exec.Cmd
	stdin   io.WriteCloser
	lines   *bufio.Scanner
}

func startClient(t *testing.T, address string, from, count int) *client {
	t.Helper()
	c := &client{t: t, command: exec.Command(os.Args[0])}
	c.command.Env = append(os.Environ(), fmt.Sprintf("HOLD_CLIENT=%s %d %d", address, from, count))
	c.command.Stderr = os.Stderr
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if c.stdin, err = c.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.command.Process.Kill(), c.command.Wait() })
	c.lines = bufio.NewScanner(stdout)
	return c
}

func (c *client) expect(want string) {
	c.t.Helper()
	if !c.lines.Scan() || c.lines.Text() != want {
		c.t.Fatalf("a client says %q, want %q", c.lines.Text(), want)
	}
}

// leave asks whether anybody was answered, and lets it end.
func (c *client) leave() {
	c.t.Helper()
	_ = c.stdin.Close()
	c.expect("nobody was answered")
	if err := c.command.Wait(); err != nil {
		c.t.Errorf("a client: %v", err)
	}
}

// holdClient is the program of a client: it opens the connections, sends a charge on each, says "sent", waits for its
// standard input to end, and looks whether any connection was answered or closed.
func holdClient(wish string) error {
	var address string
	var from, count int
	if _, err := fmt.Sscanf(wish, "%s %d %d", &address, &from, &count); err != nil {
		return err
	}
	// A source address of its own for each client: 28,000 ports of one address would do for one instance, and not for all.
	dialer := &net.Dialer{Timeout: 20 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+from/perClient))}}
	conns := make([]net.Conn, count)
	for i := range conns {
		var err error
		if conns[i], err = dialer.Dial("tcp", address); err != nil {
			return err
		}
		body := charge(fmt.Sprintf("held-%d.1", from+i), "gz1;charge=silent/10m:after")
		if _, err := fmt.Fprintf(conns[i], "POST /pg/v1/charge HTTP/1.1\r\nHost: mock\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
			return err
		}
	}
	fmt.Println("sent")
	_, _ = io.Copy(io.Discard, os.Stdin)
	for i, conn := range conns {
		_ = conn.SetReadDeadline(time.Now().Add(time.Microsecond))
		if n, err := conn.Read(make([]byte, 1)); n > 0 || !os.IsTimeout(err) {
			return errors.Join(fmt.Errorf("connection %d was answered or closed, %d bytes came", i, n), err)
		}
	}
	fmt.Println("nobody was answered")
	return nil
}
