package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gazua.example/infra/config"
	"gazua.example/infra/stack/folder"
	"gazua.example/infra/stack/install"
	"gazua.example/infra/stack/proc"
	"gazua.example/infra/stack/secrets"
	"gazua.example/infra/stack/topology"
)

// stack is one topology in one folder.
type stack struct {
	folder.Folder
	settings  topology.Settings
	processes []topology.Process
	progress  install.Progress
	fetched   int64 // bytes downloaded by this run
}

// open reads what is there and changes nothing. The programs of the servers are not known yet: only what starts them
// looks for them (complete).
func open() (*stack, error) {
	f, err := folder.Find()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the programs beside this one: %w", err)
	}
	s := &stack{Folder: f, progress: install.NewProgress(os.Stdout)}
	s.settings = topology.Settings{Folder: f, Bin: filepath.Dir(self)}
	if s.settings.Ports, err = s.choosePorts(); err != nil {
		return nil, err
	}
	for _, name := range topology.PassThrough() {
		if value := os.Getenv(name); value != "" {
			s.settings.Pass = append(s.settings.Pass, name+"="+value)
		}
	}
	s.settings.Passwords, err = secrets.Passwords(f.Secrets())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	s.processes = topology.Single(s.settings)
	return s, nil
}

// choosePorts: a stack that runs keeps its ports. Whoever asks for others while it runs is told, not obeyed by half.
func (s *stack) choosePorts() (topology.Ports, error) {
	c := config.New("stack", usage, os.LookupEnv)
	asked, chosen := topology.ReadPorts(c, os.LookupEnv)
	if err := c.Err(); err != nil {
		return nil, err
	}
	saved, err := topology.LoadPorts(s.Run())
	if errors.Is(err, os.ErrNotExist) {
		return asked, nil
	}
	if err != nil {
		return nil, err
	}
	running, err := s.anyAlive(topology.Single(topology.Settings{Folder: s.Folder, Ports: saved}))
	if err != nil || !running {
		return asked, err
	}
	if chosen && !asked.Equal(saved) {
		return nil, errors.New("the stack runs with other ports than those asked for: `make down` first, or leave PORT_… unset")
	}
	return saved, nil
}

func (s *stack) anyAlive(processes []topology.Process) (bool, error) {
	for _, p := range processes {
		r, err := proc.Load(s.Run(), p.Name)
		if err != nil {
			return false, err
		}
		if r.Alive() {
			return true, nil
		}
	}
	return false, nil
}

// locked lets one command after the other change the stack; status and logs only look and do not wait.
func (s *stack) locked(ctx context.Context, what string, act func(context.Context) error) error {
	if err := s.Make(); err != nil {
		return err
	}
	unlock, err := folder.Lock(ctx, filepath.Join(string(s.Folder), "lock"), "stack "+what, func(holder string) {
		s.progress.Say("waiting for " + holder)
	})
	if err != nil {
		return err
	}
	defer unlock()
	return act(ctx)
}

// install finds the servers, taking them from packages where the machine has none.
func (s *stack) install(ctx context.Context) error {
	find := func(server install.Server) (install.Program, error) {
		program, got, err := install.Find(ctx, s.Folder, server, s.progress)
		s.fetched += got.Bytes
		return program, err
	}
	var err error
	if s.settings.MySQL, err = find(install.MySQL); err != nil {
		return err
	}
	s.settings.HAProxy, err = find(install.HAProxy)
	return err
}

// complete makes everything known and present that a start needs: servers, secrets, our own programs.
func (s *stack) complete(ctx context.Context) error {
	var missing []string
	for _, program := range []string{"broker", "mock-pg", "payment-api", "payment-worker"} {
		if _, err := os.Stat(s.settings.Binary(program)); err != nil {
			missing = append(missing, "bin/"+program)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("missing %s: `make build` makes them", strings.Join(missing, ", "))
	}
	if err := s.install(ctx); err != nil {
		return err
	}
	var err error
	if s.settings.Passwords, err = secrets.Ensure(s.Secrets(), s.settings.Callbacks()); err != nil {
		return err
	}
	s.processes = topology.Single(s.settings)
	return nil
}

func (s *stack) named(name string) (topology.Process, proc.Record, error) {
	at := slices.IndexFunc(s.processes, func(p topology.Process) bool { return p.Name == name })
	if at < 0 {
		var names []string
		for _, p := range s.processes {
			names = append(names, p.Name)
		}
		return topology.Process{}, proc.Record{}, fmt.Errorf("no process %q; there are %s", name, strings.Join(names, ", "))
	}
	r, err := proc.Load(s.Run(), name)
	return s.processes[at], r, err
}
