package fault

import (
	"strconv"
	"time"
)

// TooMany answers 429 with Retry-After, in whole seconds, rounded up (`429/3s`; by default 1 s). A burst is a list of steps
// (`charge=429/1s,429/1s,ok`), or a timed schedule.
//
//	client ── POST charge ──► (never booked)
//	client ◄── 429, Retry-After: 3, {"result":"error","message":"…"}
//
// It is documented as "not processed", so it strikes before the booking only: a means that books and says 429 lies, and
// there is no defence against that.
type TooMany struct{ RetryAfter time.Duration }

func newTooMany(parameter string) (Fault, error) {
	after, err := durationOr(time.Second, parameter)
	return TooMany{RetryAfter: after}, err
}

// Spoil turns the request away.
func (m TooMany) Spoil(Answer) Ending {
	seconds := int((m.RetryAfter + time.Second - 1) / time.Second)
	return Ending{Answer: Answer{
		Status: 429, Header: []Field{{"Retry-After", strconv.Itoa(seconds)}}, Body: refuses("too many requests, not processed"),
	}}
}
