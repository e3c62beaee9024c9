package pgsim

// queue holds what falls due at a moment, the next one in front: a binary heap. The caller locks.
type queue[T any] []timed[T]

type timed[T any] struct {
	at   int64 // ns
	what T
}

func (q *queue[T]) add(at int64, what T) {
	h := append(*q, timed[T]{at, what})
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if h[parent].at <= h[i].at {
			break
		}
		h[parent], h[i] = h[i], h[parent]
		i = parent
	}
	*q = h
}

// takeDue removes the front when it is due at now.
func (q *queue[T]) takeDue(now int64) (what T, ok bool) {
	h := *q
	if len(h) == 0 || h[0].at > now {
		return what, false
	}
	what = h[0].what
	last := len(h) - 1
	h[0], h[last] = h[last], timed[T]{}
	h = h[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if h[child].at < h[least].at {
				least = child
			}
		}
		if least == i {
			break
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
	*q = h
	return what, true
}
