package run

import (
	"gazua.example/loadgen/callback"
	"gazua.example/loadgen/record"
)

// Called takes a callback. It proves nothing to the client: it hurries the next look at what it tells of. One that was
// refused hurries nothing, so that what it tells of is found by looking, as it must be when callbacks fail.
func (e *Engine) Called(c *callback.Call) {
	e.journal.Callback(c)
	e.tally.Callbacks.Add(1)
	switch {
	case c.Fault == callback.Refused:
		e.tally.CallbacksRefused.Add(1)
	case c.Fault != "":
		e.tally.CallbacksUntaken.Add(1)
		e.tally.Fault(record.Callback, e.phase(c.At), "callback", "not taken: "+c.Fault, c.At)
	case e.later.hurry(event{c.Payment, c.Seq}, c.At):
		e.poke()
	}
}
