package fault

import (
	"net"
	"time"
)

// Silent accepts the request and never answers. After the booking it is the worst that a payment means can do: the money
// is taken, and the client cannot know.
//
//	client ── POST charge ──► (booked, with :after)
//	client ◄── nothing, until its own time-out; then it closes
type Silent struct {
	Bound time.Duration // a client that waits longer than this sees the connection closed
}

// Spoil holds the connection open until the client leaves.
func (s Silent) Spoil(Answer) Ending { return Ending{TakeOver: s.hold} }

func (s Silent) hold(conn *net.TCPConn) {
	_ = conn.SetReadDeadline(time.Now().Add(s.Bound))
	// Reading is the only way to see the client leave; what it still sends is thrown away. io.Copy would keep a large
	// buffer for every held connection, and there may be tens of thousands of them.
	var rest [1]byte
	for {
		if _, err := conn.Read(rest[:]); err != nil {
			break
		}
	}
	_ = conn.Close()
}
