package main

import (
	"fmt"
	"os"

	"gazua.example/loadgen/report"
	"gazua.example/loadgen/trend"
)

// trendsCommand is `loadgen trends`: did anything rise while the load stayed the same?
func trendsCommand(args []string, out, progress *os.File) (int, error) {
	flags := flagSet("trends RUNDIR", progress)
	asJSON := flags.Bool("json", false, "one JSON document instead of a table")
	restarts := flags.Bool("restarts", false, "of each process that was started again and again: what grows from one life to the next")
	folder, err := oneArgument(flags, args, "the run's folder")
	if err != nil {
		return 0, err
	}
	result, err := report.Load(folder)
	if err != nil {
		return 0, err
	}
	if result.Verdict == report.Unfinished {
		return 0, fmt.Errorf("%s has not ended, or was killed: how long its load lasted is not known", folder)
	}
	if *restarts {
		return livesOf(folder, result, *asJSON, out)
	}
	lines, err := trend.Of(folder, result.Load)
	if err != nil {
		return 0, err
	}
	verdict := trend.Conclude(lines)
	if *asJSON {
		document := map[string]any{"schema": "gazua.trends/1", "run": result.Run, "load_s": result.Load, "verdict": verdict, "lines": lines}
		return trend.ExitCode(verdict), writeJSON(out, document)
	}
	trend.Text(out, lines, result.Load)
	fmt.Fprintf(out, "\n%s report=%s\n", trend.Summary(lines), folder)
	return trend.ExitCode(verdict), nil
}

func livesOf(folder string, result *report.Result, asJSON bool, out *os.File) (int, error) {
	lines, err := trend.Lives(folder, result.Load)
	if err != nil {
		return 0, err
	}
	verdict := trend.ConcludeLives(lines)
	if asJSON {
		document := map[string]any{"schema": "gazua.lives/1", "run": result.Run, "load_s": result.Load, "verdict": verdict, "lines": lines}
		return trend.ExitCode(verdict), writeJSON(out, document)
	}
	trend.LivesText(out, lines)
	fmt.Fprintf(out, "\nverdict=%s figures=%d report=%s\n", verdict, len(lines), folder)
	return trend.ExitCode(verdict), nil
}
