package fault

// Already answers that the request was processed before, as real payment means do to a second request of the same
// reference: 409 by default, `already/400` where the means prefers that.
//
//	client ── POST charge ──► (booked, with :after; nothing, with :before)
//	client ◄── 409 {"result":"error","code":"already_processed","message":"…"}
//
// It is definite about the past and says nothing of how that ended: approved, declined, for which amount.
type Already struct{ Status int }

func newAlready(parameter string) (Fault, error) {
	status, err := statusOr(409, parameter, 400, 422)
	return Already{Status: status}, err
}

// Spoil answers with the code.
func (a Already) Spoil(Answer) Ending {
	return Ending{Answer: Answer{Status: a.Status, Body: []byte(`{"result":"error","code":"already_processed","message":"this reference was processed before"}`)}}
}
