package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// find looks for a peer on the PATH and in the folder of tools.
func (b *bench) find(name, install string) (string, bool) {
	if path, err := exec.LookPath(name); err == nil {
		return path, true
	}
	if path, err := filepath.Abs(filepath.Join(b.tools, name)); err == nil {
		if _, err := os.Stat(path); err == nil {
			return path, true
		}
	}
	fmt.Printf("%s is not there and is left out: %s\n", name, install)
	return "", false
}

// How a peer that is missing is installed.
const (
	byPackages = "`apt-get install wrk nginx-light`"
	byVegeta   = "`GOBIN=$PWD/.tools GOWORK=off go install github.com/tsenart/vegeta/v12@v12.13.0`"
	byK6       = "`GOBIN=$PWD/.tools GOWORK=off go install go.k6.io/k6@v1.8.1`"
	byWireMock = "`mvn dependency:copy -Dartifact=org.wiremock:wiremock-standalone:3.13.1 -DoutputDirectory=.tools` (and Java 17)"
)

// spent runs a program to its end and returns the CPU time that it used, user and system.
func spent(ctx context.Context, name string, args ...string) (cpu time.Duration, said string, err error) {
	var output bytes.Buffer
	command := exec.CommandContext(ctx, name, args...)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return 0, "", fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, strings.TrimSpace(output.String()))
	}
	return command.ProcessState.UserTime() + command.ProcessState.SystemTime(), output.String(), nil
}

func (b *bench) file(name, text string) string {
	path := filepath.Join(b.work, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		panic(err) // a scratch folder of our own
	}
	return path
}
