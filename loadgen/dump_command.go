package main

import (
	"fmt"
	"os"

	"gazua.example/loadgen/census"
	"gazua.example/loadgen/dump"
)

// dumpCommand is `loadgen dump`.
func dumpCommand(args []string, out, progress *os.File) (int, error) {
	flags := flagSet("dump", progress)
	stackFile := flags.String("stack", defaultStack, stackHelp)
	folder := flags.String("out", ".runs", "folder that gets dumps/<time>.txt and .json; a run's folder, or another")
	repeat := flags.Int("repeat", dump.Usual.Repeat, "dumps of each program; what grows shows between them, and so does what waiting costs")
	every := flags.Duration("every", dump.Usual.Every, "time between two dumps")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	if flags.NArg() > 0 {
		return 0, fmt.Errorf("%q is one argument too many: loadgen dump", flags.Arg(0))
	}
	if *repeat < 1 {
		return 0, fmt.Errorf("--repeat must be 1 or more")
	}
	stack, err := census.Read(*stackFile, os.LookupEnv)
	if err != nil {
		return 0, err
	}
	ctx, done := interruptible(progress)
	defer done()
	taken, err := dump.Take(ctx, stack, *folder, dump.Options{Repeat: *repeat, Every: *every})
	if err != nil {
		return 0, err
	}
	taken.Report.WriteStory(out)
	fmt.Fprintf(out, "\nEvery stack: %s\nAs JSON:     %s\n", taken.Text, taken.JSON)
	return 0, nil
}
