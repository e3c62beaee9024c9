// Package chapter makes the pictures and figures of docs/graceful-shutdown from real runs: graceful-shutdown as it is, then
// with one step left out at a time, then what a shutdown does that is not allowed to finish.
//
//	cases ─► drill.Run, each on a stack of its own ─► drill.json + journal ─► timeline ─► an SVG a case
//	                                                                   └────► figures.md, a row a case
//
// The text of the chapter has no figure of its own: it points to these.
package chapter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gazua.example/loadgen/drill"
	"gazua.example/loadgen/report"
)

// Options of a chapter.
type Options struct {
	Drill    drill.Options    // of each; Out is the folder in which each gets its own
	Controls []*drill.Control // drill.Known
	Pages    string           // where pictures and figures go
	Only     string           // this run only; the others must be there already. "": all that are not there yet
}

// The files that are written, beside a picture a case.
const figuresFile = "figures.md"

// Make runs what has not been run yet in the folder of runs, and draws all of it.
func Make(ctx context.Context, o Options) error {
	done := map[string]bool{}
	for _, c := range cases {
		if done[c.run()] {
			continue // two pictures of one run
		}
		done[c.run()] = true
		folder := filepath.Join(o.Drill.Out, c.run())
		_, err := os.Stat(filepath.Join(folder, drill.FileName))
		if o.Only == "" && err == nil || o.Only != "" && o.Only != c.run() {
			continue
		}
		if err := one(ctx, o, c, folder); err != nil {
			return fmt.Errorf("%s says nothing: %w", c.run(), errors.Join(err, ctx.Err()))
		}
	}
	return Draw(o.Drill.Out, o.Pages, o.Controls)
}

func one(ctx context.Context, o Options, c Case, folder string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d, err := drill.Named(c.Drill)
	if err != nil {
		return err
	}
	run := o.Drill
	run.Out = folder
	if c.Control != "" {
		if run.Patch, err = c.control(o.Controls); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(folder); err != nil { // of a run that was broken off
		return err
	}
	fmt.Fprintf(o.Drill.Say, "\n%s: %s\n", c.run(), c.Title)
	out, err := drill.Run(ctx, d, run)
	if err != nil {
		return err
	}
	for _, line := range out.Lines()[len(out.Lines())-1:] {
		fmt.Fprintln(o.Drill.Say, line)
	}
	return nil
}

// Draw reads the runs of a folder, and writes a picture a case and the table.
func Draw(runs, pages string, controls []*drill.Control) error {
	if err := os.MkdirAll(pages, 0o755); err != nil {
		return err
	}
	var rows []row
	var machine report.Host
	var date time.Time
	for _, c := range cases {
		out, err := drill.Load(filepath.Join(runs, c.run()))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s has not been run: %w", c.run(), err)
		}
		if err != nil {
			return err
		}
		result, err := report.Load(out.Folder)
		if err != nil {
			return err
		}
		if date.IsZero() {
			machine, date = result.Host, result.Start
		}
		sights, err := readSights(filepath.Join(out.Folder, "journal.jsonl"))
		if err != nil {
			return err
		}
		t, err := timelineOf(c, out, sights)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(pages, c.Name+".svg"), []byte(t.svg()), 0o644); err != nil {
			return err
		}
		rows = append(rows, rowOf(c, out, sights, controls))
	}
	var text strings.Builder
	figures(&text, machine, date, rows)
	return os.WriteFile(filepath.Join(pages, figuresFile), []byte(text.String()), 0o644)
}
