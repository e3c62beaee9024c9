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
//
// `silent/30s` hangs up on a client that is still there after 30 s; by default after 60 s.
type Silent struct {
	Bound time.Duration // a client that waits longer than this sees the connection closed
}

// holdBound is how long a client that never gives up is kept waiting.
const holdBound = 60 * time.Second

func newSilent(parameter string) (Fault, error) {
	bound, err := durationOr(holdBound, parameter)
	return Silent{Bound: bound}, err
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
