package fault

import (
	"net"
	"time"
)

// Drip sends the whole answer, head and body, byte by byte, evenly over its time (`drip/2s`; by default 10 s). It is
// complete in the end.
//
//	client ── POST charge ──► (booked, with :after)
//	client ◄── H · T · T · P · / · 1 · … · } and FIN, or its own time-out somewhere in between
//
// A time-out that starts anew with each read never fires here; only one for the whole exchange does.
type Drip struct{ Over time.Duration }

func newDrip(parameter string) (Fault, error) {
	over, err := durationOr(10*time.Second, parameter)
	return Drip{Over: over}, err
}

// Spoil lets the answer drip.
func (d Drip) Spoil(honest Answer) Ending {
	wire := honest.Wire()
	return Ending{TakeOver: func(conn *net.TCPConn) {
		defer func() { _ = conn.Close() }()
		began := time.Now()
		for i := range wire {
			// Each byte has a moment of its own, counted from the start: what the timers are late does not add up.
			time.Sleep(time.Until(began.Add(d.Over * time.Duration(i+1) / time.Duration(len(wire)))))
			if !send(conn, wire[i:i+1]) {
				return // the client has left, or the server stops
			}
		}
	}}
}
