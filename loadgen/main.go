// Loadgen sends load to the payment system, behaves like its merchants, and judges what became of every payment.
//
//	loadgen run SCENARIO.yaml   load → settle → verify → report
//	loadgen verify RUNDIR       judge a run's folder again
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"gazua.example/loadgen/run"
)

// What the process exits with, beside 0 PASS, 1 FAIL and 3 INVALID of a run and 4 of a comparison that found a
// regression, of trends that found something rising, of a search whose first rate was too high.
const (
	exitUsage   = 2   // bad input, or a part of the system does not answer: nothing was sent
	exitAborted = 130 // a second Ctrl-C
)

func main() {
	// A collection costs the same whether it runs often or seldom, and the heap of a generator is small: fewer of them
	// leave more of the core to what is measured. GOGC, when set, wins.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	os.Exit(dispatch(os.Args[1:], os.Stdout, os.Stderr))
}

func dispatch(args []string, out *os.File, progress *os.File) int {
	if len(args) == 0 {
		usage(progress)
		return exitUsage
	}
	var err error
	code := 0
	switch args[0] {
	case "run":
		code, err = runCommand(args[1:], out, progress)
	case "verify":
		code, err = verifyCommand(args[1:], out)
	case "monitor":
		code, err = monitorCommand(args[1:], out, progress)
	case "report":
		code, err = reportCommand(args[1:], out, progress)
	case "controls":
		code, err = controlsCommand(args[1:], out, progress)
	case "drill":
		code, err = drillCommand(args[1:], out, progress)
	case "chapter":
		code, err = chapterCommand(args[1:], progress)
	case "bench":
		code, err = benchCommand(args[1:], out, progress)
	case "bench-raw":
		code, err = benchRawCommand(args[1:], out, progress)
	case "bench-large":
		code, err = benchLargeCommand(args[1:], out, progress)
	case "fill":
		code, err = fillCommand(args[1:], out, progress)
	case "runs":
		code, err = runsCommand(args[1:], out, progress)
	case "compare":
		code, err = compareCommand(args[1:], out, progress)
	case "capacity":
		code, err = capacityCommand(args[1:], out, progress)
	case "trends":
		code, err = trendsCommand(args[1:], out, progress)
	case "dump":
		code, err = dumpCommand(args[1:], out, progress)
	case "help", "-h", "--help":
		usage(out)
		return 0
	default:
		err = fmt.Errorf("there is no command %q; `loadgen --help` lists them", args[0])
	}
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(progress, "loadgen: %v\n", err)
		return exitUsage
	}
	return code
}

func usage(w io.Writer) {
	fmt.Fprint(w, `Loadgen sends load to the payment system and judges what became of every payment.

  loadgen run SCENARIO.yaml   load → settle → verify → report; the last line says the verdict
  loadgen verify RUNDIR       judge a run's folder again
  loadgen runs                list the runs, the newest first
  loadgen compare A B         by how much two runs, or two groups of repeats, differ
  loadgen capacity SCENARIO   search the highest rate at which an objective holds (--slo-p99 500ms)
  loadgen trends RUNDIR       what rose while the load stayed the same: memory, goroutines, descriptors, p99, backlog
  loadgen report RUNDIR       write the run's page, one HTML file: RUNDIR/report.html
  loadgen controls            plant bugs into the product; each must be caught by the invariant that it breaks
  loadgen drill NAME…         break a running system on purpose, heal it, and say what clients saw (--all, --list, --controls)
  loadgen chapter             run graceful-shutdown with one step left out at a time, and draw docs/graceful-shutdown
  loadgen bench               the system beside the raw ceiling, the plain way and the system before, in one run (--quick)
  loadgen bench-large         rate and p99 when many payments are stored: 100,000, 1 million, 10 million
  loadgen fill --payments N   make an empty stack's database as large as after days of trade
  loadgen monitor --out DIR   write down, every second, what each process of the stack uses
  loadgen dump                show what the goroutines of each program wait for, and who holds it

Each has --help. Exit codes: 0 PASS, 1 FAIL (an invariant is violated), 2 usage, bad input, or nothing could be sent,
3 INVALID (the generator or the mock spoilt the run, or it could not be verified), 4 compare found a regression,
trends something that rises, or capacity broke its objective at the first rate, 130 aborted by a second Ctrl-C.

`)
	run.Help(w)
}

// interruptible ends the context at the first SIGINT or SIGTERM. A second one ends the process: whoever presses Ctrl-C
// twice does not want to wait for 180 s of settling.
func interruptible(progress io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for range signals {
			if ctx.Err() != nil {
				fmt.Fprintln(progress, "\nloadgen: aborted; what was sent is not verified. `loadgen verify` on the run's folder does it later")
				os.Exit(exitAborted)
			}
			cancel()
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}
