package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gazua.example/loadgen/bench"
	"gazua.example/loadgen/fill"
)

// benchLargeCommand is `loadgen bench-large`.
func benchLargeCommand(args []string, out, progress *os.File) (int, error) {
	o := bench.LargeOptions{Command: append([]string{"loadgen", "bench-large"}, args...), Progress: progress}
	flags := flagSet("bench-large", progress)
	sizes := flags.String("payments", "100000,1000000,10000000", "payments stored, from the fewest on; the stack is filled up to each")
	flags.IntVar(&o.Repeats, "repeats", 3, "of each load at each size")
	flags.DurationVar(&o.Duration, "duration", 10*time.Second, "of a measurement")
	flags.IntVar(&o.Rate, "rate", 300, "payments/s of the open model; low, so that nothing queues")
	flags.IntVar(&o.Clients, "clients", 64, "of the closed model")
	flags.IntVar(&o.Days, "days", fill.Usual.Days, "days over which the stored payments are spread")
	flags.IntVar(&o.Looks, "looks", 20, "of 100 payments, those that are looked at once")
	flags.IntVar(&o.Old, "old", 500, "looks at stored payments at each size")
	flags.BoolVar(&o.Cold, "cold", false, "let payments find the pages of their keys on the disk: the verifier's count before each load drives them out of memory")
	flags.StringVar(&o.Servers, "servers", ".stack", "folder of a stack whose downloaded servers are used")
	flags.BoolVar(&o.Keep, "keep", false, "keep the stack's folder")
	runs := flags.String("out", defaultRuns, "folder of runs; the bench gets a folder of its own in it")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	if flags.NArg() > 0 {
		return 0, fmt.Errorf("%q is one argument too many: loadgen bench-large", flags.Arg(0))
	}
	if err := checkLarge(&o, *sizes); err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("find the programs beside this one: %w", err)
	}
	o.Bin, o.Folder = filepath.Dir(self), filepath.Join(*runs, time.Now().UTC().Format("20060102-150405")+"-bench-large")
	ctx, done := interruptible(progress)
	defer done()
	r, err := bench.RunLarge(ctx, o)
	if err != nil {
		return 0, err
	}
	r.Text(out)
	fmt.Fprintf(out, "\n%s\n", r.Line())
	return r.ExitCode(), nil
}

// checkLarge tells all that is wrong with the flags.
func checkLarge(o *bench.LargeOptions, sizes string) error {
	nothing := func() {}
	known := true
	for text := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		known = known && err == nil
		o.Payments = append(o.Payments, n)
	}
	rising := slices.IsSorted(o.Payments) && len(slices.Compact(slices.Clone(o.Payments))) == len(o.Payments)
	last := fill.Usual
	last.Payments, last.Days = o.Payments[len(o.Payments)-1], o.Days
	return errors.Join(
		change(true, known && rising && o.Payments[0] > 0 && len(o.Payments) <= 8, "--payments must be 1 to 8 numbers of payments, each more than the one before, joined by commas", nothing),
		change(true, o.Repeats >= 1 && o.Repeats <= 50, "--repeats must be from 1 to 50", nothing),
		change(true, o.Duration >= time.Second && o.Duration <= time.Hour, "--duration must be from 1s to 1h", nothing),
		change(true, o.Rate >= 1 && o.Rate <= 100_000, "--rate must be from 1 to 100000", nothing),
		change(true, o.Clients >= 1 && o.Clients <= 20_000, "--clients must be from 1 to 20000", nothing),
		change(true, o.Looks >= 0 && o.Looks <= 99, "--looks must be from 0 to 99", nothing),
		change(true, o.Old >= 0 && o.Old <= 100_000, "--old must be from 0 to 100000", nothing),
		last.Check(),
	)
}
