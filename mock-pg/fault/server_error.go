package fault

// ServerError answers 5xx: 500 by default, `5xx/503` and so on up to 599.
//
//	client ── POST charge ──► (booked, with :after)
//	client ◄── 503 {"result":"error","message":"…"}
//
// A 5xx says nothing about what was done, whatever its name promises: proxies make 502 and 504 of any trouble behind them.
type ServerError struct{ Status int }

func newServerError(parameter string) (Fault, error) {
	status, err := statusOr(500, parameter, 500, 599)
	return ServerError{Status: status}, err
}

// Spoil answers with the status.
func (e ServerError) Spoil(Answer) Ending {
	return Ending{Answer: Answer{Status: e.Status, Body: refuses("something went wrong")}}
}
