package dump

import (
	"cmp"
	"slices"
	"strings"
)

// mostHolders are named of one wait.
const mostHolders = 3

// lockHolders looks for who is inside the critical section that the members want to enter. A dump does not say who holds a
// mutex, but whoever got past the Lock of a function and did not leave it stands in that function, further down.
func lockHolders(members []*goroutine, all []goroutine) []Holder {
	waiting, places, selves := map[int]bool{}, map[string]int{}, map[uint64]bool{}
	for _, m := range members {
		at := m.lock().at
		waiting[m.id] = true
		if line, known := places[at.function]; !known || at.line < line {
			places[at.function] = at.line
		}
		if at.self != 0 && strings.Contains(at.function, "(*") {
			selves[at.self] = true
		}
	}
	inside := func(f frame) bool {
		line, same := places[f.function]
		other := f.self != 0 && len(selves) > 0 && !selves[f.self] && strings.Contains(f.function, "(*")
		return same && f.line > line && !other
	}
	if found := holders(all, waiting, inside, "it is inside the same function, past the lock"); len(found) > 0 {
		return found
	}
	types := map[string]bool{}
	for function := range places {
		types[receiver(function)] = true
	}
	delete(types, "")
	uses := func(f frame) bool {
		_, same := places[f.function] // but not past the lock
		return !same && selves[f.self] && types[receiver(f.function)]
	}
	return holders(all, waiting, uses, "it is in a method of the same object")
}

// channelHolders are those that would take what is sent, or send what is waited for, as far as that can be known: they stand in
// another method of the type whose method waits.
func channelHolders(member *goroutine, all []goroutine) []Holder {
	at := member.place()
	if receiver(at.function) == "" {
		return nil
	}
	works := func(f frame) bool { return receiver(f.function) == receiver(at.function) && f.function != at.function }
	return holders(all, nil, works, "it is in another method of the same type")
}

// receiver is a method's package and type: of net/http.(*conn).serve net/http.(*conn).
func receiver(function string) string {
	at := strings.Index(function, ").")
	if at < 0 {
		return ""
	}
	return function[:at+1]
}

// poolHolders are those that are in a call to the pool's user and do not wait for a place in it.
func poolHolders(all []goroutine, because string, function string) []Holder {
	idle := map[int]bool{}
	for i := range all {
		kind, _ := all[i].waitsFor()
		if kind == kindDatabase || kind == kindHTTP || all[i].has("database/sql.(*DB).connectionOpener", "database/sql.(*DB).connectionCleaner") {
			idle[all[i].id] = true
		}
	}
	return holders(all, idle, func(f frame) bool { return strings.HasPrefix(f.function, function) }, because)
}

// holders puts the goroutines that are not among others and have such a call together by place and state.
func holders(all []goroutine, others map[int]bool, such func(frame) bool, because string) []Holder {
	type where struct{ state, at string }
	byPlace := map[where]*Holder{}
	for i := range all {
		g := &all[i]
		at := slices.IndexFunc(g.frames, such)
		if at < 0 || others[g.id] {
			continue
		}
		stands := g.frames[at]
		if !strings.HasPrefix(stands.function, "gazua.example/") {
			stands = g.place()
		}
		key := where{g.state, stands.String()}
		if byPlace[key] == nil {
			byPlace[key] = &Holder{State: g.state, At: key.at, Because: because}
		}
		h := byPlace[key]
		h.Count++
		if len(h.Examples) < mostExamples {
			h.Examples = append(h.Examples, g.id)
		}
	}
	var found []Holder
	for _, h := range byPlace {
		found = append(found, *h)
	}
	slices.SortFunc(found, func(a, b Holder) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.At+a.State, b.At+b.State))
	})
	return found[:min(len(found), mostHolders)]
}
