package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gazua.example/loadgen/capacity"
	"gazua.example/loadgen/report"
	"gazua.example/loadgen/run"
	"gazua.example/loadgen/scenario"
	"gazua.example/loadgen/verify"
)

// capacityFlags are the flags of `loadgen capacity`.
type capacityFlags struct {
	limits               capacity.Limits
	p99, length, every   time.Duration
	errors, resolution   string
	stackFile, runs, tag string
	noMonitor            bool
	objective            capacity.Objective
	file                 string
	text                 []byte
	began                time.Time
	args                 []string
}

// capacityCommand is `loadgen capacity`.
func capacityCommand(args []string, out, progress *os.File) (int, error) {
	f := capacityFlags{limits: capacity.Usual, began: time.Now().UTC(), args: args}
	if err := f.parse(args, progress); err != nil {
		return 0, err
	}
	s, err := f.scenario(f.limits.From)
	if err != nil {
		return 0, err
	}
	stack, err := run.ReadStack(f.stackFile, os.LookupEnv)
	if err != nil {
		return 0, err
	}
	if stack.BedCPUs != "" {
		if err := run.PinTo(stack.BedCPUs); err != nil {
			return 0, err
		}
	}
	folder := filepath.Join(f.runs, f.began.Format("20060102-150405")+"-capacity-"+s.Name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return 0, fmt.Errorf("make the search's folder: %w", err)
	}
	texts, err := os.Create(filepath.Join(folder, "runs.txt"))
	if err != nil {
		return 0, fmt.Errorf("make the file of the runs' reports: %w", err)
	}
	defer texts.Close()
	load, done := interruptible(progress)
	defer done()
	found := capacity.Report{
		Schema: capacity.Schema, Tag: f.tag, Scenario: s.Name, Command: append([]string{"loadgen", "capacity"}, args...), Start: f.began,
		Objective: f.objective, Limits: f.limits,
	}
	fmt.Fprintf(out, "capacity of %s with p99 ≤ %s and errors ≤ %s: %.4g to %.4g payments/s, %s a step; tag %s\n",
		s.Name, f.p99, f.errors, f.limits.From, f.limits.To, f.length, f.tag)
	if err := capacity.Drive(load, &found, folder, out, f.try(stack, texts, progress)); err != nil {
		return 0, err
	}
	found.Text(out)
	fmt.Fprintf(out, "\n%s\n", found.Line(folder))
	return capacity.ExitCode(found.Verdict), nil
}

func (f *capacityFlags) parse(args []string, progress *os.File) (err error) {
	flags, l := flagSet("capacity SCENARIO.yaml", progress), &f.limits
	flags.DurationVar(&f.p99, "slo-p99", 500*time.Millisecond, "objective: the 99th percentile of planned → response, synchronous payments")
	flags.StringVar(&f.errors, "slo-errors", "0.1%", "objective: payments that failed for other reasons than a wanted decline, after all repeats")
	flags.Float64Var(&l.From, "from", l.From, "first rate, payments/s")
	flags.Float64Var(&l.To, "to", l.To, "highest rate to try")
	flags.Float64Var(&l.Growth, "growth", l.Growth, "by what the rate is multiplied from step to step until it breaks")
	flags.StringVar(&f.resolution, "resolution", "10%", "how far apart the highest rate that holds and the lowest that breaks may stay")
	flags.IntVar(&l.Confirm, "confirm", l.Confirm, "runs that must hold at the rate that was found")
	flags.DurationVar(&f.length, "step-length", 20*time.Second, "load of a step")
	flags.IntVar(&l.MostSteps, "most-steps", l.MostSteps, "bound of the steps")
	flags.DurationVar(&l.MostTime, "most-time", l.MostTime, "no step begins later than this")
	flags.StringVar(&f.stackFile, "stack", defaultStack, stackHelp)
	flags.StringVar(&f.runs, "out", defaultRuns, "folder of runs; the search gets a folder of its own in it, and each step one")
	flags.StringVar(&f.tag, "tag", "capacity-"+f.began.Format("20060102-150405"), "name by which all its runs are found")
	flags.BoolVar(&f.noMonitor, "no-monitor", false, "do without the monitor, and without what a payment costs")
	flags.DurationVar(&f.every, "progress", 5*time.Second, "interval of the progress line where it goes to no terminal")
	if f.file, err = oneArgument(flags, args, "the scenario's file"); err != nil {
		return err
	}
	if f.text, err = os.ReadFile(f.file); err != nil {
		return fmt.Errorf("read the scenario: %w (loadgen/scenarios/soak.yaml is one)", err)
	}
	return f.check()
}

// check tells all that is wrong with the flags.
func (f *capacityFlags) check() error {
	l, nothing := &f.limits, func() {}
	errorShare, errErrors := share(f.errors)
	resolution, errResolution := share(f.resolution)
	l.Resolution = resolution
	f.objective = capacity.Objective{P99: float64(f.p99) / float64(time.Millisecond), Errors: errorShare}
	rate := func(v float64) bool { return v > 0 && v <= 1_000_000 }
	return errors.Join(
		change(true, errErrors == nil, "--slo-errors must be a share such as 0.1%", nothing),
		change(true, errResolution == nil && resolution >= 0.01 && resolution <= 1, "--resolution must be from 1% to 100%", nothing),
		change(true, f.p99 > 0, "--slo-p99 must be above 0", nothing),
		change(true, rate(l.From) && rate(l.To) && l.From <= l.To, "--from and --to must be above 0, at most 1000000, and --from at most --to", nothing),
		change(true, l.Growth >= 1.05 && l.Growth <= 10, "--growth must be from 1.05 to 10", nothing),
		change(true, l.Confirm >= 0 && l.Confirm <= 100, "--confirm must be from 0 to 100", nothing),
		change(true, f.length >= 5*time.Second && f.length <= time.Hour, "--step-length must be from 5s to 1h", nothing),
		change(true, l.MostSteps >= 1 && l.MostSteps <= 1000, "--most-steps must be from 1 to 1000", nothing),
		change(true, l.MostTime > 0, "--most-time must be above 0", nothing),
		change(true, f.every >= time.Second, "--progress must be 1s or more", nothing),
		change(true, plainTag.MatchString(f.tag), "--tag must be 1 to 64 of a-z, 0-9, ., _ and -", nothing),
	)
}

// scenario is that of one step.
func (f *capacityFlags) scenario(rate float64) (scenario.Scenario, error) {
	s, err := scenario.Read(f.file, f.text)
	if err != nil {
		return s, fmt.Errorf("the scenario is wrong:\n%w", err)
	}
	if s.Model != scenario.Open || len(s.Stages) != 1 || s.Stages[0].From != s.Stages[0].To || len(s.Faults) > 0 {
		return s, fmt.Errorf("%s: a search needs a scenario with one stage of a constant rate and without timed faults: what it finds would be that of no rate", f.file)
	}
	s.Stretch(f.length)
	s.Scale(rate)
	return s, nil
}

// try makes the runs of the steps, one after another, each into a folder of its own.
func (f *capacityFlags) try(stack run.Stack, texts io.Writer, progress *os.File) capacity.Try {
	return func(ctx context.Context, rate float64) (capacity.Step, error) {
		s, err := f.scenario(rate)
		if err != nil {
			return capacity.Step{}, err
		}
		o := run.Options{
			Scenario: s, Text: f.text, Stack: stack, Runs: f.runs, Tag: f.tag, Command: append([]string{"loadgen", "capacity"}, f.args...),
			Live: report.NewLive(progress, f.every), Out: texts,
		}
		if !f.noMonitor && stack.RunDir != "" {
			o.MonitorStack = f.stackFile
		}
		result, err := run.Run(ctx, o)
		if err != nil {
			return capacity.Step{}, err
		}
		fmt.Fprintf(texts, "\n%s\n\n", result.Line())
		if !result.Quiet && result.Verdict != report.Fail {
			if err := awaitQuiet(ctx, stack.MySQL); err != nil {
				return capacity.Step{}, err
			}
		}
		return capacity.Measure(result, rate, f.objective)
	}
}

// quietBound is how long a step may wait for what the one before it left behind, when that had not settled by itself.
const quietBound = 10 * time.Minute

// awaitQuiet waits until the system has no work left: the next step would measure the end of this one.
func awaitQuiet(ctx context.Context, dsn string) error {
	ctx, cancel := context.WithTimeout(ctx, quietBound)
	defer cancel()
	database, err := verify.OpenDatabase(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = database.Close() }() // it only read
	for {
		work, errWork := database.OpenWork(ctx, 0)
		messages, errMessages := database.UnsentMessages(ctx)
		callbacks, errCallbacks := database.PendingCallbacks(ctx, 0)
		if errors.Join(errWork, errMessages, errCallbacks) == nil && work+messages+callbacks == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the system is not quiet %s after a step: %d payments open, %d messages unsent, %d callbacks pending", quietBound, work, messages, callbacks)
		case <-time.After(time.Second):
		}
	}
}
