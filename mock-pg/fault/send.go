package fault

import (
	"net"
	"time"
)

// acceptBound is how long a client may take to accept one piece of an answer.
const acceptBound = 10 * time.Second

// send writes one piece; false: the client has left, takes nothing, or the server stops.
func send(conn *net.TCPConn, piece []byte) bool {
	_ = conn.SetWriteDeadline(time.Now().Add(acceptBound))
	_, err := conn.Write(piece)
	return err == nil
}
