package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gazua.example/loadgen/drill"
	"gazua.example/loadgen/report"
)

// drillCommand is `loadgen drill NAME…`.
func drillCommand(args []string, out, progress *os.File) (int, error) {
	flags := flagSet("drill NAME…", progress)
	repeat := flags.Int("n", 1, "how often each drill breaks things, one after another under one load")
	restarts := flags.Int("restarts", 1, "of graceful-shutdown: rounds, in each of which every API and worker is restarted")
	rate := flags.Float64("rate", 0, "payments a second (default: the drill's)")
	all := flags.Bool("all", false, "every drill")
	list := flags.Bool("list", false, "name the drills and their controls, and run none")
	controls := flags.Bool("controls", false, "run the controls of these drills instead: the product with a piece left out, which must fail")
	only := flags.String("control", "", "run this control")
	keep := flags.Bool("keep", false, "keep the stacks' folders")
	folder := flags.String("folder", "loadgen/drills", "folder of the controls")
	runs := flags.String("out", ".runs", "folder of runs; the drills get a folder of their own in it")
	servers := flags.String("servers", ".stack", "folder of a stack whose downloaded servers are used")
	names, err := leading(args)
	if err != nil {
		return 0, err
	}
	if err := flags.Parse(args[len(names):]); err != nil {
		return 0, err
	}
	if flags.NArg() > 0 {
		return 0, fmt.Errorf("%q stands behind the flags; the drills' names come first", flags.Arg(0))
	}
	if *repeat < 1 || *restarts < 1 || *rate < 0 {
		return 0, errors.New("--n and --restarts must be 1 or more, --rate 0 or more")
	}
	known, err := drill.Controls(*folder)
	if err != nil {
		return 0, err
	}
	if *list {
		for _, d := range drill.All() {
			fmt.Fprintf(out, "%-24s %s\n", d.Name, d.Shows)
			for _, c := range known {
				if c.Drill == d.Name {
					fmt.Fprintf(out, "  control %-34s %s\n", c.Name, c.What)
				}
			}
		}
		return 0, nil
	}
	round := drill.Round{Results: out}
	if *all {
		names = nil
		for _, d := range drill.All() {
			names = append(names, d.Name)
		}
	}
	for _, name := range names {
		d, err := drill.Named(name)
		if err != nil {
			return 0, err
		}
		round.Drills = append(round.Drills, d)
	}
	if *controls || *only != "" {
		round.Drills = nil
		round.Controls = slices.DeleteFunc(known, func(c *drill.Control) bool {
			return *only != "" && c.Name != *only || *controls && !slices.Contains(names, c.Drill)
		})
	}
	if len(round.Drills)+len(round.Controls) == 0 {
		return 0, errors.New("which drill? `loadgen drill --list` names them and their controls; --all is every one")
	}
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("find the programs beside this one: %w", err)
	}
	root, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	round.Options = drill.Options{
		Root: root, Bin: filepath.Dir(self), Servers: *servers, Out: filepath.Join(*runs, time.Now().UTC().Format("20060102-150405")+"-drills"),
		N: *repeat, Restarts: *restarts, Rate: *rate, Keep: *keep, Say: progress,
	}
	ctx, done := interruptible(progress)
	defer done()
	verdict, err := round.Run(ctx)
	if err != nil {
		return 0, err
	}
	switch verdict {
	case report.Pass:
		return 0, nil
	case report.Fail:
		return 1, nil
	}
	return 3, nil
}

// leading are the arguments before the first flag.
func leading(args []string) ([]string, error) {
	for i, arg := range args {
		if strings.HasPrefix(arg, "-") {
			return args[:i], nil
		}
		if arg == "" {
			return nil, errors.New("the name of a drill is empty; `loadgen drill --list` names them")
		}
	}
	return args, nil
}
