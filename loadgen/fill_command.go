package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"gazua.example/loadgen/fill"
)

// fillCommand is `loadgen fill`.
func fillCommand(args []string, out, progress *os.File) (int, error) {
	o := fill.Usual
	flags := flagSet("fill", progress)
	stackFile := flags.String("stack", defaultStack, "file of the stack whose database is filled; it must run on this machine")
	careful := flags.Bool("careful", false, "leave the server's durability as it is while it is filled (slower)")
	flags.Int64Var(&o.Payments, "payments", o.Payments, "payments that there shall be, those of fills before included")
	flags.IntVar(&o.Days, "days", o.Days, "days before now over which they are spread; of a first fill")
	flags.IntVar(&o.Connections, "connections", o.Connections, "connections that write at one time")
	flags.BoolVar(&o.Force, "force", false, "also where others have made payments in those days")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	if flags.NArg() > 0 {
		return 0, fmt.Errorf("%q is one argument too many: loadgen fill --payments N", flags.Arg(0))
	}
	o.Loosen, o.Say = !*careful, out
	ctx, done := interruptible(progress)
	defer done()
	db, end, err := fill.Open(*stackFile)
	if err != nil {
		return 0, err
	}
	defer end()
	report, err := fill.Fill(ctx, db, o)
	if err != nil {
		return 0, err
	}
	fillText(out, report)
	return 0, nil
}

// fillText writes what each table has become, and a line for scripts.
func fillText(out *os.File, r *fill.Report) {
	fmt.Fprintf(out, "\n%d payments from %s to %s\n\n", r.Payments, r.Start.Format(time.DateTime), r.End.Format(time.DateTime))
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "table\trows now written\tMiB\tbytes a payment\t")
	var names []string
	for name := range r.Bytes {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return int(r.Bytes[b] - r.Bytes[a]) })
	for _, name := range names {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t\n", name, r.Rows[name], r.Bytes[name]>>20, r.Bytes[name]/r.Payments)
	}
	_ = t.Flush()
	fmt.Fprintf(out, "\nfilled=%d payments=%d days=%d seconds=%.1f payments_per_s=%.0f bytes_per_payment=%.0f pages_on_disk=%t server_as_before=%t\n",
		r.Filled, r.Payments, r.Days, r.Seconds, float64(r.Filled)/max(r.Seconds, 0.001), r.BytesPerPayment(), r.Flushed, r.Tight)
}
