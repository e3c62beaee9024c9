// Package control checks the checker: it plants a bug into the product, runs the product under a load that exposes it, and
// demands that the verifier says FAIL and names the invariant that the bug breaks.
//
//	control file ─► overlay (the product's source stays as it is) ─► programs with the bug ─► throw-away stack
//	     ─► load, deaths, faults ─► verifier ─► caught: the named invariants are violated
//	                                         ─► missed: PASS, or something else
//
// Controls that share a world (the same scenario, settings and acts) share its baseline: the product as it is must PASS
// there, or a FAIL with a bug would prove nothing.
//
// Nothing of the product knows about this: a bug is a piece of text that is replaced at build time (`go build -overlay`).
package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gazua.example/loadgen/internal/overlay"
)

// Options of a round of controls.
type Options struct {
	Root    string   // of the repository
	Bin     string   // programs without bugs
	Servers string   // the folder of a stack whose downloaded servers are used
	Folder  string   // of controls
	Out     string   // where each control's run is kept
	Only    []string // names; empty: all
	Quick   bool     // only those that are marked quick
	Keep    bool     // the throw-away stacks' folders
	Say     io.Writer
}

// Round is what came of the controls.
type Round struct {
	Controls, Caught int
	Faults           []error // a baseline that does not PASS, a bug that does not apply or compile, a stack that does not start
}

// Missed is how many were not caught, for whatever reason.
func (r Round) Missed() int { return r.Controls - r.Caught }

// Line is the last line of a round.
func (r Round) Line() string {
	return fmt.Sprintf("controls=%d caught=%d missed=%d", r.Controls, r.Caught, r.Missed())
}

// Run carries the controls out, one after another. An error means that nothing was run.
func Run(ctx context.Context, o Options) (Round, error) {
	controls, err := choose(o)
	if err != nil {
		return Round{}, err
	}
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return Round{}, fmt.Errorf("make the folder of the controls' runs: %w", err)
	}
	w := &workshop{Options: o, began: time.Now()}
	round := Round{Controls: len(controls)}
	baseline := map[string]error{}
	for _, c := range controls {
		if ctx.Err() != nil {
			return round, ctx.Err()
		}
		sound, known := baseline[c.world()]
		if !known {
			sound = w.baseline(ctx, c)
			baseline[c.world()] = sound
		}
		if sound == nil {
			sound = w.catch(ctx, c)
		} else {
			sound = fmt.Errorf("%s: its world says nothing: %w", c.Name, sound)
		}
		if sound == nil {
			round.Caught++
			continue
		}
		w.say("MISSED  %v", sound)
		round.Faults = append(round.Faults, sound)
	}
	return round, nil
}

// choose reads the controls and looks, before anything runs, whether each bug still applies.
func choose(o Options) ([]*Control, error) {
	all, err := ReadAll(o.Folder)
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, c := range all {
		if _, err := overlay.Apply(o.Root, c.Edits); err != nil {
			faults = append(faults, fmt.Errorf("control %s: %w", c.Name, err))
		}
	}
	for _, name := range o.Only {
		if !slices.ContainsFunc(all, func(c *Control) bool { return c.Name == name }) {
			faults = append(faults, fmt.Errorf("there is no control %q in %s", name, o.Folder))
		}
	}
	chosen := slices.DeleteFunc(all, func(c *Control) bool {
		return o.Quick && !c.Quick || len(o.Only) > 0 && !slices.Contains(o.Only, c.Name)
	})
	if len(chosen) == 0 && len(faults) == 0 {
		faults = append(faults, fmt.Errorf("there are no controls in %s", o.Folder))
	}
	return chosen, errors.Join(faults...)
}

// workshop is where controls are run.
type workshop struct {
	Options
	began time.Time
}

// baseline runs the control's world without its bug, which must PASS.
func (w *workshop) baseline(ctx context.Context, c *Control) error {
	sound := &Control{Name: "baseline-" + c.baselineName(), Scenario: c.Scenario, Settings: c.Settings, Before: c.Before, During: c.During}
	found, err := w.run(ctx, sound)
	if err != nil {
		return err
	}
	if found.Verdict != "PASS" {
		return fmt.Errorf("without any bug it is %s and not PASS (%s)", found.Verdict, filepath.Join(w.Out, sound.Name))
	}
	w.say("PASS    %-28s %s, without a bug: %d payments", sound.Name, found.Verdict, found.Payments)
	return nil
}

// catch runs the control's world with its bug, which must FAIL by the invariants that the control names.
func (w *workshop) catch(ctx context.Context, c *Control) error {
	found, err := w.run(ctx, c)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	var quiet []int
	for _, number := range c.Breaks {
		if found.Violated[number] == 0 {
			quiet = append(quiet, number)
		}
	}
	switch {
	case found.Verdict != "FAIL":
		return fmt.Errorf("%s: the verdict is %s and not FAIL (%s)", c.Name, found.Verdict, filepath.Join(w.Out, c.Name))
	case len(quiet) > 0:
		return fmt.Errorf("%s: FAIL, but the invariants %v are not violated; violated are %s (%s)", c.Name, quiet, found.told(), filepath.Join(w.Out, c.Name))
	}
	w.say("caught  %-28s FAIL by %s", c.Name, found.told())
	return nil
}

func (w *workshop) say(format string, args ...any) {
	fmt.Fprintf(w.Say, "%4.0f s  %s\n", time.Since(w.began).Seconds(), fmt.Sprintf(format, args...))
}
