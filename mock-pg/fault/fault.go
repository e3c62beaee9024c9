// Package fault holds what can go wrong between the payment means and its client, one fault a file. Each file opens with
// a sketch of what the client sees.
//
// Writing the next fault takes three steps:
//
//  1. A file named after it, with a small type that implements Fault. Spoil gets the honest answer (already booked when
//     the token said `:after`, empty when it said `:before`) and says how the exchange ends. Either
//     return Ending{Answer: …} and an ordinary HTTP response leaves (another status, another body: 5xx, 429, a wrong
//     amount, garbage), or Ending{TakeOver: …} and the connection is yours: write what you like, or nothing, and close it
//     (half a body, a slow drip, a wrong length; Answer.Wire gives the honest bytes to cut or to drip).
//  2. One line in `all` below: the name that tokens use.
//  3. A test with a real connection (see silent_test.go), and the name in the table of the token grammar's test.
//
// The delay of the step has passed already when Spoil is called. A fault keeps no state between two calls: the n-th
// request gets what the token says, and nothing else decides.
package fault

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"
)

// Fault decides what the client sees instead of the honest answer.
type Fault interface {
	Spoil(honest Answer) Ending
}

// Answer is an HTTP answer with a JSON body. Body is only valid until Spoil returns: a TakeOver copies what it needs.
type Answer struct {
	Status int
	Body   []byte
}

// Ending says how the exchange ends: TakeOver when it is set, else Answer.
type Ending struct {
	Answer Answer
	// TakeOver owns the connection and must close it. It runs in a goroutine of its own; a server that stops closes the
	// connection under it.
	TakeOver func(conn *net.TCPConn)
}

// holdBound is how long a client that never gives up is kept waiting.
const holdBound = 60 * time.Second

var all = map[string]Fault{
	"silent": Silent{Bound: holdBound},
	"reset":  Reset{},
}

// ByName finds a fault by the name that tokens use.
func ByName(name string) (Fault, bool) {
	f, ok := all[name]
	return f, ok
}

// Names lists every fault, sorted.
func Names() []string {
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Wire is the answer as it would stand on the connection, for those who have taken it over and send all or a part of it.
// It says that the connection ends with it: whoever takes one over closes it.
func (a Answer) Wire() []byte {
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", a.Status, http.StatusText(a.Status), len(a.Body))
	return append([]byte(head), a.Body...)
}
