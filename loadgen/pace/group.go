package pace

import (
	"math"
	"sort"
	"time"
)

// group is stages in a row whose arrivals come in the same way: evenly, or as a Poisson process. Its arrivals are counted
// from its own start.
type group struct {
	first   int // number of its first arrival in the plan
	total   int
	pieces  []piece
	area    float64 // of all of them
	poisson bool
	process *unitProcess // nil: evenly
}

// count counts the arrivals, once all pieces are there.
func (g *group) count(seed uint64, which int) {
	if g.poisson {
		g.process = newUnitProcess(seed, which, g.area)
		g.total = g.process.total
		return
	}
	// Arrival n stands where the area reaches n, so the first is at the very start. The area is rounded to a millionth,
	// or 0.1/s for 30 s would now and then be four arrivals.
	g.total = int(math.Ceil(math.Round(g.area*1e6) / 1e6))
}

func (g *group) at(n int) (at time.Duration, stage int) {
	count := float64(n)
	if g.process != nil {
		count = g.process.at(n)
	}
	// The last piece that begins before the area is reached, past those that have none of their own.
	i := sort.Search(len(g.pieces)-1, func(i int) bool { return g.pieces[i+1].before > count })
	p := &g.pieces[i]
	return p.start + p.reached(count-p.before, p.length), p.stage
}
