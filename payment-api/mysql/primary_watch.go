package mysql

import (
	"context"
	"errors"
	"time"
)

const primaryEvery = time.Second

// watch asks the last primary every second until Close. moved is called after each move.
func (p *primary) watch(moved func()) {
	ctx, stop := context.WithCancel(context.Background())
	p.moved, p.stop, p.watching = moved, stop, make(chan struct{})
	go func() {
		defer close(p.watching)
		tick := time.NewTicker(primaryEvery)
		defer tick.Stop()
		var own *steadyConn
		for {
			select {
			case <-tick.C:
				own = p.look(ctx, own)
			case <-ctx.Done():
				if own != nil {
					_ = own.Close()
				}
				return
			}
		}
	}()
}

// look asks on its own connection, and for a new one where that does not lead to the primary any more. Nil: there is none
// now; whoever needs one hears why.
func (p *primary) look(ctx context.Context, own *steadyConn) *steadyConn {
	at := p.last()
	if at < 0 {
		return nil // nobody has used this pool yet, or there was no primary then
	}
	var why error
	if own != nil {
		bound, cancel := context.WithTimeout(ctx, p.servers[at].bound)
		defer cancel()
		if why = p.servers[at].isPrimary(bound, own); why == nil && !own.demoted() {
			return own
		}
		_ = own.Close()
	}
	conn, err := p.Connect(ctx)
	if err != nil {
		if errors.Is(why, errInItsGroup) {
			p.forget(at)
		}
		return nil
	}
	return conn.(*steadyConn) // found makes no other
}

// forget lets go of all connections to a server whose group has left it behind, though there is no other one yet. One that is
// merely read-only keeps them: what it knows can still be read.
func (p *primary) forget(at int) {
	p.mu.Lock()
	ours := p.at == at
	if ours {
		p.at = -1
		p.generation.Add(1)
	}
	p.mu.Unlock()
	if ours {
		p.moved()
	}
}

// Close implements io.Closer, which sql.DB looks for when it is closed.
func (p *primary) Close() error {
	p.stop()
	if p.watching != nil {
		<-p.watching
	}
	return nil
}
