package main

import (
	"context"
	"errors"
	"fmt"

	"gazua.example/infra/stack/proc"
)

// start starts one process and waits until it is ready; a running one is left alone, a paused one resumed.
func (s *stack) start(ctx context.Context, name string) error {
	if err := s.complete(ctx); err != nil {
		return err
	}
	p, r, err := s.named(name)
	if err != nil {
		return err
	}
	if !r.Alive() {
		if err := portsFreeFor(p); err != nil {
			return err
		}
	}
	return s.bring(ctx, p)
}

// stop ends one process gracefully.
func (s *stack) stop(ctx context.Context, name string) error {
	p, r, err := s.named(name)
	if err != nil {
		return err
	}
	if !r.Alive() {
		s.progress.Say(name + " does not run")
	}
	return s.end(ctx, p)
}

// kill ends one process at once; its record stays as it is, so status calls it dead.
func (s *stack) kill(ctx context.Context, name string) error {
	return s.signal(name, "killed", func(r proc.Record) error { return r.Kill(ctx) })
}

func (s *stack) pause(_ context.Context, name string) error {
	return s.signal(name, "paused", proc.Record.Pause)
}

func (s *stack) resume(_ context.Context, name string) error {
	return s.signal(name, "resumed", proc.Record.Resume)
}

func (s *stack) signal(name, done string, send func(proc.Record) error) error {
	_, r, err := s.named(name)
	if err != nil {
		return err
	}
	if !r.Alive() {
		return fmt.Errorf("%s does not run", name)
	}
	if err := send(r); errors.Is(err, proc.ErrGone) {
		return fmt.Errorf("%s ended by itself just now", name)
	} else if err != nil {
		return err
	}
	s.progress.Say(fmt.Sprintf("%s (pid %d) %s", name, r.PID, done))
	return nil
}
