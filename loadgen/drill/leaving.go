package drill

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql" // asks how many connections were dropped
)

// What is looked at when a process has ended.

// leftNothing passes when all phases that the last shutdown went through are done.
func (s *Scene) leftNothing(name string) Act {
	return func(context.Context) error {
		last, err := s.lastShutdown(name)
		if err != nil {
			return err
		}
		if why := last.clean(); why != "" {
			return errors.New(why)
		}
		return nil
	}
}

func (s *Scene) lastShutdown(name string) (Shutdown, error) {
	ended, err := s.shutdownsOf(name)
	if err != nil {
		return Shutdown{}, err
	}
	if len(ended) == 0 {
		return Shutdown{}, fmt.Errorf("%s has logged no shutdown", name)
	}
	return ended[len(ended)-1], nil
}

// leftWork demands of a shutdown that was not allowed to finish: a phase ended so and says what it left, the exit code is 1,
// and standard error names both in a sentence.
func (s *Scene) leftWork(name, outcome string) {
	s.must("exit", s.Exit(name, 1))
	s.must("left", func(context.Context) error {
		last, err := s.lastShutdown(name)
		if err != nil {
			return err
		}
		for _, p := range last.Phases {
			if p.Outcome == outcome && p.Left != "" {
				s.tell("left", fmt.Sprintf("%s, %s: %s", name, p.Phase, p.Left))
				return s.saidOnExit(name, p)
			}
		}
		return fmt.Errorf("no phase of %s is %s and says what it left: %+v", name, outcome, last.Phases)
	})
}

// saidOnExit looks for the sentence of a person's, which is no JSON, since Seen.
func (s *site) saidOnExit(name string, p PhaseSeen) error {
	text, err := os.ReadFile(s.log(name))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text[min(int(s.seen[name]), len(text)):])) {
		if !strings.HasPrefix(line, "{") && strings.Contains(line, p.Phase) && strings.Contains(line, p.Left) {
			return nil
		}
	}
	return fmt.Errorf("%s does not say on standard error that %q left %s", name, p.Phase, p.Left)
}

// aborted is how many connections MySQL lost without a word so far.
func (s *Scene) aborted() (lost int) {
	if s.err != nil {
		return 0
	}
	dsn, err := s.stack.AdminDSN()
	if err != nil {
		s.err = err
		return 0
	}
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		s.err = err
		return 0
	}
	defer db.Close()
	var name string
	if err := db.QueryRowContext(s.ctx, "SHOW GLOBAL STATUS LIKE 'Aborted_clients'").Scan(&name, &lost); err != nil {
		s.err = fmt.Errorf("ask MySQL for the connections that it lost: %w", err)
	}
	return lost
}

// goodbye passes when MySQL lost no connection since: who ended has closed its own.
func (s *Scene) goodbye(before int) Act {
	return func(context.Context) error {
		if lost := s.aborted() - before; lost > 0 {
			return fmt.Errorf("MySQL lost %d connections without a word", lost)
		}
		return nil
	}
}

// Exported passes when a process has sent its metrics a last time while it shut down, after all of its work.
func (s *Scene) Exported(name string) Act {
	return func(context.Context) error {
		last, err := s.lastShutdown(name)
		if err != nil {
			return err
		}
		if s.collector == nil {
			return errors.New("nobody collects")
		}
		at, ok := s.collector.last(name)
		if !ok {
			return fmt.Errorf("%s never exported its metrics", name)
		}
		from, to := s.start.Add(last.worked()), s.start.Add(last.Ended)
		if last.Ended == 0 {
			to = time.Now()
		}
		if at.Before(from) || at.After(to.Add(clockSlack)) {
			return fmt.Errorf("%s exported its metrics last %.1f s before it ended; what came after is lost", name, to.Sub(at).Seconds())
		}
		return nil
	}
}

// clockSlack is between a line's time and the collector's own.
const clockSlack = 100 * time.Millisecond

// worked is when the last phase ended that waits for work; the signal, when there was none.
func (d *Shutdown) worked() time.Duration {
	at := d.Signal
	for _, p := range d.Phases {
		if strings.HasPrefix(p.Phase, "finish ") || p.Phase == stopConsuming {
			at = p.Ended
		}
	}
	return at
}
