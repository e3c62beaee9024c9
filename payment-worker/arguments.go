package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// arguments are those behind a verb. Flags may stand anywhere among them.
type arguments struct {
	*flag.FlagSet
	json  *bool
	limit *int
}

func argumentsOf(verb string) arguments {
	flags := flag.NewFlagSet(verb, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return arguments{FlagSet: flags}
}

// listing adds what every list knows.
func (a *arguments) listing() {
	a.json = a.Bool("json", false, "")
	a.limit = a.Int("limit", 100, "")
}

// maxListed bounds a list, which is held in memory.
const maxListed = 10_000

// parse returns the arguments that are no flags.
func (a *arguments) parse(args []string) ([]string, error) {
	var plain []string
	for {
		if err := a.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				err = errors.New("`payment-worker help` explains it")
			}
			return nil, fmt.Errorf("%s: %w", a.Name(), err)
		}
		if a.NArg() == 0 {
			break
		}
		plain, args = append(plain, a.Arg(0)), a.Args()[1:]
	}
	if a.limit != nil && (*a.limit < 1 || *a.limit > maxListed) {
		return nil, fmt.Errorf("%s: --limit must be from 1 to %d", a.Name(), maxListed)
	}
	return plain, nil
}

// flagsOnly parses the arguments of a verb that takes nothing else.
func (a *arguments) flagsOnly(args []string) error {
	plain, err := a.parse(args)
	if err == nil && len(plain) > 0 {
		err = fmt.Errorf("%s takes flags only, not %q", a.Name(), plain[0])
	}
	return err
}

// oneUnless parses the arguments of a verb that takes one thing, or a flag that means all of them.
func (a *arguments) oneUnless(all *bool, args []string, what string) (one string, err error) {
	plain, err := a.parse(args)
	switch {
	case err != nil:
		return "", err
	case *all && len(plain) == 0:
		return "", nil
	case *all || len(plain) != 1:
		return "", fmt.Errorf("%s wants %s", a.Name(), what)
	}
	return plain[0], nil
}
