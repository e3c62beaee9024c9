package reconcile

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"gazua.example/payment-api/payment"
)

// shown is how many differences of a kind people are shown; JSON has them all.
const shown = 20

// Text writes a report for people: both sides of each means, then the differences by kind, then one line for machines.
func Text(w io.Writer, r *Report) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "Business day %s (Seoul). Amounts in minor units.\n\n", r.Date)
	fmt.Fprintln(table, "means\tside\tcaptures\tsum\trefunds\tsum\t")
	for _, m := range r.Means {
		for _, side := range []struct {
			name string
			Side
		}{{"ledger", m.Here}, {"statement", m.There}} {
			fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t\n", m.Means, side.name, side.Captures, side.CaptureSum, side.Refunds, side.RefundSum)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, account := range []payment.Account{payment.PayableMerchant, payment.SuspenseReview, payment.ByHand} {
		if sum, moved := r.Others[account]; moved {
			fmt.Fprintf(w, "%s: %+d\n", account, sum)
		}
	}
	for _, kind := range Kinds {
		told := 0
		for _, d := range r.Differences {
			if d.Kind != kind {
				continue
			}
			if told == 0 {
				fmt.Fprintf(w, "\n%s: %d\n", kind, r.Count(kind))
			}
			if told++; told <= shown {
				fmt.Fprintf(w, "  %s %q: ledger %d, statement %d %s", d.Means, d.Reference, d.Here, d.There, d.Currency)
				if d.Note != "" {
					fmt.Fprintf(w, " (%s)", d.Note)
				}
				fmt.Fprintln(w)
			}
		}
		if told > shown {
			fmt.Fprintf(w, "  and %d more; --json has them all\n", told-shown)
		}
	}
	_, err := fmt.Fprintf(w, "\n%s\n", r.Line())
	return err
}

// Line is the report in logfmt.
func (r *Report) Line() string {
	verdict, captures, refunds := "CLEAN", int64(0), int64(0)
	if !r.Clean() {
		verdict = "DIFFERENT"
	}
	for _, m := range r.Means {
		captures += m.There.Captures
		refunds += m.There.Refunds
	}
	return fmt.Sprintf("reconcile date=%s verdict=%s captures=%d refunds=%d differences=%d missing_here=%d missing_there=%d amount=%d timing=%d",
		r.Date, verdict, captures, refunds, len(r.Differences), r.Count(MissingHere), r.Count(MissingThere), r.Count(Amount), r.Count(Timing))
}

// JSON writes all of it.
func JSON(w io.Writer, r *Report) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
