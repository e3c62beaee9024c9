package payment_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gazua.example/payment-api/payment"
)

// outside is everything outside the domain: the database and the means, in memory, on a clock that stands still until
// somebody moves it, with a referee who watches both and keeps the story.
type outside struct {
	now     time.Time
	skew    map[string]time.Duration // by which a process's clock is off
	limits  payment.Limits
	db      *database
	means   *means
	referee *referee
	story   []line
	lost    func(payment.ID) bool // what Delivery says
}

// start is when every story begins: one o'clock at night in Seoul, so that a business day may end on the way.
var start = time.Date(2026, 3, 1, 14, 50, 0, 0, time.UTC)

func newOutside() *outside {
	o := &outside{now: start, limits: payment.DefaultLimits(), lost: func(payment.ID) bool { return true }}
	clock := func() time.Time { return o.now }
	o.referee = &referee{outside: o}
	o.db = newDatabase(clock, o.referee)
	o.means = &means{now: clock, limits: o.limits, referee: o.referee}
	return o
}

// clock is a process's own.
func (o *outside) clock(process string) payment.Clock { return skewed{o, o.skew[process]} }

type skewed struct {
	outside *outside
	by      time.Duration
}

func (c skewed) Now() time.Time { return c.outside.now.Add(c.by) }

// pass lets time pass, and what was on its way arrive at its moment.
func (o *outside) pass(d time.Duration) {
	for until := o.now.Add(d); ; {
		next := until
		for _, f := range o.means.flying {
			if f.arrives.Before(next) {
				next = f.arrives
			}
		}
		o.now = maxTime(o.now, next)
		o.means.arrive()
		if !o.now.Before(until) {
			return
		}
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// line is one thing that happened. It is written out only when somebody has to read it.
type line struct {
	at           time.Time
	who, what    string
	payment      payment.ID
	leg          uint8
	cancellation uint32
	from, to     string
	legs, effect string
	wait         time.Duration
	reply        payment.Reply
	answer       *payment.Answer
}

func (o *outside) tell(l line) {
	l.at = o.now
	o.story = append(o.story, l)
}

// Story is what happened, a line each: when, who, what, on what, and what came of it.
func (o *outside) Story() string {
	var text strings.Builder
	for i := range o.story {
		text.WriteString(o.write(&o.story[i]))
	}
	return text.String()
}

func (o *outside) write(l *line) string {
	object := ""
	if l.payment != 0 {
		object = o.name(l.payment)
		if l.leg != 0 {
			object += "." + strconv.Itoa(int(l.leg))
		}
		if l.cancellation != 0 {
			object += " cancellation " + strconv.Itoa(int(l.cancellation))
		}
	}
	parts := []string{l.legs, l.effect}
	if l.to != "" {
		parts = []string{strings.TrimPrefix(l.from+" → "+l.to, " → "), l.legs, l.effect}
	}
	if l.wait > 0 {
		parts = append(parts, "for "+l.wait.String())
	}
	if l.answer != nil {
		parts = append(parts, strconv.Itoa(l.answer.Status), string(l.answer.Body))
	}
	if r := l.reply; l.leg != 0 && (r.Result != payment.Unclear || r.Code != "") {
		parts = append(parts, resultNames[r.Result], string(r.Leg), r.Code, r.TransactionID)
	}
	said := ""
	for _, part := range parts {
		if part != "" {
			said += " " + part
		}
	}
	return fmt.Sprintf("%12s  %-22s %-18s %-20s%s\n", l.at.Sub(start), l.who, l.what, object, said)
}

var resultNames = [...]string{"(unclear)", "done", "refused", "not processed", "not found", "too late"}

// name is short, for the story: payments are numbered as they were created.
func (o *outside) name(id payment.ID) string {
	for i, r := range o.db.rows {
		if r.payment.ID == id {
			return "payment " + strconv.Itoa(i+1)
		}
	}
	return id.String()
}

// explain puts the names into a text that holds ids.
func (o *outside) explain(text string) string {
	for i, r := range o.db.rows {
		text = strings.ReplaceAll(text, r.payment.ID.String(), "#"+strconv.Itoa(i+1))
	}
	return text
}
