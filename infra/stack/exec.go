package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"gazua.example/infra/stack/topology"
)

// exec runs one command of a process's program with the environment of that process, secrets included, which nobody has to
// copy or see. This program becomes that one (execve): the terminal, pipes, Ctrl-C and the exit code are the command's
// own. It takes no turn with the commands that change the stack, or a long one would keep `stop` from its work.
func (s *stack) exec(ctx context.Context, name string, args []string) error {
	p, err := s.commands(name)
	if err != nil {
		return err
	}
	if s.settings.Passwords.App == "" {
		return errors.New("there is no stack yet: `make up` brings one up")
	}
	if err := p.Prepare(ctx); err != nil {
		return fmt.Errorf("prepare %s: %w", name, err)
	}
	err = syscall.Exec(p.Path, append([]string{p.Path}, args...), p.Once())
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("missing bin/%s: `make build` makes it", p.Kind)
	}
	return fmt.Errorf("run %s: %w", p.Path, err) // reached only when it failed
}

// commands finds a process whose program has commands: a second mysqld or HAProxy in the environment of the first would
// only spoil it.
func (s *stack) commands(name string) (topology.Process, error) {
	able := slices.DeleteFunc(slices.Clone(s.processes), func(p topology.Process) bool { return !p.Commands })
	var names []string
	for _, p := range able {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return topology.Process{}, fmt.Errorf("no process %q that has commands; there are %s", name, strings.Join(names, ", "))
}
