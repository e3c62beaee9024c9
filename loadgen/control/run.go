package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gazua.example/loadgen/internal/overlay"
	"gazua.example/loadgen/internal/throwaway"
)

// finding is what the verifier said.
type finding struct {
	Verdict  string
	Payments int64
	Violated map[int]int64 // how often, by the invariant's number
	names    map[int]string
}

// told lists what is violated: 1 at most once (12).
func (f *finding) told() string {
	var parts []string
	for number, n := range f.Violated {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%02d %s (%d)", number, f.names[number], n))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// run builds the control's programs, runs them under its load on a stack of their own, and reads what was found.
func (w *workshop) run(ctx context.Context, c *Control) (found *finding, err error) {
	folder := filepath.Join(w.Out, c.Name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return nil, err
	}
	bin := filepath.Join(folder, "bin")
	offset, err := throwaway.FreeOffset()
	if err != nil {
		return nil, err
	}
	broker := func(text string) string { // a bug may name the port of its stack's broker
		return strings.ReplaceAll(text, "{PORT_BROKER}", strconv.Itoa(throwaway.BrokerPort(offset)))
	}
	if err := overlay.Build(ctx, w.Root, c.Edits, w.Bin, folder, bin, broker); err != nil {
		return nil, err
	}
	s, err := start(ctx, filepath.Join(folder, "stack"), bin, w.Servers, offset, c.Settings)
	if err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, s.End())
		if err == nil && !w.Keep {
			err = errors.Join(s.Remove(), os.RemoveAll(bin))
		}
	}()
	for _, a := range c.Before {
		if err := s.act(ctx, a); err != nil {
			return nil, fmt.Errorf("before the load: %w", err)
		}
	}
	return w.load(ctx, c, s, filepath.Join(folder, "runs"))
}

// loadBound is far above what any control takes, settling included.
const loadBound = 10 * time.Minute

// load runs the scenario and does what the control does meanwhile.
func (w *workshop) load(ctx context.Context, c *Control, s *stack, runs string) (*finding, error) {
	ctx, cancel := context.WithTimeout(ctx, loadBound)
	defer cancel()
	output, err := os.Create(filepath.Join(filepath.Dir(runs), "loadgen.txt"))
	if err != nil {
		return nil, err
	}
	defer output.Close()
	load := exec.CommandContext(ctx, filepath.Join(w.Bin, "loadgen"), "run", filepath.Join(w.Folder, c.Scenario),
		"--stack", s.File(), "--out", runs)
	load.Env, load.Stdout, load.Stderr = s.Env, output, output
	if err := load.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- load.Wait() }()
	acted := w.play(ctx, c, s, runs, ended)
	err = <-ended
	if acted != nil {
		return nil, acted
	}
	found, readErr := readFinding(filepath.Join(runs, "latest", "result.json"))
	if readErr != nil {
		return nil, fmt.Errorf("the run has no result (%s): %w", output.Name(), errors.Join(err, readErr))
	}
	return found, nil
}

// play does the acts at their times, counted from the run's start. A run that ends before them is no use as a control.
func (w *workshop) play(ctx context.Context, c *Control, s *stack, runs string, ended chan error) error {
	if len(c.During) == 0 {
		return nil
	}
	begun, err := whenBegun(ctx, filepath.Join(runs, "latest", "result.json"), ended)
	if err != nil {
		return err
	}
	for _, a := range c.During {
		select {
		case <-time.After(time.Until(begun.Add(a.At))):
		case err := <-ended:
			ended <- err
			return fmt.Errorf("the run ended before %v was done at %s", a.set(), a.At)
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := s.act(ctx, a); err != nil {
			return fmt.Errorf("at %s: %w", a.At, err)
		}
	}
	return nil
}

// whenBegun waits for the run's folder, which says when its load starts.
func whenBegun(ctx context.Context, file string, ended chan error) (time.Time, error) {
	for {
		var r struct {
			Start time.Time `json:"start"`
		}
		if text, err := os.ReadFile(file); err == nil && json.Unmarshal(text, &r) == nil {
			return r.Start, nil
		}
		select {
		case err := <-ended:
			ended <- err
			return time.Time{}, errors.New("the run ended before it sent anything")
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// readFinding takes from a result what a control needs.
func readFinding(file string) (*finding, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r struct {
		Verdict string `json:"verdict"`
		Counts  struct {
			Sent int64 `json:"sent"`
		} `json:"counts"`
		Invariants []struct {
			Number   int    `json:"number"`
			Name     string `json:"name"`
			Violated int64  `json:"violated"`
		} `json:"invariants"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	f := &finding{Verdict: r.Verdict, Payments: r.Counts.Sent, Violated: map[int]int64{}, names: map[int]string{}}
	for _, i := range r.Invariants {
		f.Violated[i.Number], f.names[i.Number] = i.Violated, i.Name
	}
	return f, nil
}
