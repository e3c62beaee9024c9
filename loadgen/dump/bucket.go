package dump

import (
	"cmp"
	"slices"
	"strings"
)

const (
	mostBuckets  = 200 // of a process in a report
	mostExamples = 5
	mostFrames   = 40 // of a stack in a report
)

// group is the goroutines of a bucket.
type group struct {
	key     string // of all that stand here, in every dump
	members []*goroutine
}

// gather puts goroutines of the same state and the same stack together, the largest group first. Arguments are not looked at:
// they differ where nothing else does.
func gather(all []goroutine) []group {
	byKey := map[string]*group{}
	for i := range all {
		g := &all[i]
		key := g.key()
		if byKey[key] == nil {
			byKey[key] = &group{key: key}
		}
		byKey[key].members = append(byKey[key].members, g)
	}
	groups := make([]group, 0, len(byKey))
	for _, one := range byKey {
		groups = append(groups, *one)
	}
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(len(b.members), len(a.members)), cmp.Compare(a.key, b.key))
	})
	return groups
}

func (g *goroutine) key() string {
	var key strings.Builder
	key.WriteString(g.state)
	for _, f := range g.frames {
		key.WriteString("\n" + f.String())
	}
	key.WriteString("\n" + g.createdBy.String())
	return key.String()
}

func (g group) bucket() Bucket {
	first := g.members[0]
	b := Bucket{Count: len(g.members), State: first.state, Minutes: [2]int{first.minutes, first.minutes}, At: first.place().String(), CreatedBy: first.createdBy.String()}
	b.kind, _ = first.waitsFor()
	for _, m := range g.members {
		b.Minutes[0], b.Minutes[1] = min(b.Minutes[0], m.minutes), max(b.Minutes[1], m.minutes)
		if len(b.Examples) < mostExamples {
			b.Examples = append(b.Examples, m.id)
		}
	}
	for _, f := range first.frames[:min(len(first.frames), mostFrames)] {
		b.Stack = append(b.Stack, f.String())
	}
	return b
}

// place is the call that tells most about a goroutine: the innermost one of a program of ours, else the innermost one that
// is not of the runtime and its like.
func (g *goroutine) place() frame {
	for _, f := range g.frames {
		if strings.HasPrefix(f.function, "gazua.example/") || strings.HasPrefix(f.function, "main.") {
			return f
		}
	}
	for _, f := range g.frames {
		if !f.ofRuntime() {
			return f
		}
	}
	return frame{function: g.state}
}

func (f frame) ofRuntime() bool {
	for _, prefix := range []string{"runtime.", "runtime/", "internal/", "sync.", "time.", "syscall.", "os.", "os/signal."} {
		if strings.HasPrefix(f.function, prefix) {
			return true
		}
	}
	return false
}

// has says whether one of the calls begins with the name.
func (g *goroutine) has(names ...string) bool {
	return slices.ContainsFunc(g.frames, func(f frame) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(f.function, name) })
	})
}
