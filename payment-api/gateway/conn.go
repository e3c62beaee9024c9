package gateway

import (
	"bytes"
	"context"
	"net"
)

// wholeConn holds back the header of a request until its body comes. net/http sends the header of a request with a body
// like ours as soon as it has a connection, before it asks for the body; so without this a call that is too late would be
// half sent, and every other would take two packets instead of one.
//
//	net/http: header ─► held ┐
//	          body ─► send-by check ─► header + body, one write
type wholeConn struct {
	net.Conn
	header []byte // held; only the connection's one writer touches it
}

var endOfHeader = []byte("\r\n\r\n")

// Write implements net.Conn. Every request on such a connection has a body, and no body ends like a header: it is one
// line of JSON.
func (c *wholeConn) Write(p []byte) (int, error) {
	if bytes.HasSuffix(p, endOfHeader) {
		c.header = append(c.header, p...)
		return len(p), nil
	}
	held := len(c.header)
	if held == 0 {
		return c.Conn.Write(p)
	}
	n, err := c.Conn.Write(append(c.header, p...))
	c.header = c.header[:0]
	return max(n-held, 0), err
}

func dialer(d *net.Dialer) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &wholeConn{Conn: conn}, nil
	}
}
