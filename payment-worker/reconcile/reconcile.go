// Package reconcile compares what the means say of a business day with what our ledger says.
//
//	statement of a means ──► bookings by reference ◄── journal entries of the same day
//	       what is left on either side: another amount? another day? or missing, here or there
//
// The statements of a day are kept by reference, some hundred bytes a booking; the ledger is read as it comes.
package reconcile

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// Statements are the means' side.
type Statements interface {
	Statement(ctx context.Context, means payment.Means, date string) iter.Seq2[gateway.StatementLine, error]
}

// Ledger is our side.
type Ledger interface {
	Bookings(ctx context.Context, day string, from, to time.Time) iter.Seq2[mysql.Booking, error]
	Booking(ctx context.Context, id payment.ID, reference string) (*mysql.Booking, error)
	State(ctx context.Context, id payment.ID) (payment.State, error)
	Totals(ctx context.Context, day string, from, to time.Time) (map[payment.Account]int64, error)
}

// allMeans are compared, in this order.
var allMeans = []payment.Means{payment.PG, payment.Point, payment.Coupon}

// Day compares a business day, such as 2026-03-01. Its bookings belong to payments that were created at most lookBack
// before it.
func Day(ctx context.Context, statements Statements, ledger Ledger, date string, lookBack time.Duration) (*Report, error) {
	begin, err := time.ParseInLocation(time.DateOnly, date, payment.Seoul)
	if err != nil {
		return nil, fmt.Errorf("the date %q must be a day such as 2026-03-01", date)
	}
	c := &comparison{
		statements: statements, ledger: ledger, date: date, begin: begin,
		from: begin.Add(-lookBack), to: begin.AddDate(0, 0, 1).Add(time.Hour), // an id's clock may be some seconds ahead of the means'
	}
	return c.run(ctx)
}

// comparison is one day's.
type comparison struct {
	statements Statements
	ledger     Ledger
	date       string
	begin      time.Time
	from, to   time.Time // in which its payments were created
	there      map[payment.Means]map[string]booked
	report     Report
}

// booked is a booking on the means' side; captures are above zero, refunds below.
type booked struct {
	amount   int64
	currency payment.Currency
}

func (c *comparison) run(ctx context.Context) (*Report, error) {
	c.report = Report{Schema: "gazua.reconcile/1", Date: c.date}
	c.there = map[payment.Means]map[string]booked{}
	sides := map[payment.Means]*MeansReport{}
	for _, means := range allMeans {
		sides[means] = &MeansReport{Means: means}
		if err := c.readStatement(ctx, means, sides[means]); err != nil {
			return nil, err
		}
	}
	var onlyHere []mysql.Booking
	for b, err := range c.ledger.Bookings(ctx, c.date, c.from, c.to) {
		if err != nil {
			return nil, err
		}
		side := sides[b.Means]
		if side == nil {
			return nil, fmt.Errorf("the ledger has a booking of an unknown means %q under %s", b.Means, b.Reference)
		}
		side.Here.add(b.Amount)
		there, found := c.there[b.Means][b.Reference]
		if !found {
			onlyHere = append(onlyHere, b)
			continue
		}
		delete(c.there[b.Means], b.Reference)
		if there.amount != b.Amount || there.currency != b.Currency {
			c.tell(Amount, b.Means, b.Reference, b.Amount, there.amount, b.Currency, "")
		}
	}
	if err := c.judgeThere(ctx); err != nil {
		return nil, err
	}
	if err := c.judgeHere(ctx, onlyHere); err != nil {
		return nil, err
	}
	for _, means := range allMeans {
		c.report.Means = append(c.report.Means, *sides[means])
	}
	slices.SortFunc(c.report.Differences, func(a, b Difference) int {
		if k := slices.Index(Kinds, a.Kind) - slices.Index(Kinds, b.Kind); k != 0 {
			return k
		}
		return strings.Compare(string(a.Means)+a.Reference, string(b.Means)+b.Reference)
	})
	var err error
	c.report.Others, err = c.ledger.Totals(ctx, c.date, c.from, c.to)
	return &c.report, err
}

func (c *comparison) readStatement(ctx context.Context, means payment.Means, side *MeansReport) error {
	bookings := map[string]booked{}
	c.there[means] = bookings
	for line, err := range c.statements.Statement(ctx, means, c.date) {
		if err != nil {
			return err
		}
		b := fromLine(line)
		side.There.add(b.amount)
		if _, twice := bookings[line.Reference]; twice { // two captures of one reference: the ledger can have one only
			c.tell(MissingHere, means, line.Reference, 0, b.amount, b.currency, "the means has this reference more than once")
			continue
		}
		bookings[line.Reference] = b
	}
	return nil
}

// judgeThere tells what only the means has: our ledger may have it on another day.
func (c *comparison) judgeThere(ctx context.Context) error {
	for means, left := range c.there {
		for reference, b := range left {
			id, ok := paymentOf(reference)
			if !ok {
				c.tell(MissingHere, means, reference, 0, b.amount, b.currency, "the reference is none of ours")
				continue
			}
			here, err := c.ledger.Booking(ctx, id, reference)
			switch {
			case err != nil:
				return err
			case here == nil:
				note, err := c.standing(ctx, id)
				if err != nil {
					return err
				}
				c.tell(MissingHere, means, reference, 0, b.amount, b.currency, note)
			case here.Amount != b.amount || here.Currency != b.currency:
				c.tell(Amount, means, reference, here.Amount, b.amount, b.currency, "our ledger has it on "+here.Day)
			default:
				c.tell(Timing, means, reference, here.Amount, b.amount, b.currency, "our ledger has it on "+here.Day)
			}
		}
	}
	return nil
}

// standing says where a payment stands that our ledger has not posted: what is not final will be.
func (c *comparison) standing(ctx context.Context, id payment.ID) (string, error) {
	state, err := c.ledger.State(ctx, id)
	switch {
	case err != nil:
		return "", err
	case state == "":
		return "there is no such payment", nil
	case state.Final():
		return "the payment is " + string(state), nil
	}
	return "the payment is " + string(state) + ", not final yet", nil
}

// judgeHere tells what only our ledger has: the means may have it on the day before or after.
func (c *comparison) judgeHere(ctx context.Context, onlyHere []mysql.Booking) error {
	if len(onlyHere) == 0 {
		return nil
	}
	wanted := map[string]mysql.Booking{}
	for _, b := range onlyHere {
		wanted[string(b.Means)+" "+b.Reference] = b
	}
	for _, beside := range []int{-1, 1} {
		day := c.begin.AddDate(0, 0, beside).Format(time.DateOnly)
		for _, means := range allMeans {
			if !slices.ContainsFunc(onlyHere, func(b mysql.Booking) bool { return b.Means == means }) {
				continue
			}
			for line, err := range c.statements.Statement(ctx, means, day) {
				if err != nil {
					return err
				}
				here, found := wanted[string(means)+" "+line.Reference]
				if !found {
					continue
				}
				delete(wanted, string(means)+" "+line.Reference)
				kind, there := Timing, fromLine(line)
				if there.amount != here.Amount || there.currency != here.Currency {
					kind = Amount
				}
				c.tell(kind, means, line.Reference, here.Amount, there.amount, here.Currency, string(means)+" has it on "+day)
			}
		}
	}
	for _, b := range wanted {
		c.tell(MissingThere, b.Means, b.Reference, b.Amount, 0, b.Currency, "")
	}
	return nil
}

func (c *comparison) tell(kind Kind, means payment.Means, reference string, here, there int64, currency payment.Currency, note string) {
	c.report.Differences = append(c.report.Differences, Difference{kind, means, reference, here, there, currency, note})
}

func fromLine(line gateway.StatementLine) booked {
	if line.Refund {
		return booked{-line.Amount, line.Currency}
	}
	return booked{line.Amount, line.Currency}
}

// paymentOf is the payment that a reference of ours names: <payment>.<leg> or <payment>.<leg>.<cancellation>.
func paymentOf(reference string) (payment.ID, bool) {
	text, rest, cut := strings.Cut(reference, ".")
	id, err := strconv.ParseUint(text, 10, 63)
	return payment.ID(id), cut && rest != "" && err == nil
}
