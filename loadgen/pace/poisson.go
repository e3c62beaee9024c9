package pace

import (
	"math/rand/v2"
	"sync/atomic"
)

// MaxPoisson bounds the arrivals of a Poisson process: all of them are drawn once, at some ns each, to know how many
// there are.
const MaxPoisson = 100_000_000

// unitProcess is a Poisson process of one arrival a unit of area; the shape of the rate stretches its areas into times
// (a time change), so any shape has Poisson arrivals: with gaps that are exponential at the rate of their moment.
//
// Its gaps are drawn in chunks, each from a source of its own. Of each chunk only the beginning is kept: the chunk that is
// asked for is drawn again, and stays for the next question. So at(n) for growing n costs one draw, any other n one
// chunk, and the same seed gives the same process.
type unitProcess struct {
	seed   uint64
	which  int       // of the plan's groups
	starts []float64 // the area before each chunk
	total  int
	last   atomic.Pointer[chunk]
}

const chunkSize = 512

// chunk is where its arrivals are, as areas from the group's start.
type chunk struct {
	index int
	at    [chunkSize]float64
}

// newUnitProcess draws all that lies within the area.
func newUnitProcess(seed uint64, which int, area float64) *unitProcess {
	p := &unitProcess{seed: seed, which: which}
	for begun := 0.0; begun < area; {
		p.starts = append(p.starts, begun)
		c := p.draw(len(p.starts) - 1)
		for _, at := range c.at {
			if at < area {
				p.total++
			}
		}
		begun = c.at[chunkSize-1]
	}
	return p
}

// arrivalStream keeps its draws apart from those of the payments, which have the same seed.
const arrivalStream = 0xd1b54a32d192ed03

func (p *unitProcess) draw(index int) *chunk {
	chance := rand.New(rand.NewPCG(p.seed^arrivalStream, uint64(p.which)<<40|uint64(index)))
	c, at := &chunk{index: index}, p.starts[index]
	for i := range c.at {
		at += chance.ExpFloat64()
		c.at[i] = at
	}
	return c
}

// at is the area at which arrival n comes.
func (p *unitProcess) at(n int) float64 {
	index := n / chunkSize
	c := p.last.Load()
	if c == nil || c.index != index {
		c = p.draw(index)
		p.last.Store(c)
	}
	return c.at[n%chunkSize]
}
