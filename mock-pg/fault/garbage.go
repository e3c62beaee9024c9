package fault

import "net"

// Garbage answers with what nobody has documented, and a status of 200 where it has one.
//
//	garbage/html   client ◄── 200, <html>… the page of a proxy that means well
//	garbage/empty  client ◄── 200, no body at all
//	garbage/json   client ◄── 200, JSON of another shape
//	garbage/http   client ◄── bytes that are not HTTP, FIN: "malformed HTTP response"
//
// The default is html.
type Garbage struct{ Kind string }

var garbageBodies = map[string]string{
	"html":  "<html><body>Maintenance. We are back in a minute.</body></html>",
	"empty": "",
	"json":  `{"status":"SUCCESS","data":null}`,
}

func newGarbage(parameter string) (Fault, error) {
	kind, err := choiceOr("html", parameter, "empty", "json", "http")
	return Garbage{Kind: kind}, err
}

// Spoil throws the answer away.
func (g Garbage) Spoil(Answer) Ending {
	if g.Kind == "http" {
		return Ending{TakeOver: g.babble}
	}
	return Ending{Answer: Answer{Status: 200, Body: []byte(garbageBodies[g.Kind])}}
}

func (Garbage) babble(conn *net.TCPConn) {
	send(conn, []byte("\x16\x03\x01 220 mail ready\r\n\r\n"))
	_ = conn.Close()
}
