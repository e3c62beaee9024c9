package pgsim

import (
	"time"

	"github.com/valyala/fasthttp"

	"gazua.example/mock-pg/fault"
	"gazua.example/mock-pg/pgsim/script"
)

// unbooked is the honest answer where a fault strikes before the booking: it says that nothing was done. A fault that lies
// gets the success that it needs to alter.
func unbooked(step script.Step, to route, r *request) fault.Answer {
	if kind, _ := fault.ByName(step.Name); kind.Lies {
		a := pretended(to, r)
		return fault.Answer{Status: fasthttp.StatusOK, Body: a.appendJSON(nil, r.Reference)}
	}
	const status = fasthttp.StatusServiceUnavailable
	return fault.Answer{Status: status, Body: refusal(status, "the request was not processed")}
}

var successes = [script.Ops]string{
	script.Charge: "approved", script.Reserve: "held", script.Confirm: "captured", script.Release: "released",
	script.Void: "voided", script.NetCancel: "canceled", script.Inquiry: "found", script.Refund: "refunded",
}

// pretended is a success that never was, with the request's own money where it brings some.
func pretended(to route, r *request) answer {
	a := answer{result: successes[to.op], amount: r.Amount, currency: r.Currency, bookedAt: time.Now().UTC(), live: 1, status: statusNames[captured]}
	if a.amount == 0 {
		a.amount, a.currency = 1, "KRW"
	}
	return a
}
