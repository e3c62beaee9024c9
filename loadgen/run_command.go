package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"

	"gazua.example/loadgen/report"
	"gazua.example/loadgen/run"
	"gazua.example/loadgen/scenario"
)

// runFlags are the flags of `loadgen run`.
type runFlags struct {
	*flag.FlagSet
	duration, settle, every *time.Duration
	rate                    *float64
	seed                    *uint64
	stackFile, runs, tag    *string
	repeat                  *int
	noMonitor, legacy       *bool
}

func newRunFlags(progress *os.File) runFlags {
	f := flagSet("run SCENARIO.yaml", progress)
	return runFlags{
		FlagSet:   f,
		duration:  f.Duration("duration", 0, "length of all stages together, each keeping its part (default: the scenario's)"),
		rate:      f.Float64("rate", 0, "highest rate of all stages in payments/s, each keeping its part of it (default: the scenario's)"),
		seed:      f.Uint64("seed", 0, "seed of the payments (default: the scenario's)"),
		settle:    f.Duration("settle", 0, "bound of the wait for quiescence (default: the scenario's)"),
		stackFile: f.String("stack", defaultStack, stackHelp),
		runs:      f.String("out", defaultRuns, "folder of runs; each gets a folder of its own in it, and the link latest points to the newest"),
		tag:       f.String("tag", "", "name of what the run is a repeat of, by which loadgen compare finds all of them"),
		repeat:    f.Int("repeat", 1, "how often to run it, one after another, under one tag"),
		noMonitor: f.Bool("no-monitor", false, "do without the process that writes down what each process of the stack uses"),
		legacy:    f.Bool("legacy", false, "the target is the system before the renewal (SYSTEM=legacy): invariants 2, 3 and 7 only are judged; see docs/legacy.md"),
		every:     f.Duration("progress", 5*time.Second, "interval of the progress line where it goes to no terminal; on one it is 1s"),
	}
}

// runCommand is `loadgen run`.
func runCommand(args []string, out, progress *os.File) (int, error) {
	flags := newRunFlags(progress)
	file, err := oneArgument(flags.FlagSet, args, "the scenario's file")
	if err != nil {
		return 0, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read the scenario: %w (loadgen/scenarios/soak.yaml is one)", err)
	}
	s, err := scenario.Read(file, text)
	if err != nil {
		return 0, fmt.Errorf("the scenario is wrong:\n%w", err)
	}
	if err := flags.apply(&s); err != nil {
		return 0, err
	}
	stack, err := run.ReadStack(*flags.stackFile, os.LookupEnv)
	if err != nil {
		return 0, err
	}
	if stack.BedCPUs != "" {
		if err := run.PinTo(stack.BedCPUs); err != nil {
			return 0, err
		}
	}
	o := run.Options{
		Scenario: s, Text: text, Stack: stack, Runs: *flags.runs, Tag: *flags.tag, Command: append([]string{"loadgen", "run"}, args...),
		Live: report.NewLive(progress, *flags.every), Out: out, Legacy: *flags.legacy,
	}
	if !*flags.noMonitor && stack.RunDir != "" {
		o.MonitorStack = *flags.stackFile
	}
	return runRepeats(o, *flags.repeat, out, progress)
}

// apply changes the scenario as the command line asks, and tells all that is wrong with it.
func (f runFlags) apply(s *scenario.Scenario) error {
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	nothing := func() {}
	return errors.Join(
		change(given["duration"], *f.duration >= time.Millisecond, "--duration must be 1ms or more", func() { s.Stretch(*f.duration) }),
		change(given["rate"], *f.rate > 0 && *f.rate <= 1_000_000, "--rate must be above 0 and at most 1000000", func() { s.Scale(*f.rate) }),
		change(given["seed"], true, "", func() { s.Seed = *f.seed }),
		change(given["settle"], *f.settle >= 0, "--settle must be 0 or more", func() { s.Settle = *f.settle }),
		change(true, *f.every >= time.Second, "--progress must be 1s or more", nothing),
		change(true, *f.repeat >= 1 && *f.repeat <= 1000, "--repeat must be from 1 to 1000", nothing),
		change(*f.repeat > 1, *f.tag != "", "--repeat needs a --tag, by which the runs are found again", nothing),
		change(*f.tag != "", plainTag.MatchString(*f.tag), "--tag must be 1 to 64 of a-z, 0-9, ., _ and -", nothing),
	)
}

// plainTag keeps a tag apart from paths, patterns and lists of them.
var plainTag = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// runRepeats carries the scenario out so many times and exits with the worst code. A signal ends the load of the run that
// goes on, and there is no further one.
func runRepeats(o run.Options, repeats int, out, progress *os.File) (worst int, err error) {
	load, done := interruptible(progress)
	defer done()
	for n := range repeats {
		if repeats > 1 {
			o.Live.Say("repeat %d of %d, tag %s", n+1, repeats, o.Tag)
		}
		result, err := run.Run(load, o)
		if err != nil {
			return 0, err
		}
		fmt.Fprintf(out, "\n%s\n", result.Line())
		worst = worse(worst, result.ExitCode())
		if load.Err() != nil {
			break
		}
	}
	return worst, nil
}

// worse of two exit codes: lost money before a run that says nothing.
func worse(a, b int) int {
	if a == 1 || b == 1 {
		return 1
	}
	return max(a, b)
}
