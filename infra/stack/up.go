package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"gazua.example/infra/stack/ports"
	"gazua.example/infra/stack/proc"
	"gazua.example/infra/stack/ready"
	"gazua.example/infra/stack/secrets"
	"gazua.example/infra/stack/topology"
)

const (
	readyBound   = 90 * time.Second // MySQL after a crash replays its redo log first
	migrateBound = 2 * time.Minute
)

// up brings what is not up. What runs is left alone, even when its program was built anew since: a restart in the middle
// of somebody's measurement would spoil it, so it is only said.
func (s *stack) up(ctx context.Context) error {
	begin := time.Now()
	if err := s.complete(ctx); err != nil {
		return err
	}
	if err := s.portsFree(); err != nil {
		return err
	}
	if err := errors.Join(s.settings.Ports.Save(s.Run()), s.settings.Layout.Save(s.Run())); err != nil {
		return err
	}
	s.sayMoved()
	merchants := secrets.MerchantsFile(s.Secrets())
	for wave := range topology.Waves {
		if err := s.upWave(ctx, wave); err != nil {
			return err
		}
		if wave > 0 {
			continue
		}
		for _, args := range [][]string{{"migrate"}, {"merchants", merchants}} {
			if err := s.adminTask(ctx, args...); err != nil {
				return err
			}
		}
	}
	if err := os.WriteFile(s.Env(), []byte(s.settings.Env(merchants)), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", s.Env(), err)
	}
	s.progress.Say(fmt.Sprintf("ready in %.0f s, downloaded %.0f MB: payments at http://127.0.0.1:%d, HAProxy's page at http://127.0.0.1:%d",
		time.Since(begin).Seconds(), float64(s.fetched)/1e6, s.settings.Ports["PORT_HAPROXY"], s.settings.Ports["PORT_HAPROXY_STATS"]))
	return nil
}

// sayMoved tells when the mocks are not as many as those that have booked something here: who a source belongs to has
// changed then, and what one of them has booked is asked of another.
func (s *stack) sayMoved() {
	books, bytes := 0, int64(0)
	for ; ; books++ {
		info, err := os.Stat(filepath.Join(s.Data(), fmt.Sprintf("mock-pg-%d", books+1), "book.jsonl"))
		if err != nil {
			break
		}
		bytes += info.Size()
	}
	if bytes > 0 && books != s.settings.Layout.Mocks {
		s.progress.Say(fmt.Sprintf("the data here is of MOCK_PGS=%d, and %d start now: older payments are looked for at the wrong mock; another STACK_DIR, or `make clean`, starts afresh",
			books, s.settings.Layout.Mocks))
	}
}

// portsFree looks at the ports of everything that will be started, before anything is, and names all that are taken.
func (s *stack) portsFree() error {
	var faults []error
	for _, p := range s.processes {
		r, err := proc.Load(s.Run(), p.Name)
		if err != nil {
			return err
		}
		if r.Alive() {
			continue
		}
		faults = append(faults, portsFreeFor(p))
	}
	return errors.Join(faults...)
}

func portsFreeFor(p topology.Process) error {
	var faults []error
	for _, port := range p.Ports {
		if err := ports.Free(port); err != nil {
			faults = append(faults, fmt.Errorf("%s cannot start: %w (PORT_OFFSET=1000 moves all ports)", p.Name, err))
		}
	}
	return errors.Join(faults...)
}

// upWave starts the processes of a wave together and waits for all of them.
func (s *stack) upWave(ctx context.Context, wave int) error {
	var group sync.WaitGroup
	faults := make([]error, len(s.processes))
	for i, p := range s.processes {
		if p.Wave == wave {
			group.Go(func() { faults[i] = s.bring(ctx, p) })
		}
	}
	group.Wait()
	return errors.Join(faults...)
}

// bring makes one process run and serve, whatever state it is in.
func (s *stack) bring(ctx context.Context, p topology.Process) error {
	r, err := proc.Load(s.Run(), p.Name)
	if err != nil {
		return err
	}
	if err := p.Prepare(ctx); err != nil {
		return err
	}
	begin, gone := time.Now(), make(<-chan struct{})
	did := "started"
	switch r.State() {
	case proc.Running:
		did = "runs"
		if now, err := p.Fingerprint(); err == nil && now != r.Fingerprint {
			did = "runs (its program or settings have changed since: `bin/stack stop` and `start` it, or `make down up`)"
		}
	case proc.Paused:
		did = "resumed"
		err = r.Resume()
	default:
		if r, gone, err = proc.Start(p.Spec); err == nil {
			err = r.Save(s.Run())
		}
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyBound)
	defer cancel()
	if err := ready.Wait(ctx, p.Ready, gone); err != nil {
		return fmt.Errorf("%s: %w; the end of its log:\n%s", p.Name, err, tail(p.Log, 8))
	}
	s.progress.Say(fmt.Sprintf("  %-17s %s, ready after %.1f s", p.Name, did, time.Since(begin).Seconds()))
	return nil
}

// adminTask runs a command of payment-api that prepares the database; both can be repeated.
func (s *stack) adminTask(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, migrateBound)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.settings.Binary("payment-api"), args...)
	cmd.Env = []string{"MYSQL_DSN=" + s.settings.Server().AdminDSN()}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("payment-api %s: %w\n%s", args[0], err, out)
	}
	log := filepath.Join(s.Logs(), args[0]+".log")
	if err := os.WriteFile(log, out, 0o644); err != nil {
		return fmt.Errorf("keep the output of payment-api %s: %w", args[0], err)
	}
	return nil
}
