package fault

import (
	"bytes"
	"net"
)

// Huge puts blanks before the honest body until it has its size (1 MiB by default, `huge/10MiB`, at most 64 MiB). It is
// still JSON: a client without a bound reads all of it.
//
//	client ── POST charge ──► (booked, with :after)
//	client ◄── 200, Content-Length: 1048576, blanks, blanks, … {"result":"approved",…}
type Huge struct{ Bytes int }

const (
	hugeByDefault = 1 << 20
	hugeAtMost    = 64 << 20
)

var blanks = bytes.Repeat([]byte(" "), 32<<10)

func newHuge(parameter string) (Fault, error) {
	size, err := sizeOr(hugeByDefault, hugeAtMost, parameter)
	return Huge{Bytes: size}, err
}

// Spoil pads the body.
func (h Huge) Spoil(honest Answer) Ending {
	body := bytes.Clone(honest.Body)
	padding := max(h.Bytes-len(body), 0)
	head := honest.wireHead(padding + len(body))
	return Ending{TakeOver: func(conn *net.TCPConn) {
		defer func() { _ = conn.Close() }()
		sent := send(conn, head)
		for left := padding; sent && left > 0; left -= len(blanks) {
			sent = send(conn, blanks[:min(left, len(blanks))])
		}
		if sent {
			send(conn, body)
		}
	}}
}
