// payment-worker settles payments in the background: it relays the outbox to Kafka, settles what the messages name, resolves
// what is unknown, abandoned or overdue, tells the merchants, and keeps the partitions. Its verbs are for the person who
// looks after all that; `payment-worker help` lists them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"gazua.example/infra/config"
	"gazua.example/infra/lifecycle"
)

// verb is something that payment-worker can be told to do.
type verb struct {
	name, usage string
	run         func(ctx context.Context, set *config.Set, args []string, out io.Writer) error
}

var verbs = []verb{
	{"serve", "work until told to stop; the default", serve},
	{"dlq list [--limit N] [--json]", "messages that could not be worked on and were not replayed", dlqList},
	{"dlq replay PARTITION/OFFSET | --all", "send them again", dlqReplay},
	{"callback list [--pending | --gave-up] [--limit N] [--json]", "what merchants have not been told yet, or not at all", callbackList},
	{"callback resend ID | evt_… | --gave-up", "tell them again", callbackResend},
	{"review list [--limit N] [--json]", "payments and cancellations that wait for a person", reviewList},
	{"review settle PAYMENT[/CANCELLATION] paid|failed|succeeded --note TEXT [--by-hand]", "end a review", reviewSettle},
	{"reconcile --date YYYY-MM-DD [--json]", "compare the ledger of a business day with the means' statements; exit code 1 when they differ", reconcileDay},
	{"retention [--keep-days N]", "make the partitions of the next days and archive the days that are old, now instead of within the hour", archiveNow},
}

func main() {
	err := run(os.Args[1:], os.Stdout)
	var code exitCode
	switch {
	case err == nil:
	case errors.As(err, &code):
		os.Exit(int(code))
	default:
		fmt.Fprintln(os.Stderr, "payment-worker: "+err.Error())
		os.Exit(failed)
	}
}

// exitCode ends the program without another word.
type exitCode int

// Exit codes besides 0.
const (
	failed             = 1
	different exitCode = 1 // of reconcile: the two sides differ
	unknown   exitCode = 2 // of reconcile: one side could not be read
)

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		args = []string{"serve"}
	}
	set := config.New("payment-worker", "Environment of serve; the other verbs read what they need of it.", os.LookupEnv)
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		return help(set, out)
	}
	v, rest, err := find(args)
	if err != nil {
		return err
	}
	ctx, cancel := lifecycle.Signals()
	defer cancel()
	return v.run(ctx, set, rest, out)
}

// find takes the words of a verb's name off the arguments.
func find(args []string) (verb, []string, error) {
	var near []string
	for _, v := range verbs {
		words := v.words()
		if args[0] != words[0] {
			continue
		}
		if len(words) == 1 || len(args) > 1 && args[1] == words[1] {
			return v, args[len(words):], nil
		}
		near = append(near, words[1])
	}
	if len(near) > 0 {
		return verb{}, nil, fmt.Errorf("%s what? It is one of: %s (`payment-worker help` explains them)", args[0], strings.Join(near, ", "))
	}
	return verb{}, nil, fmt.Errorf("%q is no verb; `payment-worker help` lists them", args[0])
}

// words are the ones that name the verb: those before its arguments.
func (v verb) words() []string {
	words := strings.Fields(v.name)
	for i, word := range words {
		if i == 2 || strings.HasPrefix(word, "-") || strings.HasPrefix(word, "[") || word != strings.ToLower(word) {
			return words[:i]
		}
	}
	return words
}

func help(set *config.Set, out io.Writer) error {
	fmt.Fprintln(out, "payment-worker settles payments in the background.\n\nVerbs:")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, v := range verbs {
		fmt.Fprintf(table, "  %s\t%s\n", v.name, v.usage)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	readSettings(set)
	set.Help(out)
	return nil
}

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }
