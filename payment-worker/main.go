// payment-worker settles payments in the background: it relays the outbox to Kafka, settles what the messages name,
// resolves what is unknown, abandoned, lost or overdue, calls merchants back, and looks after the partitions.
//
//	payment-worker [serve]                work until told to stop
//	payment-worker review list|settle     what waits for a person
//	payment-worker dlq list|replay        messages that could not be worked on
//	payment-worker callback list|resend   what merchants are told
//	payment-worker reconcile              the means' statements against our ledger
//	payment-worker retention              archive the days that are old now
//	payment-worker help                   every verb and every setting with its default
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"gazua.example/infra/config"
	"gazua.example/infra/lifecycle"
)

// verb is one thing that the program can be asked for. run gets what follows its name.
type verb struct {
	usage string
	run   func(ctx context.Context, s settings, args []string, out io.Writer) error
}

// verbs are those besides serve and help.
func verbs() map[string]verb {
	return map[string]verb{
		"review list":     {"review list [--limit 50] [--json]", listReviews},
		"review settle":   {"review settle PAYMENT[/CANCELLATION] paid|succeeded|failed --note TEXT [--by-hand]", settleReview},
		"dlq list":        {"dlq list [--limit 50] [--json]", listLetters},
		"dlq replay":      {"dlq replay PARTITION/OFFSET | --all", replayLetters},
		"callback list":   {"callback list [--pending | --gave-up] [--limit 50] [--json]", listCallbacks},
		"callback resend": {"callback resend ID | evt_PAYMENT_VERSION | --gave-up", resendCallbacks},
		"reconcile":       {"reconcile --date YYYY-MM-DD [--json]", reconcileDay},
		"retention":       {"retention [--keep-days N]", archiveNow},
	}
}

// errDifferent makes the exit code 1 without a sentence more than what was printed.
var errDifferent = errors.New("")

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		if text := err.Error(); text != "" {
			fmt.Fprintln(os.Stderr, "payment-worker: "+text)
		}
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	set := config.New("payment-worker", "payment-worker settles payments in the background.\n\nVerbs:\n"+usages(), os.LookupEnv)
	s := readSettings(set)
	name := "serve"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	if name == "help" || name == "-h" || name == "--help" {
		set.Help(out)
		return nil
	}
	if err := set.Err(); err != nil {
		return err
	}
	if name == "serve" && len(args) == 0 {
		return serve(s)
	}
	v, known := verbs()[name]
	if !known && len(args) > 0 {
		name, args = name+" "+args[0], args[1:]
		v, known = verbs()[name]
	}
	if !known {
		return fmt.Errorf("%q is not one of the verbs: serve, %s, help", name, strings.Join(names(), ", "))
	}
	ctx, cancel := lifecycle.Signals()
	defer cancel()
	return v.run(ctx, s, args, out)
}

// flags are those of one verb; a fault ends in one sentence with how it is used.
func flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	return f
}

// parse reads flags before, between and after the arguments, and wants between least and most of these.
func parse(f *flag.FlagSet, args []string, least, most int) (rest []string, err error) {
	for {
		if err := f.Parse(args); err != nil {
			return nil, fmt.Errorf("%w; it is used as: payment-worker %s", err, verbs()[f.Name()].usage)
		}
		if f.NArg() == 0 {
			break
		}
		rest, args = append(rest, f.Arg(0)), f.Args()[1:]
	}
	if len(rest) < least || len(rest) > most {
		return nil, fmt.Errorf("it is used as: payment-worker %s", verbs()[f.Name()].usage)
	}
	return rest, nil
}
