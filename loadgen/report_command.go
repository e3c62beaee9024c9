package main

import (
	"fmt"
	"os"

	"gazua.example/loadgen/report/page"
)

// reportCommand is `loadgen report`: it writes the page of a run anew, from what the run's folder has.
func reportCommand(args []string, out, progress *os.File) (int, error) {
	folder, err := oneArgument(flagSet("report RUNDIR", progress), args, "the run's folder")
	if err != nil {
		return 0, err
	}
	path, err := page.Write(folder)
	if err != nil {
		return 0, err
	}
	fmt.Fprintln(out, path)
	return 0, nil
}
