package dump

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The kinds of waits that others can be made to wait by.
const (
	kindMutex    = "mutex"
	kindDatabase = "database pool"
	kindHTTP     = "http pool"
	kindSend     = "channel send"
	kindReceive  = "channel receive"
)

// waitsFor says which kind of wait a goroutine is in, and for which of that kind.
func (g *goroutine) waitsFor() (kind, on string) {
	at := g.place().String()
	switch {
	case strings.HasPrefix(g.state, "sync.Mutex."), strings.HasPrefix(g.state, "sync.RWMutex."):
		lock := g.lock()
		if lock.address == 0 {
			return kindMutex, lock.at.String()
		}
		return kindMutex, fmt.Sprintf("%#x", lock.address)
	case g.state == "select" && g.top("database/sql.(*DB).conn"):
		return kindDatabase, "a connection to the database"
	case g.state == "select" && g.top("net/http.(*Transport).getConn"):
		return kindHTTP, "a connection, " + at
	case g.state == "chan send":
		return kindSend, at
	case g.state == "chan receive":
		return kindReceive, at
	case g.state == "select":
		return "select", at
	case strings.HasPrefix(g.state, "IO wait"):
		return g.network(), at
	case g.state == "sync.WaitGroup.Wait":
		return "wait group", at
	case g.state == "sync.Cond.Wait":
		return "condition", at
	case g.state == "semacquire":
		return "semaphore", at
	}
	return g.state, at
}

// top says whether the innermost call is this one.
func (g *goroutine) top(function string) bool {
	return len(g.frames) > 0 && g.frames[0].function == function
}

// network says whose bytes are waited for.
func (g *goroutine) network() string {
	switch {
	case g.has("github.com/go-sql-driver/mysql."):
		return "answer of MySQL"
	case g.has("github.com/segmentio/kafka-go", "github.com/twmb/franz-go"):
		return "answer of Kafka"
	case g.has("net/http.(*persistConn).readLoop"):
		return "answer of an HTTP server"
	case g.has("net.(*TCPListener).Accept", "net.(*TCPListener).accept"):
		return "next connection"
	case g.has("net/http.(*conn).serve", "net/http.(*connReader).backgroundRead", "github.com/valyala/fasthttp.(*Server).serveConn"):
		return "next request of a client"
	}
	return "network"
}

// lock is the mutex that a goroutine waits for: its address, where the dump has it, and where it is asked for.
type lock struct {
	address uint64
	at      frame
}

func (g *goroutine) lock() (l lock) {
	for _, f := range g.frames {
		if strings.HasSuffix(f.function, "sync.(*Mutex).lockSlow") {
			l.address = f.self
		}
		if !f.ofRuntime() {
			l.at = f
			return l
		}
	}
	return l
}

// waits puts the goroutines together by what they wait for, those that one should look at first.
func waits(all []goroutine) []Wait {
	type waiting struct {
		kind, on string
	}
	byWhat := map[waiting][]*goroutine{}
	for i := range all {
		kind, on := all[i].waitsFor()
		byWhat[waiting{kind, on}] = append(byWhat[waiting{kind, on}], &all[i])
	}
	var found []Wait
	for what, members := range byWhat {
		w := Wait{Kind: what.kind, On: what.on, Count: len(members)}
		for _, m := range members {
			w.Minutes = max(w.Minutes, m.minutes)
		}
		switch w.Kind {
		case kindMutex:
			w.On = lockedAt(what.on, members)
			w.Holders = lockHolders(members, all)
		case kindDatabase:
			w.Holders = poolHolders(all, "it uses a connection of the pool", "database/sql.")
		case kindSend, kindReceive:
			if w.suspicion(members[0]) != "" {
				w.Holders = channelHolders(members[0], all)
			}
		case kindHTTP:
			w.Holders = poolHolders(all, "it waits for an answer on a connection", "net/http.(*persistConn).roundTrip")
		}
		w.Suspicious = w.suspicion(members[0])
		found = append(found, w)
	}
	slices.SortFunc(found, func(a, b Wait) int {
		return cmp.Or(cmp.Compare(b.rank(), a.rank()), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind+a.On, b.Kind+b.On))
	})
	return found
}

func (w Wait) rank() int {
	if w.Suspicious == "" {
		return 0
	}
	return 1
}

// lockedAt names a mutex by its address and the places where it is asked for.
func lockedAt(address string, members []*goroutine) string {
	var places []string
	for _, m := range members {
		if at := m.lock().at.String(); !slices.Contains(places, at) {
			places = append(places, at)
		}
	}
	slices.Sort(places)
	text := strings.Join(places[:min(len(places), 3)], ", ")
	if len(places) > 3 {
		text += fmt.Sprintf(" and %d more places", len(places)-3)
	}
	if strings.HasPrefix(address, "0x") {
		text = address + ", locked at " + text
	}
	return text
}

const (
	crowd      = 100 // goroutines of our programs that wait for the same
	longWait   = 1   // minutes
	fewWaiting = 2
)

// byOthers are the waits that end by another goroutine of the same program, and not by a peer.
var byOthers = []string{kindReceive, "select", "wait group", "condition", "semaphore"}

// suspicion says why a wait is worth a look, or nothing: most waits are a program's rest.
func (w Wait) suspicion(one *goroutine) string {
	ours := one.has("gazua.example/", "main.")
	switch {
	case w.Kind == kindMutex && (w.Count >= fewWaiting || w.Minutes >= longWait):
		return fmt.Sprintf("%d goroutines wait for one lock", w.Count)
	case w.Kind == kindDatabase:
		return "all connections of the pool are in use"
	case w.Kind == kindHTTP:
		return "no connection to the server is free"
	case w.Kind == kindSend && (w.Count >= fewWaiting || w.Minutes >= longWait):
		return "nobody takes what is sent"
	case w.Kind == "semaphore" && w.Count >= fewWaiting:
		return "many wait for a semaphore of the runtime"
	case strings.Contains(w.Kind, "nil chan") || strings.Contains(w.Kind, "no cases"):
		return "it waits for ever"
	case ours && w.Count >= crowd && slices.Contains(byOthers, w.Kind):
		return fmt.Sprintf("over %d goroutines stand at one place", crowd)
	}
	return ""
}
