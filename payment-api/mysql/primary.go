package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
)

// primary connects to the one of several servers that takes writes, by asking them.
//
//	Connect ─► the last primary ─► it says yes                        one round trip more than connecting
//	                 └► it says no, or nothing for 300 ms ─► all the others at once ─► the first that says yes
//	                                                                └► none ─► why not, each of them
//
// A new primary makes a new generation. Connections of an older one are not used again: idle ones are closed at once, the
// others when they come back to the pool. What is under way on them goes on: a COMMIT that is cut would be one of which
// nobody knows. Every second the last primary is asked on a connection kept for that, so that a pool that only reads does not
// go on reading what the demoted server knows.
type primary struct {
	servers    []server
	generation atomic.Uint64 // of the primary; written under mu
	moves      metric.Int64Counter

	mu     sync.Mutex // guards the rest
	at     int        // the last primary's place in servers; -1: none was found yet
	none   error      // nobody was primary,
	noneAt time.Time  // at this time

	moved    func() // called after each move
	stop     context.CancelFunc
	watching chan struct{} // closed when the watch has ended; nil: it never began
}

const (
	hedge = 300 * time.Millisecond // how long the last primary is waited for before the others are asked too
	// noneFor is how long everybody is told at once that there is no primary. Without it each request of a loaded API would
	// ask every server while those are busy choosing one.
	noneFor = 100 * time.Millisecond
)

func newPrimary(servers []server) (*primary, error) {
	moves, err := otel.Meter(scope).Int64Counter("gazua.db.primary.moves", metric.WithUnit("{move}"),
		metric.WithDescription("Times that another server than before was found to take writes."))
	if err != nil {
		return nil, fmt.Errorf("watch the database servers: %w", err)
	}
	return &primary{servers: servers, at: -1, moves: moves, moved: func() {}, stop: func() {}}, nil
}

// Driver implements driver.Connector.
func (p *primary) Driver() driver.Driver { return p.servers[0].Driver() }

// answer is what a server said: a connection to the primary, or why it is not.
type answer struct {
	from int
	conn *steadyConn
	why  error
}

// Connect implements driver.Connector.
func (p *primary) Connect(ctx context.Context) (driver.Conn, error) {
	first, generation, err := p.remembered()
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithCancel(ctx)
	defer cancel() // of those that have not answered; a connection that is made does not feel it
	answers := make(chan answer, len(p.servers))
	unanswered := 0
	ask := func(choose func(int) bool) {
		for i, s := range p.servers {
			if choose(i) {
				unanswered++
				go func() { // ends with asking, or at the server's bound
					conn, err := s.ask(asking)
					answers <- answer{i, conn, err}
				}()
			}
		}
	}
	defer func() { go closeRest(answers, unanswered) }()
	ask(func(i int) bool { return i == first })
	late := time.NewTimer(hedge)
	defer late.Stop()
	askedAll := false
	why := make([]error, len(p.servers))
	for {
		if !askedAll && unanswered == 0 {
			ask(func(i int) bool { return i != first })
			askedAll = true
		}
		if unanswered == 0 {
			return nil, p.nobody(why)
		}
		select {
		case a := <-answers:
			unanswered--
			if why[a.from] = a.why; a.conn != nil {
				return p.found(ctx, a, generation)
			}
		case <-late.C:
			if !askedAll {
				ask(func(i int) bool { return i != first })
				askedAll = true
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("look for the primary: %w", ctx.Err())
		}
	}
}

// closeRest ends what others still bring after one was chosen.
func closeRest(answers <-chan answer, unanswered int) {
	for range unanswered {
		if a := <-answers; a.conn != nil {
			_ = a.conn.Close() // two primaries, or a flip between two answers: one was chosen
		}
	}
}

// remembered is the last primary, or that nobody was one a moment ago.
func (p *primary) remembered() (at int, generation uint64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.none != nil && time.Since(p.noneAt) < noneFor {
		return 0, 0, p.none
	}
	return p.at, p.generation.Load(), nil
}

// found notes who is primary. since is the generation in which we began to ask: who asked later knows better.
func (p *primary) found(ctx context.Context, a answer, since uint64) (driver.Conn, error) {
	p.mu.Lock()
	before := p.at
	if before != a.from && p.generation.Load() != since {
		p.mu.Unlock()
		return nil, errors.Join(fmt.Errorf("the primary moved while it was looked for: %w", driver.ErrBadConn), a.conn.Close())
	}
	if before != a.from {
		p.at = a.from
		p.generation.Add(1)
	}
	p.none = nil
	a.conn.of, a.conn.generation = p, p.generation.Load()
	p.mu.Unlock()
	if before != a.from && before >= 0 {
		p.moves.Add(ctx, 1)
		p.moved()
	}
	return a.conn, nil
}

// nobody is one sentence about each of them.
func (p *primary) nobody(why []error) error {
	texts := make([]string, len(why))
	for i, err := range why {
		texts[i] = err.Error()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.none, p.noneAt = errors.New("no database server takes writes: "+strings.Join(texts, "; ")), time.Now()
	return p.none
}

func (p *primary) last() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}
