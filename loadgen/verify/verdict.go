package verify

import (
	"cmp"
	"fmt"
	"strconv"
	"time"
)

// Schema names the format of verify.json.
const Schema = "gazua.verify/2"

// Verdict is what the verifier found.
type Verdict struct {
	Schema       string      `json:"schema"`
	Verdict      string      `json:"verdict"` // PASS or FAIL
	Run          string      `json:"run"`
	Scope        Scope       `json:"scope"`
	At           time.Time   `json:"at"`
	Took         float64     `json:"took_s"`
	SpilledBytes int64       `json:"spilled_bytes"`     // that sorting wrote to disk
	Sent         int         `json:"payments_sent"`     // by the journal
	Payments     int         `json:"payments_database"` // in the run's scope
	Booked       int         `json:"book_movements"`
	Foreign      int         `json:"payments_of_others"` // in the scope, and not of this run: judged too, except by invariant 7
	Invariants   []Invariant `json:"invariants"`
	NotJudged    []string    `json:"not_judged,omitempty"` // invariants that the system does not promise, with their numbers

	CancellationsSent int64      `json:"cancellations_sent"`     // by the journal
	Cancellations     int        `json:"cancellations_database"` // in the run's scope
	Probes            int64      `json:"probes_sent"`            // requests
	Callbacks         int        `json:"callbacks_received"`     // repeats included
	Reconciled        Reconciled `json:"reconciled"`
	Messages          *Messages  `json:"messages,omitempty"` // nil: no broker was named, and invariant 11 was not judged
	Retention         *Retention `json:"retention,omitempty"`
	Unread            int64      `json:"payments_archived_unread"` // their day was archived, and its export cannot be read here: not judged

	absent []archivedDay // those days
}

// Invariant is one of them, with its count.
type Invariant struct {
	Number    int        `json:"number"`
	Name      string     `json:"name"`
	Unit      string     `json:"unit"` // of Checked
	Checked   int64      `json:"checked"`
	Violated  int64      `json:"violated"`
	Offenders []Offender `json:"offenders,omitempty"` // the first ten
}

// Offender is a payment that violates an invariant, with all that the sources tell about it.
type Offender struct {
	PaymentID string   `json:"payment_id,omitempty"`
	Order     string   `json:"order"`
	What      string   `json:"what"`
	Journal   []string `json:"journal"`
	Database  []string `json:"database"`
	Kafka     []string `json:"kafka"`
	Book      []string `json:"book"`
	Statement []string `json:"statement,omitempty"`

	id uint64
}

// maxOffenders of each invariant are kept and told; the rest is counted.
const maxOffenders = 10

func newVerdict(scope Scope, began time.Time) *Verdict {
	return &Verdict{
		Schema: Schema, Scope: scope, At: began.UTC(),
		Invariants: []Invariant{
			{Number: 1, Name: "at most once", Unit: "orders in the book"},
			{Number: 2, Name: "no orphan, no phantom", Unit: "charges, captured legs and refunds"},
			{Number: 3, Name: "all or nothing", Unit: "payments and cancellations"},
			{Number: 4, Name: "refund bound", Unit: "refunds and payments with cancellations"},
			{Number: 5, Name: "conservation", Unit: "postings"},
			{Number: 6, Name: "liveness", Unit: "payments, cancellations and callbacks"},
			{Number: 7, Name: "acknowledgement", Unit: "2xx answers"},
			{Number: 8, Name: "definite rejection", Unit: "refused requests"},
			{Number: 9, Name: "replay", Unit: "answers and keys"},
			{Number: 10, Name: "legality", Unit: "histories"},
			{Number: 11, Name: "messages", Unit: "outbox rows, records and stays in ACCEPTED"},
			{Number: 12, Name: "ambiguity", Unit: "FAILED payments and UNKNOWN legs"},
			{Number: 13, Name: "statement", Unit: "entries and lines"},
			{Number: 14, Name: "retention", Unit: "rows and days"},
			{Number: 16, Name: "callbacks", Unit: "callbacks and promises"},
		},
	}
}

// Violated is the count of one invariant.
func (v *Verdict) Violated(number int) int64 { return v.invariant(number).Violated }

// Figure is the count of one invariant as text, - where it was not judged.
func (v *Verdict) Figure(number int) string {
	for _, i := range v.Invariants {
		if i.Number == number {
			return strconv.FormatInt(i.Violated, 10)
		}
	}
	return "-"
}

// Violations is the count of all.
func (v *Verdict) Violations() (sum int64) {
	for _, i := range v.Invariants {
		sum += i.Violated
	}
	return sum
}

func (v *Verdict) invariant(number int) *Invariant {
	for i := range v.Invariants {
		if v.Invariants[i].Number == number {
			return &v.Invariants[i]
		}
	}
	panic("invariant " + strconv.Itoa(number) + " is not judged here")
}

func (v *Verdict) check(number int, count int64) { v.invariant(number).Checked += count }

func (v *Verdict) violated(number int, c *Case, order, format string, args ...any) {
	i := v.invariant(number)
	i.Violated++
	if len(i.Offenders) >= maxOffenders {
		return
	}
	o := Offender{Order: cmp.Or(order, c.order()), What: fmt.Sprintf(format, args...), id: c.ID}
	if c.ID != 0 {
		o.PaymentID = strconv.FormatUint(c.ID, 10)
	}
	i.Offenders = append(i.Offenders, o)
}

func (v *Verdict) close() {
	v.Verdict, v.Took = "PASS", time.Since(v.At).Seconds()
	if v.Violations() > 0 {
		v.Verdict = "FAIL"
	}
}
