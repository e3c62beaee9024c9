package fault

import "net"

// Length names a Content-Length that is not that of the body, then closes.
//
//	length/long   client ◄── Content-Length: 244, all 180 bytes, FIN: "unexpected EOF", though the JSON is complete
//	length/short  client ◄── Content-Length: 90, all 180 bytes, FIN: half a JSON that looks like all of it
//	length/none   client ◄── no length, 90 of 180 bytes, FIN: the same, and HTTP cannot tell
//
// The default is long.
type Length struct{ Kind string }

// beyond is what a length that is too long promises and never sends.
const beyond = 64

func newLength(parameter string) (Fault, error) {
	kind, err := choiceOr("long", parameter, "short", "none")
	return Length{Kind: kind}, err
}

// Spoil sends the answer under a false length.
func (l Length) Spoil(honest Answer) Ending {
	body, length := honest.Body, len(honest.Body)+beyond
	switch l.Kind {
	case "short":
		length = len(body) / 2
	case "none":
		body, length = body[:len(body)/2], noLength
	}
	wire := append(honest.wireHead(length), body...)
	return Ending{TakeOver: func(conn *net.TCPConn) {
		send(conn, wire)
		_ = conn.Close()
	}}
}
