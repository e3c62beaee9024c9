package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gazua.example/loadgen/control"
)

// controlsCommand is `loadgen controls`.
func controlsCommand(args []string, out, progress *os.File) (int, error) {
	flags := flagSet("controls", progress)
	only := flags.String("only", "", "names of controls, joined by commas (default: all)")
	quick := flags.Bool("quick", false, "only the controls that are marked quick")
	keep := flags.Bool("keep", false, "keep the stacks' folders, to look at what a bug has left behind")
	folder := flags.String("folder", "loadgen/controls", "folder of the controls")
	runs := flags.String("out", ".runs", "folder of runs; the controls get a folder of their own in it")
	servers := flags.String("servers", ".stack", "folder of a stack whose downloaded servers are used")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	if flags.NArg() > 0 {
		return 0, fmt.Errorf("%q is one argument too many; --only names controls", flags.Arg(0))
	}
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("find the programs beside this one: %w", err)
	}
	root, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	ctx, done := interruptible(progress)
	defer done()
	o := control.Options{
		Root: root, Bin: filepath.Dir(self), Servers: *servers, Folder: *folder, Quick: *quick, Keep: *keep, Say: out,
		Out: filepath.Join(*runs, time.Now().UTC().Format("20060102-150405")+"-controls"),
	}
	for name := range strings.SplitSeq(*only, ",") {
		if name = strings.TrimSpace(name); name != "" {
			o.Only = append(o.Only, name)
		}
	}
	round, err := control.Run(ctx, o)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(out, "\n%s\n", round.Line())
	if round.Missed() > 0 {
		return 1, nil
	}
	return 0, nil
}
