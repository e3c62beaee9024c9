package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"gazua.example/infra/stack/proc"
	"gazua.example/infra/stack/topology"
)

// down ends everything in the opposite order of the start, processes of one kind together. A failure does not keep the
// others running: down leaves as little as it can.
func (s *stack) down(ctx context.Context) error {
	var faults []error
	rest := slices.Clone(s.processes)
	slices.Reverse(rest)
	for len(rest) > 0 {
		kind := rest[0].Kind
		n := 1
		for n < len(rest) && rest[n].Kind == kind {
			n++
		}
		faults = append(faults, s.endTogether(ctx, rest[:n]))
		rest = rest[n:]
	}
	return errors.Join(faults...)
}

func (s *stack) endTogether(ctx context.Context, processes []topology.Process) error {
	var group sync.WaitGroup
	faults := make([]error, len(processes))
	for i, p := range processes {
		group.Go(func() { faults[i] = s.end(ctx, p) })
	}
	group.Wait()
	return errors.Join(faults...)
}

// end stops one process. That this is on purpose is saved first: if we crash in between, it must not look dead.
func (s *stack) end(ctx context.Context, p topology.Process) error {
	r, err := proc.Load(s.Run(), p.Name)
	if err != nil {
		return err
	}
	if r.PID == 0 {
		return nil // never started
	}
	alive := r.Alive()
	r.Stopped = true
	if err := r.Save(s.Run()); err != nil {
		return err
	}
	if !alive {
		return nil
	}
	begin := time.Now()
	killed, err := r.Stop(ctx, p.StopSignal, p.StopBound)
	if err != nil {
		return err
	}
	how := "stopped"
	if killed {
		how = fmt.Sprintf("did not end within %s and was killed", p.StopBound)
	}
	s.progress.Say(fmt.Sprintf("  %-17s %s, %.1f s", p.Name, how, time.Since(begin).Seconds()))
	return nil
}

// clean removes the stack's folder. It holds the lock file too, which is ours until this program ends.
func (s *stack) clean(ctx context.Context) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	if alive, err := s.anyAlive(s.processes); err != nil || alive {
		return errors.Join(err, errors.New("something still runs: nothing was removed"))
	}
	if err := s.Remove(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "removed %s\n", s.Folder)
	return nil
}
