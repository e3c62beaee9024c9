package dump

import (
	"cmp"
	"slices"
)

const (
	leastGrowth = 3 // goroutines more; fewer come and go
	mostGrowing = 20
)

// growing are the places at which more goroutines stand with every dump: the look of a leak, or of a queue that grows. Those
// that only wait for a processor are no such place.
func growing(dumps [][]group) []Growth {
	if len(dumps) < 2 {
		return nil
	}
	counts := map[string][]int{}
	one := map[string]*goroutine{}
	for i, groups := range dumps {
		for _, g := range groups {
			if counts[g.key] == nil {
				counts[g.key] = make([]int, len(dumps))
			}
			counts[g.key][i], one[g.key] = len(g.members), g.members[0]
		}
	}
	var found []Growth
	for key, n := range counts {
		if rises(n) && n[len(n)-1]-n[0] >= leastGrowth && one[key].state != "runnable" {
			found = append(found, Growth{Counts: n, State: one[key].state, At: one[key].place().String()})
		}
	}
	gained := func(g Growth) int { return g.Counts[len(g.Counts)-1] - g.Counts[0] }
	slices.SortFunc(found, func(a, b Growth) int {
		return cmp.Or(cmp.Compare(gained(b), gained(a)), cmp.Compare(a.At+a.State, b.At+b.State))
	})
	return found[:min(len(found), mostGrowing)]
}

func rises(counts []int) bool {
	for i := range counts[1:] {
		if counts[i+1] <= counts[i] {
			return false
		}
	}
	return true
}
