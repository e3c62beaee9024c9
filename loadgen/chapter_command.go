package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gazua.example/loadgen/chapter"
	"gazua.example/loadgen/drill"
)

// chapterCommand is `loadgen chapter`.
func chapterCommand(args []string, progress *os.File) (int, error) {
	flags := flagSet("chapter", progress)
	pages := flags.String("out", "docs/graceful-shutdown", "folder of the pictures and of figures.md")
	restarts := flags.Int("restarts", 2, "rounds of each run, in each of which every API and worker is restarted; as many breaks of the others")
	rate := flags.Float64("rate", 0, "payments a second (default: the drill's)")
	from := flags.String("runs", "", "folder of runs: those that are in it are drawn, the others are run into it (default: a new one in .runs)")
	only := flags.String("only", "", "run this again: a drill or a control; all the others must be in --runs")
	folder := flags.String("folder", "loadgen/drills", "folder of the controls")
	servers := flags.String("servers", ".stack", "folder of a stack whose downloaded servers are used")
	if _, err := arguments(flags, args, 0, ""); err != nil {
		return 0, err
	}
	known, err := drill.Known(*folder)
	if err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("find the programs beside this one: %w", err)
	}
	root, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	runs := *from
	if runs == "" {
		runs = filepath.Join(".runs", time.Now().UTC().Format("20060102-150405")+"-chapter")
	}
	ctx, done := interruptible(progress)
	defer done()
	return 0, chapter.Make(ctx, chapter.Options{
		Drill: drill.Options{
			Root: root, Bin: filepath.Dir(self), Servers: *servers, Out: runs, N: *restarts, Restarts: *restarts, Rate: *rate, Say: progress,
		},
		Controls: known, Pages: *pages, Only: *only,
	})
}
