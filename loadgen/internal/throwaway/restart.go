package throwaway

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"gazua.example/infra/stack/proc"
)

// stopBound is more than any of our programs takes to drain.
const stopBound = 45 * time.Second

// Restart ends these processes gracefully, all at once, and starts whatever does not run with other settings. They become
// the settings of all later verbs. The others go on as they are: the same database, broker and mock.
func (s *Stack) Restart(ctx context.Context, settings map[string]string, names ...string) error {
	if err := s.stop(ctx, names); err != nil {
		return err
	}
	s.Env = environment(s.Folder, s.offset, settings)
	return s.Do(ctx, "up")
}

// stop does what `stack stop` does, for several at a time: its verbs wait for each other, and each of our programs takes
// seconds to drain. That it is on purpose is saved first, or they would look dead.
func (s *Stack) stop(ctx context.Context, names []string) error {
	var group sync.WaitGroup
	faults := make([]error, len(names))
	for i, name := range names {
		group.Go(func() { faults[i] = s.stopOne(ctx, name) })
	}
	group.Wait()
	return errors.Join(faults...)
}

func (s *Stack) stopOne(ctx context.Context, name string) error {
	run := filepath.Join(s.Folder, "run")
	r, err := proc.Load(run, name)
	if err != nil || r.PID == 0 {
		return err
	}
	r.Stopped = true
	if err := r.Save(run); err != nil {
		return err
	}
	_, err = r.Stop(ctx, syscall.SIGTERM, stopBound)
	return err
}
