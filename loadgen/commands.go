package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gazua.example/loadgen/report"
	"gazua.example/loadgen/run"
	"gazua.example/loadgen/scenario"
	"gazua.example/loadgen/verify"
)

const (
	defaultStack = ".stack/stack.env"
	stackHelp    = "file with the stack's addresses; the environment goes before it"
)

// runCommand is `loadgen run`.
func runCommand(args []string, out, progress *os.File) (int, error) {
	flags := flagSet("run SCENARIO.yaml", progress)
	duration := flags.Duration("duration", 0, "length of all stages together, each keeping its part (default: the scenario's)")
	rate := flags.Float64("rate", 0, "highest rate of all stages in payments/s, each keeping its part of it (default: the scenario's)")
	seed := flags.Uint64("seed", 0, "seed of the payments (default: the scenario's)")
	settle := flags.Duration("settle", 0, "bound of the wait for quiescence (default: the scenario's)")
	stackFile := flags.String("stack", defaultStack, stackHelp)
	runs := flags.String("out", ".runs", "folder of runs; each gets a folder of its own in it, and the link latest points to the newest")
	every := flags.Duration("progress", 5*time.Second, "interval of the progress line where it goes to no terminal; on one it is 1s")
	file, err := oneArgument(flags, args, "the scenario's file")
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
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if err := errors.Join(
		change(given["duration"], *duration >= time.Millisecond, "--duration must be 1ms or more", func() { s.Stretch(*duration) }),
		change(given["rate"], *rate > 0 && *rate <= 1_000_000, "--rate must be above 0 and at most 1000000", func() { s.Scale(*rate) }),
		change(given["seed"], true, "", func() { s.Seed = *seed }),
		change(given["settle"], *settle >= 0, "--settle must be 0 or more", func() { s.Settle = *settle }),
		change(true, *every >= time.Second, "--progress must be 1s or more", func() {}),
	); err != nil {
		return 0, err
	}
	stack, err := run.ReadStack(*stackFile, os.LookupEnv)
	if err != nil {
		return 0, err
	}
	load, done := interruptible(progress)
	defer done()
	result, err := run.Run(load, run.Options{
		Scenario: s, Text: text, Stack: stack, Runs: *runs, Command: append([]string{"loadgen", "run"}, args...),
		Live: report.NewLive(progress, *every), Out: out,
	})
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(out, "\n%s\n", result.Line())
	return result.ExitCode(), nil
}

// verifyCommand is `loadgen verify`. It judges the system again, and leaves what the run itself measured as it is.
func verifyCommand(args []string, out *os.File) (int, error) {
	flags := flagSet("verify RUNDIR", os.Stderr)
	stackFile := flags.String("stack", defaultStack, stackHelp)
	folder, err := oneArgument(flags, args, "the run's folder")
	if err != nil {
		return 0, err
	}
	result, err := report.Load(folder)
	if err != nil {
		return 0, err
	}
	if result.Folder, err = filepath.EvalSymlinks(folder); err != nil { // it may have been moved since, or be `latest`
		return 0, err
	}
	stack, err := run.ReadStack(*stackFile, os.LookupEnv)
	if err != nil {
		return 0, err
	}
	ctx := context.Background()
	database, err := verify.OpenDatabase(ctx, stack.MySQL)
	if err != nil {
		return 0, err
	}
	defer func() { _ = database.Close() }() // it only read
	verdict, err := run.Judge(ctx, result, database, &stack)
	if err != nil {
		return 0, fmt.Errorf("there is no verdict: %w", err)
	}
	report.Table(out, verdict)
	fmt.Fprintf(out, "\nverdict=%s payments=%d lost=%d duplicated=%d unsettled=%d violations=%d report=%s\n", verdict.Verdict, verdict.Payments,
		verdict.Violated(7), verdict.Violated(1), verdict.Violated(6), verdict.Violations(), filepath.Join(result.Folder, "verify.json"))
	if verdict.Violations() > 0 {
		return 1, nil
	}
	return 0, nil
}

func flagSet(name string, help io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(help)
	flags.Usage = func() {
		fmt.Fprintf(help, "loadgen %s [flags]\n\nFlags:\n", name)
		flags.PrintDefaults()
		fmt.Fprintln(help)
		run.Help(help)
	}
	return flags
}

// oneArgument parses flags before and after the one argument that each command has.
func oneArgument(flags *flag.FlagSet, args []string, what string) (string, error) {
	if err := flags.Parse(args); err != nil {
		return "", err
	}
	argument := flags.Arg(0)
	if argument == "" {
		return "", fmt.Errorf("%s is missing: loadgen %s", what, flags.Name())
	}
	if err := flags.Parse(flags.Args()[1:]); err != nil {
		return "", err
	}
	if flags.NArg() > 0 {
		return "", fmt.Errorf("%q is one argument too many: loadgen %s", flags.Arg(0), flags.Name())
	}
	return argument, nil
}

func change(given, ok bool, fault string, apply func()) error {
	if given && !ok {
		return errors.New(fault)
	}
	if given {
		apply()
	}
	return nil
}
