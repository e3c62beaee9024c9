// Package folder knows the stack's folder, .stack at the repository's root: where each thing lies in it and how two
// shells take turns. Everything the stack makes on a machine is inside it, so removing it removes all.
package folder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Folder is the absolute path of a stack's folder.
type Folder string

// marker is the file that says a folder was made by the stack; Remove refuses a folder without it.
const marker = ".made-by-gazua-stack"

// Find names the stack's folder: STACK_DIR, else .stack beside the nearest go.work above the working directory. It
// makes nothing.
func Find() (Folder, error) {
	if dir := os.Getenv("STACK_DIR"); dir != "" {
		abs, err := filepath.Abs(dir)
		return Folder(abs), err
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the stack's folder: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return Folder(filepath.Join(dir, ".stack")), nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.work in this folder or above: run it inside the repository, or name the stack's folder with STACK_DIR=/path")
		}
		dir = filepath.Dir(dir)
	}
}

// Make creates the folder and its rooms; what is there stays. A folder that exists, is not empty and is not ours is
// refused, so that a wrong STACK_DIR never mixes with a person's files.
func (f Folder) Make() error {
	entries, err := os.ReadDir(string(f))
	if err == nil && len(entries) > 0 && !f.ours() {
		return fmt.Errorf("%s is not empty and was not made by the stack: choose another STACK_DIR", f)
	}
	for _, dir := range []string{f.Downloads(), f.Dist(), f.Data(), f.Run(), f.Logs(), f.Test()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make the stack's folder: %w", err)
		}
	}
	if err := os.MkdirAll(f.Secrets(), 0o700); err != nil {
		return fmt.Errorf("make the stack's folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(string(f), marker), nil, 0o644); err != nil {
		return fmt.Errorf("mark the stack's folder: %w", err)
	}
	return nil
}

// Remove deletes the folder with all data. No process may run in it any more.
func (f Folder) Remove() error {
	if _, err := os.Stat(string(f)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if !f.ours() {
		return fmt.Errorf("%s was not made by the stack and is left alone", f)
	}
	return os.RemoveAll(string(f))
}

func (f Folder) ours() bool {
	_, err := os.Stat(filepath.Join(string(f), marker))
	return err == nil
}

// Downloads holds the packages as they came, kept so that a second unpacking needs no network.
func (f Folder) Downloads() string { return filepath.Join(string(f), "downloads") }

// Dist holds the unpacked servers, a folder each.
func (f Folder) Dist() string { return filepath.Join(string(f), "dist") }

// Secrets holds passwords and keys; only its owner may look in.
func (f Folder) Secrets() string { return filepath.Join(string(f), "secrets") }

// Data holds what the servers store; `down` keeps it.
func (f Folder) Data() string { return filepath.Join(string(f), "data") }

// Archive holds the payments that are too old for the database; only its owner may look in.
func (f Folder) Archive() string { return filepath.Join(string(f), "archive") }

// Run holds the records of the processes and their generated configuration.
func (f Folder) Run() string { return filepath.Join(string(f), "run") }

// Logs holds one file a process, appended to over restarts.
func (f Folder) Logs() string { return filepath.Join(string(f), "logs") }

// Test holds the data directory that throw-away servers of tests are copied from.
func (f Folder) Test() string { return filepath.Join(string(f), "test") }

// Env is the file that tells loadgen where the stack is.
func (f Folder) Env() string { return filepath.Join(string(f), "stack.env") }
