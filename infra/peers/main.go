// Peers measures the test bed beside the tools that people know, all in one run on one machine, in turns:
//
//	peers generators   CPU a request of loadgen, wrk, vegeta and k6 against one nginx
//	peers mocks        requests/s, CPU a request and added latency of mock-pg, nginx (static) and WireMock under one load
//
// Absolute figures of a shared machine say little, so each row has its median and its spread over the repeats, and is to be
// read against the other rows of the same table. A tool that is not there is left out, with the command that installs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// bench is one run of the program.
type bench struct {
	bin, tools string // our programs, and the peers that are not on the PATH
	work       string // scratch folder
	repeats    int
	length     time.Duration // of each measurement
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "peers:", err)
		}
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("peers generators|mocks", flag.ContinueOnError)
	b := &bench{}
	flags.IntVar(&b.repeats, "repeats", 5, "how often each is measured, in turns")
	flags.DurationVar(&b.length, "length", 6*time.Second, "of each measurement")
	flags.StringVar(&b.tools, "tools", ".tools", "folder of vegeta, k6 and WireMock, where they are not on the PATH")
	if len(args) == 0 {
		flags.Usage()
		return flag.ErrHelp
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if b.repeats < 1 || b.length < time.Second {
		return errors.New("--repeats must be 1 or more, and --length 1s or more")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	b.bin = filepath.Dir(self)
	if b.work, err = os.MkdirTemp("", "peers"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	switch args[0] {
	case "generators":
		return b.generators(ctx)
	case "mocks":
		return b.mocks(ctx)
	}
	return fmt.Errorf("there is no command %q; there are generators and mocks", args[0])
}
