package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// target is one fuzz target: a function of a package's tests.
type target struct {
	name   string
	folder string // of its package, from the working directory
}

// toolchain is the Go that compiles and fuzzes.
type toolchain struct{ program string }

// find lists the fuzz targets of the modules, in the order of their folders.
func (g toolchain) find(ctx context.Context, modules []string) ([]target, error) {
	var targets []target
	for _, module := range modules {
		folders, err := g.candidates(ctx, module)
		if err != nil {
			return nil, err
		}
		for _, folder := range folders {
			out, err := g.run(ctx, "test", "-list", "^Fuzz", "./"+folder)
			if err != nil {
				return nil, fmt.Errorf("list the fuzz targets of %s: %w\n%s", folder, err, out)
			}
			for line := range strings.Lines(out) {
				if name := strings.TrimSpace(line); strings.HasPrefix(name, "Fuzz") {
					targets = append(targets, target{name, folder})
				}
			}
		}
	}
	if len(targets) == 0 {
		return nil, fmt.Errorf("there is no fuzz target in %s", strings.Join(modules, ", "))
	}
	return targets, nil
}

// candidates are the packages whose tests speak of a fuzz target. To ask only them saves the building of all other tests,
// and the databases that some of those start before they list anything.
func (g toolchain) candidates(ctx context.Context, module string) ([]string, error) {
	const files = "{{range .TestGoFiles}}{{$.Dir}}/{{.}}\n{{end}}{{range .XTestGoFiles}}{{$.Dir}}/{{.}}\n{{end}}"
	out, err := g.run(ctx, "list", "-f", files, "./"+filepath.Join(module, "..."))
	if err != nil {
		return nil, fmt.Errorf("list the packages of %s: %w\n%s", module, err, out)
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the packages of %s: %w", module, err)
	}
	var folders []string
	for file := range strings.FieldsFuncSeq(out, func(r rune) bool { return r == '\n' }) {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("look for fuzz targets: %w", err)
		}
		if !bytes.Contains(text, []byte("\nfunc Fuzz")) {
			continue
		}
		folder, err := filepath.Rel(here, filepath.Dir(file))
		if err != nil {
			return nil, fmt.Errorf("look for fuzz targets: %w", err)
		}
		if !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	return folders, nil
}

// stopBound is how long Go may take to end after it was told to.
const stopBound = 10 * time.Second

// run runs a command of Go and returns what it said. When ctx ends, Go and all that it started are told to: they are a
// process group of their own, and fuzzing without end would outlive Go alone.
func (g toolchain) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, g.program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = stopBound
	out, err := cmd.CombinedOutput()
	return string(out), err
}
