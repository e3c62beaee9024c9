package fault

import (
	"fmt"
	"slices"
)

// Redirect sends the client elsewhere: 307 by default, `redirect/301`, 302, 303, 308. It points to the same operation, so
// that a client which follows sends its request again, and with it what that does.
//
//	client ── POST charge ──► (booked, with :after)
//	client ◄── 307, Location: ?redirected=1
//	client ── POST charge ──► (the second charge, if it follows)
type Redirect struct{ Status int }

func newRedirect(parameter string) (Fault, error) {
	status, err := statusOr(307, parameter, 301, 308)
	if err == nil && !slices.Contains([]int{301, 302, 303, 307, 308}, status) {
		err = fmt.Errorf("%q must be one of 301, 302, 303, 307, 308", parameter)
	}
	return Redirect{Status: status}, err
}

// Spoil points elsewhere.
func (r Redirect) Spoil(Answer) Ending {
	return Ending{Answer: Answer{Status: r.Status, Header: []Field{{"Location", "?redirected=1"}}, Body: refuses("this has moved")}}
}
