package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
	"time"

	"gazua.example/infra/stack/cpus"
	"gazua.example/infra/stack/proc"
	"gazua.example/infra/stack/ready"
	"gazua.example/infra/stack/topology"
)

// status writes the table. It asks every running process itself whether it is ready, all at the same time.
func (s *stack) status(ctx context.Context, w io.Writer) error {
	rows := make([]string, len(s.processes))
	faults := make([]error, len(s.processes))
	var group sync.WaitGroup
	for i, p := range s.processes {
		group.Go(func() { rows[i], faults[i] = s.row(ctx, p) })
	}
	group.Wait()
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tPID\tSTATE\tPORT\tUPTIME\tRSS\tCPUS\tREADY")
	for i, row := range rows {
		if faults[i] != nil {
			return faults[i]
		}
		fmt.Fprintln(table, row)
	}
	return table.Flush()
}

func (s *stack) row(ctx context.Context, p topology.Process) (string, error) {
	r, err := proc.Load(s.Run(), p.Name)
	if err != nil {
		return "", err
	}
	state := r.State()
	if !r.Alive() {
		return fmt.Sprintf("%s\t-\t%s\t%d\t-\t-\t-\t-", p.Name, state, p.Ports[0]), nil
	}
	answer := "no: paused"
	if state == proc.Running {
		answer = "yes"
		if err := ready.Ask(ctx, p.Ready); err != nil {
			answer = fmt.Sprintf("no: %.60s", err)
		}
	}
	on, err := cpus.Of(r.PID)
	if err != nil {
		on = nil // it has ended just now
	}
	return fmt.Sprintf("%s\t%d\t%s\t%d\t%s\t%.0f MB\t%s\t%s", p.Name, r.PID, state, p.Ports[0],
		time.Since(r.StartedAt).Truncate(time.Second), float64(r.ResidentBytes())/1e6, on, answer), nil
}
