package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"gazua.example/loadgen/internal/overlay"
	"gazua.example/loadgen/report"
)

// Round is several drills, one after another, each on a stack of its own.
type Round struct {
	Options          // of each; Out is the folder in which each gets its own
	Drills           []Drill
	Controls         []*Control // run instead of the drills; each must fail
	Results          io.Writer  // the lines
	ran, failed      int
	caught, notRight int
}

// Run carries them out and gives the worst verdict: PASS when every drill passes, and every control fails as it must.
func (r *Round) Run(ctx context.Context) (string, error) {
	for _, c := range r.Controls { // before anything runs
		if _, err := overlay.Apply(r.Root, c.Edits); err != nil {
			return "", fmt.Errorf("control %s: %w", c.Name, err)
		}
	}
	worst := report.Pass
	for _, d := range r.Drills {
		verdict, err := r.one(ctx, d, nil)
		if err != nil {
			return "", err
		}
		if verdict == report.Fail || worst == report.Pass {
			worst = verdict
		}
	}
	for _, c := range slices.Concat(Baselines(r.Controls), r.Controls) {
		d, err := Named(c.Drill)
		if err != nil {
			return "", err
		}
		verdict, err := r.one(ctx, d, c)
		if err != nil {
			return "", err
		}
		if verdict != report.Pass {
			worst = report.Fail
		}
	}
	if len(r.Drills) > 1 {
		fmt.Fprintf(r.Results, "drills=%d passed=%d\n", r.ran, r.ran-r.failed)
	}
	if len(r.Controls) > 0 {
		fmt.Fprintf(r.Results, "controls=%d caught=%d missed=%d\n", r.caught+r.notRight, r.caught, r.notRight)
	}
	return worst, nil
}

// one runs a drill, or a control of it, whose verdict is PASS when it fails as it must.
func (r *Round) one(ctx context.Context, d Drill, c *Control) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	o, name := r.Options, d.Name
	if c != nil {
		o.Patch, name = c, c.Name
		o.N, o.Restarts = 1, 1 // once is enough to see what is missing
	}
	o.Out = filepath.Join(o.Out, name)
	began := time.Now()
	fmt.Fprintf(o.Say, "\n%s: %s\n", name, about(d, c))
	out, err := Run(ctx, d, o)
	if err != nil {
		return "", fmt.Errorf("the drill %s says nothing: %w", name, errors.Join(err, ctx.Err()))
	}
	for _, line := range out.Lines() {
		fmt.Fprintln(r.Results, line)
	}
	for _, line := range out.Histogram() {
		fmt.Fprintln(r.Say, "  "+line)
	}
	if out.Spared != nil {
		fmt.Fprintf(r.Say, "  %s\n", out.Spared)
	}
	for _, f := range out.Failures {
		fmt.Fprintf(r.Say, "  %s: %s\n", f.Check, f.Text)
	}
	for _, reason := range out.Reasons {
		fmt.Fprintf(r.Say, "  INVALID: %s\n", reason)
	}
	fmt.Fprintf(r.Say, "  %.0f s; the run and its page: %s\n", time.Since(began).Seconds(), out.Folder)
	if c == nil {
		if r.ran++; out.Verdict != report.Pass {
			r.failed++
		}
		return out.Verdict, nil
	}
	if err := c.Caught(out); err != nil {
		r.notRight++
		fmt.Fprintf(r.Results, "MISSED %v\n", err)
		return report.Fail, nil
	}
	if c.Baseline {
		return report.Pass, nil
	}
	r.caught++
	fmt.Fprintf(r.Results, "caught control=%s by %q\n", c.Name, c.Red)
	return report.Pass, nil
}

func about(d Drill, c *Control) string {
	if c != nil {
		if c.Baseline {
			return d.Name + ", which must pass: " + c.What
		}
		return "control of " + d.Name + ", which must fail: " + c.What
	}
	return d.Shows
}
