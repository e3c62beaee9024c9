package fault

import "net"

// Half sends the head and the first half of the body, then closes (`half`, `half/close`) or says nothing more until the
// client leaves (`half/hold`).
//
//	client ── POST charge ──► (booked, with :after)
//	client ◄── HTTP/1.1 200 OK, Content-Length: 180, {"result":"approved","refere
//	client ◄── FIN: "unexpected EOF", or nothing until its own time-out
type Half struct{ Hold bool }

func newHalf(parameter string) (Fault, error) {
	then, err := choiceOr("close", parameter, "hold")
	return Half{Hold: then == "hold"}, err
}

// Spoil cuts the body in two.
func (h Half) Spoil(honest Answer) Ending {
	half := append(honest.wireHead(len(honest.Body)), honest.Body[:len(honest.Body)/2]...)
	return Ending{TakeOver: func(conn *net.TCPConn) {
		if !send(conn, half) || !h.Hold {
			_ = conn.Close()
			return
		}
		Silent{Bound: holdBound}.hold(conn)
	}}
}
