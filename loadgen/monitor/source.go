package monitor

import (
	"context"
	"time"
)

// source measures one thing. It keeps its own counters, which only its own goroutine touches.
type source interface {
	// read gives up when ctx ends; keys are whole, "<process>/<metric>".
	read(ctx context.Context) (Values, error)
}

// asked is a source with its goroutine: asked once a tick, and not again before it has answered.
type asked struct {
	name  string
	ticks chan int // room for the one that is outstanding

	busy   bool // only the collector's, as is failed
	failed bool // its last answer was an error
}

// answer is what a source measured for a tick.
type answer struct {
	from   *asked
	tick   int
	values Values
	err    error
}

// mostSources bounds the sources: answers have room for one of each, so that none ever waits for the collector.
const mostSources = 64

// serve begins the goroutine of one source, which ends with ctx; bound is for one reading.
func serve(ctx context.Context, name string, s source, bound time.Duration, answers chan<- answer) *asked {
	a := &asked{name: name, ticks: make(chan int, 1)}
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case tick := <-a.ticks:
				reading, cancel := context.WithTimeout(ctx, bound)
				values, err := s.read(reading)
				cancel()
				answers <- answer{a, tick, values, err}
			}
		}
	}()
	return a
}

// gathered is what came back of one tick.
type gathered struct {
	values   Values
	answered []answer // in the order of their coming
	late     int      // sources that still hang from an earlier tick, or did not answer this one in time
}

// gather asks all sources at once and waits until deadline. An answer that comes later belongs to no line; it only says that
// its source can be asked again.
func gather(sources []*asked, tick int, answers <-chan answer, deadline <-chan time.Time) gathered {
	for drained := false; !drained; {
		select {
		case late := <-answers:
			late.from.busy = false
		default:
			drained = true
		}
	}
	g := gathered{values: Values{}}
	open := 0
	for _, a := range sources {
		if a.busy {
			g.late++
			continue
		}
		a.busy = true
		a.ticks <- tick
		open++
	}
	for open > 0 {
		select {
		case got := <-answers:
			got.from.busy = false
			if got.tick != tick {
				continue
			}
			open--
			g.answered = append(g.answered, got)
			g.values.add(got.values)
		case <-deadline:
			g.late += open
			return g
		}
	}
	return g
}
