// Package fault holds what can go wrong between the payment means and its client, one fault a file. Each file opens with
// a sketch of what the client sees.
//
// Writing the next fault takes three steps:
//
//  1. A file named after it, with a small comparable type that implements Fault. Spoil gets the honest answer and says how
//     the exchange ends. Either return Ending{Answer: …} and an ordinary HTTP response leaves (another status, another
//     body: 5xx, 429, a wrong amount), or Ending{TakeOver: …} and the connection is yours: write what you like, or
//     nothing, and close it (half a body, a slow drip, a wrong length; Answer.Wire gives the honest bytes to cut or to drip).
//  2. One entry in `kinds` below: the name that tokens use, its parameter, and how one is made.
//  3. A test with a real connection and a real HTTP client (see client_test.go), and a row in docs/mock-pg.md.
//
// The honest answer is what was booked when the token said `:after`. With `:before` nothing was booked, and it is one that
// says so: a faulty exchange must not end in a success that never was. Only a kind that Lies gets a success even then,
// since what leaves is none.
//
// The delay of the step has passed already when Spoil is called. A fault keeps no state between two calls: the n-th
// request gets what the token says, and nothing else decides.
package fault

import (
	"net"
	"slices"
)

// Fault decides what the client sees instead of the honest answer.
type Fault interface {
	Spoil(honest Answer) Ending
}

// Ending says how the exchange ends: TakeOver when it is set, else Answer.
type Ending struct {
	Answer Answer
	// TakeOver owns the connection and must close it. It runs in a goroutine of its own; a server that stops closes the
	// connection under it.
	TakeOver func(conn *net.TCPConn)
}

// Kind is a fault as tokens name it: `<name>[/<parameter>]`.
type Kind struct {
	Name       string
	Parameter  string // how it is written, for people; empty: it takes none
	BeforeOnly bool   // its answer is documented as "not processed": it must be true
	Lies       bool   // it alters the members of a success
	OfMoney    bool   // it alters members that only answers about money have
	make       func(parameter string) (Fault, error)
}

// New makes the fault; an empty parameter is its default.
func (k Kind) New(parameter string) (Fault, error) { return k.make(parameter) }

var kinds = []Kind{
	{Name: "429", Parameter: "<duration>", BeforeOnly: true, make: newTooMany},
	{Name: "4xx", Parameter: "<status>", make: newClientError},
	{Name: "5xx", Parameter: "<status>", make: newServerError},
	{Name: "already", Parameter: "<status>", make: newAlready},
	{Name: "amount", Parameter: "<difference>", Lies: true, OfMoney: true, make: newAmount},
	{Name: "currency", Lies: true, OfMoney: true, make: without(Currency{})},
	{Name: "drip", Parameter: "<duration>", make: newDrip},
	{Name: "fin", make: without(Fin{})},
	{Name: "garbage", Parameter: "html|empty|json|http", make: newGarbage},
	{Name: "half", Parameter: "close|hold", make: newHalf},
	{Name: "huge", Parameter: "<bytes>", make: newHuge},
	{Name: "length", Parameter: "long|short|none", make: newLength},
	{Name: "redirect", Parameter: "<status>", make: newRedirect},
	{Name: "reference", Lies: true, make: without(Reference{})},
	{Name: "reset", make: without(Reset{})},
	{Name: "silent", Parameter: "<duration>", make: newSilent},
}

// Kinds lists every fault, sorted by name.
func Kinds() []Kind { return slices.Clone(kinds) }

// ByName finds a kind by the name that tokens use.
func ByName(name string) (Kind, bool) {
	for _, k := range kinds {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// Names lists the names, sorted.
func Names() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	return names
}
