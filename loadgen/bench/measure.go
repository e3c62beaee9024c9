package bench

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"gazua.example/loadgen/report"
)

// switchTo has the contestant's programs run.
func (b *bench) switchTo(ctx context.Context, contestant string) error {
	want := settings(contestant, b.sink.url)
	if b.running != contestant {
		if err := b.stack.Restart(ctx, want, switched...); err != nil {
			return fmt.Errorf("switch to %s: %w", contestant, err)
		}
		b.running = contestant
	}
	if err := confirm(filepath.Join(b.stack.Folder, "run"), contestant, want); err != nil {
		return fmt.Errorf("switch to %s: %w", contestant, err)
	}
	return nil
}

// warmUp is a short load that is not measured: connections, caches and code that has just been started. A violated
// invariant is one, also here.
func (b *bench) warmUp(ctx context.Context, t turn) {
	place := t.steps[0].Place
	place.Section, place.Clients, place.Rate = "warm-up", usualClients, 0
	folder, err := b.run(ctx, place, warmUp, "--no-monitor")
	if err != nil {
		b.note("%s was not warmed up: %v", t.contestant, err)
		return
	}
	if result, err := report.Load(folder); err == nil && result.Verdict == report.Fail {
		b.report.Because = append(b.report.Because, fmt.Sprintf("the warm-up of %s is FAIL (%s)", t.contestant, folder))
		b.report.WarmUpFailed = true
	}
}

// measure makes one measurement and takes it into the report.
func (b *bench) measure(ctx context.Context, s step) error {
	if s.Clients == 0 {
		if s.Rate = b.openRate(s); s.Rate == 0 {
			b.note("%s was not measured: the rate that it needs is not known", s.name())
			b.done++
			return nil
		}
	}
	repeat, err := b.repeat(ctx, s)
	if err != nil {
		return fmt.Errorf("measure %s: %w", s.name(), err)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	repeat.Number = s.repeat
	b.report.add(s.Place, repeat)
	b.done++
	b.report.conclude()
	return b.report.save()
}

func (b *bench) repeat(ctx context.Context, s step) (Repeat, error) {
	load := s.load(b.Options)
	if s.Contestant == Raw {
		return b.raw(ctx, s.Place, load)
	}
	folder, err := b.run(ctx, s.Place, load)
	if err != nil {
		return Repeat{}, err
	}
	b.about(folder)
	r, err := readRun(folder, s.Place, s.repeat, load)
	if relative, err := filepath.Rel(b.Folder, folder); err == nil {
		r.Folder = relative
	}
	return r, err
}

// about takes from the first run what all of them share.
func (b *bench) about(folder string) {
	result, err := report.Load(folder)
	if err != nil || b.report.MySQL != "" {
		return
	}
	b.report.MySQL, b.report.Commit = result.Host.Versions["mysql"], result.Host.Commit
	if result.Host.Modified {
		b.report.Commit += "+"
	}
}

// openRate is 90 % of what the closed model has reached: of the contestant itself where the question is whether that can be
// borne for long, of plain's where both are held against plain's maximum.
func (b *bench) openRate(s step) float64 {
	of := Place{Section: Grid, Mode: s.Mode, Legs: s.Legs, Contestant: s.Contestant}
	switch s.Section {
	case sustained:
		of.Clients = maxOf(b.Clients)
	default:
		of.Contestant, of.Clients = Plain, usual(b.Clients)
	}
	c := find(b.report.Cells, of)
	if c == nil {
		return 0
	}
	return math.Floor(c.Rate.Mean * openShare)
}

func maxOf(all []int) (most int) {
	for _, v := range all {
		most = max(most, v)
	}
	return most
}

func (b *bench) note(format string, args ...any) {
	b.report.Notes = append(b.report.Notes, fmt.Sprintf(format, args...))
	b.say(format, args...)
}
