package mysqlproxy

import "math/rand/v2"

// Way is on which side of the COMMIT a connection is cut.
type Way int

// The ways.
const (
	Before Way = iota + 1 // it does not reach MySQL: nothing is committed
	After                 // MySQL has committed, and its answer does not reach the client
	Either                // drawn, as likely one as the other
)

func (w Way) String() string {
	return map[Way]string{Before: "before", After: "after", Either: "either"}[w]
}

// choice says which commits are cut. It knows no connections and no clock: the n-th commit of a seed is always treated alike.
//
//	every 4:   · ╳ · · │ · · · ╳ │ ╳ · · · │        one of each row, which one is drawn
type choice struct {
	random *rand.Rand
	how    Way
	left   int // of the next ones
	every  int // 0: none
	place  int // of the coming commit in its row
	chosen int // the place in the row that is cut
}

func (c *choice) everyNth(n int, how Way) { *c = choice{random: c.random, how: how, every: max(n, 1)} }

func (c *choice) next(n int, how Way) { *c = choice{random: c.random, how: how, left: max(n, 0)} }

// giveBack is for one of the next ones that was taken and not cut, unless another choice was made meanwhile.
func (c *choice) giveBack() {
	if c.every == 0 && c.how != 0 {
		c.left++
	}
}

// take decides about the coming commit; 0: it is passed on.
func (c *choice) take() Way {
	switch {
	case c.left > 0:
		c.left--
		return c.drawn()
	case c.every == 0:
		return 0
	case c.place == 0:
		c.chosen = c.random.IntN(c.every)
	}
	is := c.place == c.chosen
	c.place = (c.place + 1) % c.every
	if !is {
		return 0
	}
	return c.drawn()
}

func (c *choice) drawn() Way {
	if c.how != Either {
		return c.how
	}
	return Before + Way(c.random.IntN(2))
}
