package fault

import "net"

// Reset ends the connection with a TCP RST, as a crashed host or an impatient middlebox does.
//
//	client ── POST charge ──► (booked, with :after)
//	client ◄── RST: "connection reset by peer", at once
type Reset struct{}

// Spoil cuts the connection.
func (r Reset) Spoil(Answer) Ending { return Ending{TakeOver: r.cut} }

func (Reset) cut(conn *net.TCPConn) {
	_ = conn.SetLinger(0) // closing with no linger makes the kernel send RST instead of FIN
	_ = conn.Close()
}
