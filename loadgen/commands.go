package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gazua.example/loadgen/report"
	"gazua.example/loadgen/run"
)

const (
	defaultStack = ".stack/stack.env"
	stackHelp    = "file with the stack's addresses; the environment goes before it"
)

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
	database, err := run.OpenDatabase(ctx, stack.MySQL, result.System)
	if err != nil {
		return 0, err
	}
	defer func() { _ = database.Close() }() // it only read
	verdict, err := run.Judge(ctx, result, database, &stack)
	if err != nil {
		return 0, fmt.Errorf("there is no verdict: %w", err)
	}
	report.Table(out, verdict)
	fmt.Fprintf(out, "\nverdict=%s payments=%d lost=%s duplicated=%s unsettled=%s violations=%d report=%s\n", verdict.Verdict, verdict.Payments,
		verdict.Figure(7), verdict.Figure(1), verdict.Figure(6), verdict.Violations(), filepath.Join(result.Folder, "verify.json"))
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

// oneArgument parses flags before and after the one argument of a command.
func oneArgument(flags *flag.FlagSet, args []string, what string) (string, error) {
	found, err := arguments(flags, args, 1, what+" is missing")
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// arguments parses flags before, between and after a number of arguments.
func arguments(flags *flag.FlagSet, args []string, count int, missing string) (found []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			break
		}
		found = append(found, flags.Arg(0))
		args = flags.Args()[1:]
	}
	switch {
	case len(found) < count || count > 0 && found[0] == "":
		return nil, fmt.Errorf("%s: loadgen %s", missing, flags.Name())
	case len(found) > count:
		return nil, fmt.Errorf("%q is one argument too many: loadgen %s", found[count], flags.Name())
	}
	return found, nil
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
