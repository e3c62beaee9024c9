package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"gazua.example/loadgen/census"
	"gazua.example/loadgen/monitor"
)

// monitorCommand is `loadgen monitor`. A run starts it by itself, in a process of its own.
func monitorCommand(args []string, out, progress *os.File) (int, error) {
	flags := flagSet("monitor", progress)
	stackFile := flags.String("stack", defaultStack, stackHelp)
	folder := flags.String("out", "", "folder that gets "+monitor.FileName+"; one that has it already is refused")
	start := flags.String("start", "", "moment from which the file counts its seconds, as RFC 3339 (default: now)")
	every := flags.Duration("every", time.Second, "interval between two lines")
	generator := flags.Int("generator", 0, "pid of the load generator that started it, with which it ends")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	if flags.NArg() > 0 {
		return 0, fmt.Errorf("%q is one argument too many: loadgen monitor", flags.Arg(0))
	}
	if *folder == "" {
		return 0, errors.New("--out is missing: the folder that gets " + monitor.FileName)
	}
	o := monitor.Options{Folder: *folder, Every: *every, Generator: *generator, Say: progress}
	var err error
	if *start != "" {
		if o.Start, err = time.Parse(time.RFC3339Nano, *start); err != nil {
			return 0, fmt.Errorf("--start %q is not of the form 2026-11-23T08:30:00Z", *start)
		}
	}
	if o.Stack, err = census.Read(*stackFile, os.LookupEnv); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(*folder, 0o755); err != nil {
		return 0, fmt.Errorf("make the folder of the monitor's file: %w", err)
	}
	runtime.GOMAXPROCS(1)   // what it asks answers elsewhere: more would only wake more threads
	debug.SetGCPercent(100) // it makes little garbage, and memory is what it should not take
	if err := monitor.StandBack(); err != nil {
		fmt.Fprintf(progress, "monitor: %v; it goes on without\n", err)
	}
	ctx, done := interruptible(progress)
	defer done()
	cost, err := monitor.Run(ctx, o)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(out, "%s, written to %s\n", cost, filepath.Join(*folder, monitor.FileName))
	return 0, nil
}
