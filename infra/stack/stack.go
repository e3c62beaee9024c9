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
	"gazua.example/infra/stack/cpus"
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
	if err := s.choose(); err != nil {
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

// choose sets ports and layout. A stack that runs keeps its own: whoever asks for others while it runs is told, not obeyed by
// half.
func (s *stack) choose() error {
	c := config.New("stack", usage, os.LookupEnv)
	present, err := cpus.Of(0)
	if err != nil {
		return err
	}
	ports, otherPorts := topology.ReadPorts(c, os.LookupEnv)
	layout, otherLayout := topology.ReadLayout(c, os.LookupEnv, present)
	s.settings.Legacy, s.settings.MySQLVia = topology.ReadLegacy(c), topology.ReadMySQLVia(c)
	if err := c.Err(); err != nil {
		return err
	}
	s.settings.Ports, s.settings.Layout = ports, layout
	kept, err := s.running()
	if err != nil || kept == nil {
		return err
	}
	if otherPorts && !ports.Equal(kept.Ports) {
		return errors.New("the stack runs with other ports than those asked for: `make down` first, or leave PORT_… unset")
	}
	if otherLayout && !s.agrees(layout, kept.Layout) {
		return errors.New("the stack runs with another number of mocks, or on other processors, than asked for: `make down` first, or leave MOCK_PGS, SYSTEM_CPUS and BED_CPUS unset")
	}
	s.settings.Ports, s.settings.Layout = kept.Ports, kept.Layout
	return nil
}

// agrees compares only what was asked for: the rest of the layout is today's default, which need not be that of the start.
func (s *stack) agrees(asked, kept topology.Layout) bool {
	for name, ask := range map[string]func(){
		"MOCK_PGS": func() { asked.Mocks = kept.Mocks }, "SYSTEM_CPUS": func() { asked.System = kept.System }, "BED_CPUS": func() { asked.Bed = kept.Bed },
	} {
		if os.Getenv(name) == "" {
			ask()
		}
	}
	return asked.Equal(kept)
}

// running is what a stack that runs was started with; nil when nothing runs.
func (s *stack) running() (*topology.Settings, error) {
	kept := topology.Settings{Folder: s.Folder}
	var err error
	if kept.Ports, err = topology.LoadPorts(s.Run()); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if kept.Layout, err = topology.LoadLayout(s.Run()); errors.Is(err, os.ErrNotExist) {
		kept.Layout = topology.Layout{Mocks: 1} // started before there was a choice
	} else if err != nil {
		return nil, err
	}
	alive, err := s.anyAlive(topology.Single(kept))
	if err != nil || !alive {
		return nil, err
	}
	return &kept, nil
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
