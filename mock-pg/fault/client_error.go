package fault

import "fmt"

// ClientError answers 4xx: 400 by default, `4xx/403` and so on. 429 has a file of its own, since it is the one that says
// "not processed".
//
//	client ── POST charge ──► (booked, with :after)
//	client ◄── 400 {"result":"error","message":"…"}
type ClientError struct{ Status int }

func newClientError(parameter string) (Fault, error) {
	status, err := statusOr(400, parameter, 400, 499)
	if status == 429 {
		err = fmt.Errorf("429 is a fault of its own; write 429/1s")
	}
	return ClientError{Status: status}, err
}

// Spoil answers with the status.
func (e ClientError) Spoil(Answer) Ending {
	return Ending{Answer: Answer{Status: e.Status, Body: refuses("the request is not acceptable")}}
}
