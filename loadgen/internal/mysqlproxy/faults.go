package mysqlproxy

import "time"

// weather is what the whole way to MySQL suffers from. It is never changed: a verb puts another one in its place, and closes
// changed, so that whoever waits looks again.
type weather struct {
	refuses bool
	hangs   bool
	delay   time.Duration
	changed chan struct{}
}

// Cut breaks one of every so many commits from now on (1: each of them). Of each such row of commits which one it is is drawn, so
// that the cuts do not keep step with the load.
func (p *Proxy) Cut(every int, how Way) { p.choose(func(c *choice) { c.everyNth(every, how) }) }

// CutNext breaks the next n commits. A commit that was to be cut After and that MySQL refused does not count among them.
func (p *Proxy) CutNext(n int, how Way) { p.choose(func(c *choice) { c.next(n, how) }) }

// Refuse is a MySQL that is not there: what is open is reset, and so is whoever connects.
func (p *Proxy) Refuse() {
	p.turn(func(w *weather) { w.refuses = true })
	p.cutAll()
}

// Hang is a network that loses every packet: connections stay, and nothing comes through either way. New ones are accepted and
// hear nothing. As in a real network the packets come when it heals: a COMMIT too, whose client has long given up.
func (p *Proxy) Hang() { p.turn(func(w *weather) { w.hangs = true }) }

// Delay makes everything that a client sends arrive so much later; 0 ends that.
func (p *Proxy) Delay(d time.Duration) { p.turn(func(w *weather) { w.delay = d }) }

// Heal ends all of it: from now on everything is passed on.
func (p *Proxy) Heal() {
	p.choose(func(c *choice) { *c = choice{random: c.random} })
	p.turn(func(w *weather) { *w = weather{} })
}

func (p *Proxy) choose(change func(*choice)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.cuts)
}

func (p *Proxy) turn(change func(*weather)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.weather.Load()
	after := *before
	change(&after)
	after.changed = make(chan struct{})
	p.weather.Store(&after)
	close(before.changed)
}

// passage waits until something may be passed on; false: the connection has ended meanwhile.
func (p *Proxy) passage(ended <-chan struct{}, delayed bool) bool {
	for {
		w := p.weather.Load()
		var late <-chan time.Time
		switch {
		case w.hangs:
		case delayed && w.delay > 0:
			late = time.After(w.delay)
		default:
			return true
		}
		select {
		case <-late:
			return true
		case <-w.changed:
		case <-ended:
			return false
		}
	}
}
