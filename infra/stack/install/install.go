// Package install finds the servers that the stack runs but does not contain, MySQL and HAProxy, and where the machine
// has none takes them from Debian's packages, without root and without touching the system: the packages are downloaded
// with apt's own trust chain, unpacked into the stack's folder and started through the C library that came with them.
//
//	MYSQLD=/path ─► mysqld on PATH, new enough ─► already unpacked ─► apt: resolve → download → check → unpack → try → rename
//
// Whatever dies on the way (a download, an unpacking, the machine) leaves at most a *.partial folder, never a half
// program in its place.
package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"gazua.example/infra/stack/folder"
)

// Server says what is wanted of one server program.
type Server struct {
	Name       string // what people call it
	Program    string // the file's name
	Variable   string // the environment variable that points to another
	Package    string // the Debian package it is in
	Path       string // where that package puts the file
	Major      int    // the oldest version that will do
	Minor      int
	VersionArg string // makes it print its version
}

// MySQL and HAProxy are the two servers of the stack.
var (
	MySQL   = Server{Name: "MySQL", Program: "mysqld", Variable: "MYSQLD", Package: "mysql-server-core", Path: "usr/sbin/mysqld", Major: 8, Minor: 4, VersionArg: "--version"}
	HAProxy = Server{Name: "HAProxy", Program: "haproxy", Variable: "HAPROXY", Package: "haproxy", Path: "usr/sbin/haproxy", Major: 2, Minor: 4, VersionArg: "-v"}
)

// Download adds up what an installation fetched; zero when everything was there.
type Download struct{ Bytes int64 }

// Find returns the program, installing it first where the machine has none. Several processes may call it at once (test
// packages do): they take turns. progress is told in one line at a time what is going on.
func Find(ctx context.Context, f folder.Folder, s Server, progress Progress) (Program, Download, error) {
	if path := os.Getenv(s.Variable); path != "" {
		program, err := s.accept(ctx, path)
		if err != nil {
			return Program{}, Download{}, fmt.Errorf("%s=%s: %w", s.Variable, path, err)
		}
		return program, Download{}, nil
	}
	if path, err := exec.LookPath(s.Program); err == nil {
		if program, err := s.accept(ctx, path); err == nil {
			return program, Download{}, nil
		}
	}
	if program, ok := s.unpacked(f); ok {
		return program, Download{}, nil
	}
	if err := f.Make(); err != nil {
		return Program{}, Download{}, err
	}
	unlock, err := folder.Lock(ctx, filepath.Join(f.Downloads(), "lock"), "install "+s.Program, func(holder string) {
		progress.Say("waiting for " + holder)
	})
	if err != nil {
		return Program{}, Download{}, err
	}
	defer unlock()
	if program, ok := s.unpacked(f); ok { // another process was first
		return program, Download{}, nil
	}
	return s.install(ctx, f, progress)
}

// accept takes a program that the machine has, if it is the real one and new enough.
func (s Server) accept(ctx context.Context, path string) (Program, error) {
	program := Program{Path: path}
	text, err := program.version(ctx, s.VersionArg)
	if err != nil {
		return Program{}, err
	}
	return program, s.check(text)
}

// unpacked is the program as an earlier run installed it. The folder got its name by a rename after all was checked, so
// being there means being whole.
func (s Server) unpacked(f folder.Folder) (Program, bool) {
	root := filepath.Join(f.Dist(), s.Program)
	path := filepath.Join(root, s.Path)
	if _, err := os.Stat(path); err != nil {
		return Program{}, false
	}
	return Program{Path: path, Root: root}, true
}

func (s Server) install(ctx context.Context, f folder.Folder, progress Progress) (Program, Download, error) {
	var got Download
	source, err := chooseSource(ctx)
	if err != nil {
		return Program{}, got, s.unavailable(err)
	}
	archive, err := openArchive(f.Downloads(), source)
	if err != nil {
		return Program{}, got, s.unavailable(err)
	}
	progress.Say(fmt.Sprintf("%s: reading the package index (%s)", s.Name, source.what))
	got.Bytes, err = archive.update(ctx)
	if err != nil {
		return Program{}, got, s.unavailable(err)
	}
	packages, err := archive.resolve(ctx, s.Package)
	if err != nil {
		return Program{}, got, s.unavailable(err)
	}
	if err := s.check(packages.versionOf(s.Package)); err != nil {
		return Program{}, got, s.unavailable(fmt.Errorf("package %s: %w", s.Package, err))
	}
	fetched, err := archive.download(ctx, packages, func(done, total int64, of time.Duration) {
		progress.Update(fmt.Sprintf("%s: downloaded %.1f of %.1f MB of %d packages, %.0f s", s.Name, mb(done), mb(total), len(packages), of.Seconds()))
	})
	got.Bytes += fetched
	if err != nil {
		return Program{}, got, fmt.Errorf("download %s: %w (what arrived is kept, run it again)", s.Name, err)
	}
	progress.Say(fmt.Sprintf("%s: %d packages are here and checked (%.1f MB, of which %.1f MB downloaded now), unpacking", s.Name, len(packages), mb(packages.bytes()), mb(fetched)))
	program, err := s.unpack(ctx, f, packages)
	return program, got, err
}

// unavailable turns any reason into the one sentence a person can act on.
func (s Server) unavailable(cause error) error {
	return errors.Join(
		fmt.Errorf("%s %d.%d or newer is not on this machine and cannot be taken from Debian's packages: install it and set %s=/path/to/%s, or work in a Debian container with Docker (docker run -it golang:1.26)",
			s.Name, s.Major, s.Minor, s.Variable, s.Program),
		fmt.Errorf("  the reason: %w", cause))
}

func mb(bytes int64) float64 { return float64(bytes) / 1e6 }
