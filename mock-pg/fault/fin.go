package fault

import "net"

// Fin closes the connection in good order, and without an answer, as a server does that is being stopped, or a proxy that
// has lost the server behind it.
//
//	client ── POST charge ──► (booked, with :after)
//	client ◄── FIN: EOF where an answer should begin, at once
//
// A client that takes it for an idle connection that has died, and sends again, charges twice.
type Fin struct{}

// Spoil closes the connection.
func (f Fin) Spoil(Answer) Ending { return Ending{TakeOver: f.hangUp} }

func (Fin) hangUp(conn *net.TCPConn) { _ = conn.Close() }
