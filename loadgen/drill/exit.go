package drill

import (
	"context"
	"fmt"
	"os"
	"time"

	"gazua.example/infra/stack/proc"
)

// What a process says of its end and what the kernel says are two things, and a supervisor goes by the second. The processes
// of a stack are nobody's children: who started them has ended. While a drill runs it adopts them (adopt), so that it is told.

// exitBound is far above what the kernel takes.
const exitBound = 5 * time.Second

// Exit passes when the last process of this name has ended with this code. It can be asked once an end, before the next start;
// where this system adopts nobody, what the process has logged counts.
func (s *Scene) Exit(name string, want int) Act {
	return func(context.Context) error {
		r, err := proc.Load(s.variables["RUN_DIR"], name)
		if err != nil {
			return err
		}
		code, err := exitCode(r.PID)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		ended, err := s.shutdownsOf(name)
		if err != nil {
			return err
		}
		said := unsaid
		if len(ended) > 0 {
			said = ended[len(ended)-1].Code
		}
		if !adopts {
			code = said
		}
		s.exits[name] = append(s.exits[name], code)
		if code != want || said != want {
			return fmt.Errorf("%s ended with exit code %d and says %d, want %d", name, code, said, want)
		}
		return nil
	}
}

// exitCode of an adopted process that has ended.
func exitCode(pid int) (int, error) {
	if !adopts {
		return unsaid, nil
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	var state *os.ProcessState
	go func() {
		var err error
		state, err = process.Wait()
		ended <- err
	}()
	select {
	case err := <-ended:
		if err != nil {
			return 0, fmt.Errorf("its exit code: %w", err)
		}
		return state.ExitCode(), nil
	case <-time.After(exitBound):
		return 0, fmt.Errorf("it has not ended after %s", exitBound)
	}
}
