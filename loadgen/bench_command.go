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
	"gazua.example/loadgen/bench/raw"
)

// benchFlags are the flags of `loadgen bench`.
type benchFlags struct {
	o                                           bench.Options
	clients, legs, modes, contestants, sections string
	runs                                        string
	failUnder                                   float64
}

// What --quick measures: as much as CI has time for.
const (
	quickClients  = 64
	quickRepeats  = 3
	quickDuration = 6 * time.Second
)

// benchCommand is `loadgen bench`.
func benchCommand(args []string, out, progress *os.File) (int, error) {
	f := benchFlags{}
	if err := f.parse(args, progress); err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("find the programs beside this one: %w", err)
	}
	f.o.Bin, f.o.Command, f.o.Progress = filepath.Dir(self), append([]string{"loadgen", "bench"}, args...), progress
	f.o.Folder = filepath.Join(f.runs, time.Now().UTC().Format("20060102-150405")+"-bench")
	ctx, done := interruptible(progress)
	defer done()
	r, err := bench.Run(ctx, f.o)
	if r == nil {
		return 0, err
	}
	page, pageErr := r.WritePage()
	r.Text(out)
	fmt.Fprintf(out, "\n  page: %s\n", page)
	if err := errors.Join(err, pageErr); err != nil {
		return 0, err
	}
	if !f.o.Quick {
		fmt.Fprintf(out, "\n%s\n", r.Line())
		return r.ExitCode(), nil
	}
	q := r.Judge(quickClients, f.o.Legs[0], f.failUnder)
	if q.Why != "" {
		fmt.Fprintf(out, "\nbench: %s\n", q.Why)
	}
	fmt.Fprintf(out, "\n%s\n", q.Line)
	return q.Code, nil
}

func (f *benchFlags) parse(args []string, progress *os.File) error {
	flags, o := flagSet("bench", progress), &f.o
	flags.BoolVar(&o.Quick, "quick", false, "system and plain at 64 clients only: one ratio, below two minutes; what CI runs")
	flags.IntVar(&o.Repeats, "repeats", 3, "how often each is measured, in turns; a lone client two times more")
	flags.DurationVar(&o.Duration, "duration", 5*time.Second, "of each measurement (6s with --quick)")
	flags.StringVar(&f.clients, "clients", "1,16,64,256", "numbers of clients of the closed model")
	flags.StringVar(&f.legs, "legs", "1,3", "1: card; 3: coupon, points and card. The first is that of the asynchronous payments and of the sections")
	flags.StringVar(&f.modes, "modes", "sync,async", "sync, async or both")
	flags.StringVar(&f.contestants, "contestants", "raw,system,plain,legacy", "who is measured")
	flags.StringVar(&f.sections, "sections", strings.Join(bench.Sections, ","), "which questions are asked; sustained and maximum need grid")
	flags.Float64Var(&f.failUnder, "fail-under", 2.5, "with --quick: exit code 1 where the rate of system is not so many times that of plain")
	flags.StringVar(&f.runs, "out", defaultRuns, "folder of runs; the bench gets a folder of its own in it, with each of its runs below")
	flags.StringVar(&o.Servers, "servers", ".stack", "folder of a stack whose downloaded servers are used")
	flags.BoolVar(&o.Keep, "keep", false, "keep the stack's folder, some gigabytes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is one argument too many: loadgen bench [flags]", flags.Arg(0))
	}
	if o.Quick {
		f.clients, f.legs, f.modes, f.contestants, f.sections = strconv.Itoa(quickClients), "1", bench.Sync, bench.System+","+bench.Plain, bench.Grid
		if o.Duration == 5*time.Second {
			o.Duration = quickDuration
		}
	}
	return f.check()
}

// check tells all that is wrong with the flags.
func (f *benchFlags) check() error {
	o, nothing := &f.o, func() {}
	var errs [5]error
	o.Clients, errs[0] = numbers("--clients", f.clients, func(n int) bool { return n >= 1 && n <= 4000 }, "from 1 to 4000")
	o.Legs, errs[1] = numbers("--legs", f.legs, func(n int) bool { return n == 1 || n == 3 }, "1 or 3")
	o.Modes, errs[2] = names("--modes", f.modes, []string{bench.Sync, bench.Async})
	o.Contestants, errs[3] = names("--contestants", f.contestants, []string{bench.Raw, bench.System, bench.Plain, bench.Legacy})
	o.Sections, errs[4] = names("--sections", f.sections, bench.Sections)
	return errors.Join(
		errors.Join(errs[:]...),
		change(true, o.Repeats >= 1 && o.Repeats <= 100, "--repeats must be from 1 to 100", nothing),
		change(true, o.Duration >= 2*time.Second && o.Duration <= 10*time.Minute, "--duration must be from 2s to 10m", nothing),
		change(true, f.failUnder >= 0 && f.failUnder <= 1000, "--fail-under must be from 0 to 1000", nothing),
	)
}

// numbers reads 1,16,64: each is good, and there once.
func numbers(flag, text string, good func(int) bool, which string) (all []int, err error) {
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || !good(n) || slices.Contains(all, n) {
			return nil, fmt.Errorf("%s %q must be whole numbers %s, each once, with commas between them", flag, text, which)
		}
		all = append(all, n)
	}
	return all, nil
}

// names reads words of a list.
func names(flag, text string, known []string) (all []string, err error) {
	for part := range strings.SplitSeq(text, ",") {
		name := strings.TrimSpace(part)
		if !slices.Contains(known, name) || slices.Contains(all, name) {
			return nil, fmt.Errorf("%s %q must be of %s, each once, with commas between them", flag, text, strings.Join(known, ", "))
		}
		all = append(all, name)
	}
	return all, nil
}

// benchRawCommand is `loadgen bench-raw`, the process of the raw ceiling: bench starts it, so that its CPU can be told from
// all other. It prints one JSON document. MYSQL_DSN is that of a user that may make tables.
func benchRawCommand(args []string, out, progress *os.File) (int, error) {
	o := raw.Options{DSN: os.Getenv("MYSQL_DSN")}
	flags := flagSet("bench-raw", progress)
	flags.IntVar(&o.Clients, "clients", quickClients, "payments on their way at one time")
	flags.IntVar(&o.Legs, "legs", 1, "legs of a payment, 1 or 3")
	flags.BoolVar(&o.Async, "async", false, "with the rows of an asynchronous payment")
	flags.DurationVar(&o.Duration, "duration", 5*time.Second, "how long")
	flags.IntVar(&o.MySQL, "mysql", 0, "pid of the server, whose CPU is measured")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	if o.DSN == "" {
		return 0, errors.New("MYSQL_DSN is not set: loadgen bench sets it")
	}
	ctx, done := interruptible(progress)
	defer done()
	figures, err := raw.Run(ctx, o)
	if err != nil {
		return 0, err
	}
	return 0, writeJSON(out, figures)
}
