package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gazua.example/loadgen/drill"
	"gazua.example/loadgen/report"
)

// drillFlags are the flags of `loadgen drill`.
type drillFlags struct {
	*flag.FlagSet
	n, restarts                      *int
	rate                             *float64
	all, list, table, controls, keep *bool
	control, folder, runs, servers   *string
}

func newDrillFlags(progress *os.File) drillFlags {
	f := flagSet("drill NAME…", progress)
	return drillFlags{
		FlagSet:  f,
		n:        f.Int("n", 1, "how often each drill breaks things, one after another under one load"),
		restarts: f.Int("restarts", 1, "of graceful-shutdown: rounds, in each of which every API and worker is restarted"),
		rate:     f.Float64("rate", 0, "payments a second (default: the drill's)"),
		all:      f.Bool("all", false, "every drill"),
		controls: f.Bool("controls", false, "run the controls of these drills instead: the product with a piece left out, which must fail"),
		control:  f.String("control", "", "run this control"),
		list:     f.Bool("list", false, "name the drills and their controls, and run none"),
		table:    f.Bool("table", false, "print drills that were run as a table of Markdown: the names are their folders; run none"),
		keep:     f.Bool("keep", false, "keep the stacks' folders"),
		folder:   f.String("folder", "loadgen/drills", "folder of the controls"),
		runs:     f.String("out", ".runs", "folder of runs; the drills get a folder of their own in it"),
		servers:  f.String("servers", ".stack", "folder of a stack whose downloaded servers are used"),
	}
}

// drillCommand is `loadgen drill NAME…`.
func drillCommand(args []string, out, progress *os.File) (int, error) {
	flags := newDrillFlags(progress)
	names := leading(args)
	if err := flags.Parse(args[len(names):]); err != nil {
		return 0, err
	}
	if flags.NArg() > 0 {
		return 0, fmt.Errorf("%q stands behind the flags; the drills' names come first", flags.Arg(0))
	}
	if *flags.n < 1 || *flags.restarts < 1 || *flags.rate < 0 {
		return 0, errors.New("--n and --restarts must be 1 or more, --rate 0 or more")
	}
	if *flags.table {
		outcomes, err := drill.ReadOutcomes(names...)
		if err == nil {
			drill.Table(out, outcomes)
		}
		return 0, err
	}
	known, err := drill.Controls(*flags.folder)
	if *flags.control != "" { // also what shows nothing, and a world alone
		known, err = drill.Known(*flags.folder)
	}
	if err != nil {
		return 0, err
	}
	if *flags.list {
		listDrills(out, known)
		return 0, nil
	}
	round, err := flags.choose(names, known)
	if err != nil {
		return 0, err
	}
	if round.Options, err = flags.options(progress); err != nil {
		return 0, err
	}
	round.Results = out
	ctx, done := interruptible(progress)
	defer done()
	verdict, err := round.Run(ctx)
	if err != nil {
		return 0, err
	}
	return (&report.Result{Verdict: verdict}).ExitCode(), nil
}

func listDrills(out *os.File, known []*drill.Control) {
	for _, d := range drill.All() {
		fmt.Fprintf(out, "%-24s %s\n", d.Name, d.Shows)
		for _, c := range known {
			if c.Drill == d.Name {
				fmt.Fprintf(out, "  control %-34s %s\n", c.Name, c.What)
			}
		}
	}
}

// choose takes the drills that are named, or their controls.
func (f *drillFlags) choose(names []string, known []*drill.Control) (*drill.Round, error) {
	round := &drill.Round{}
	if *f.all {
		round.Drills = drill.All()
	}
	for _, name := range names {
		d, err := drill.Named(name)
		if err != nil {
			return nil, err
		}
		round.Drills = append(round.Drills, d)
	}
	of := func(c *drill.Control) bool {
		return slices.ContainsFunc(round.Drills, func(d drill.Drill) bool { return d.Name == c.Drill })
	}
	if *f.controls || *f.control != "" {
		round.Controls = slices.DeleteFunc(known, func(c *drill.Control) bool { return c.Name != *f.control && (!*f.controls || !of(c)) })
		round.Drills = nil
	}
	if len(round.Drills)+len(round.Controls) == 0 {
		return nil, errors.New("which drill? `loadgen drill --list` names them and their controls; --all is every one")
	}
	return round, nil
}

func (f *drillFlags) options(progress *os.File) (drill.Options, error) {
	self, err := os.Executable()
	if err != nil {
		return drill.Options{}, fmt.Errorf("find the programs beside this one: %w", err)
	}
	root, err := os.Getwd()
	return drill.Options{
		Root: root, Bin: filepath.Dir(self), Servers: *f.servers, Out: filepath.Join(*f.runs, time.Now().UTC().Format("20060102-150405")+"-drills"),
		N: *f.n, Restarts: *f.restarts, Rate: *f.rate, Keep: *f.keep, Say: progress,
	}, err
}

// leading are the arguments before the first flag.
func leading(args []string) []string {
	if i := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "-") }); i >= 0 {
		return args[:i]
	}
	return args
}
