// Command fuzz fuzzes every decoder of the project for a while: it finds the fuzz targets of the modules it is given, runs
// one after the other, and says a line about each. It ends with an error that names the input that broke one.
//
//	go list ─► files with "func Fuzz" ─► go test -list ─► go test -fuzz, one at a time ─► a line each
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"gazua.example/infra/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout)
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "fuzz: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, modules []string, lookup func(string) (string, bool), out io.Writer) error {
	c := config.New("fuzz", "fuzz MODULE…  fuzz every target of the modules, whose folders these are.", lookup)
	tool := toolchain{program: c.String("GO", "go", "which Go")}
	each := c.Duration("FUZZTIME", 30*time.Second, 100*time.Millisecond, 24*time.Hour, "how long each target is fuzzed")
	if len(modules) == 1 && modules[0] == "help" {
		c.Help(out)
		return nil
	}
	if err := c.Err(); err != nil {
		return err
	}
	if len(modules) == 0 {
		return errors.New("fuzz what? `fuzz MODULE…` names the folders of the modules")
	}
	targets, err := tool.find(ctx, modules)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "fuzz: %d targets, %s each\n", len(targets), each)
	broken := 0
	for _, t := range targets {
		result, err := tool.fuzz(ctx, t, each)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, result.line(t))
		if result.broken() {
			broken++
		}
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d targets are broken, see above", broken, len(targets))
	}
	return nil
}
