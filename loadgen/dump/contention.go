package dump

import (
	"bytes"
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

const (
	mostSpots  = 10
	leastSpent = 0.001 // seconds; below it nothing was waited for
)

// spots sums a mutex or block profile by place. The profile is a delta, which net/http/pprof makes of itself when it is asked
// for some seconds. kind is that of all its spots; empty: each stack says it.
func spots(encoded []byte, kind string) ([]Spot, error) {
	p, err := profile.Parse(bytes.NewReader(encoded))
	if err != nil {
		return nil, fmt.Errorf("read the profile: %w", err)
	}
	times, waited := index(p, "contentions"), index(p, "delay")
	if times < 0 || waited < 0 {
		return nil, fmt.Errorf("read the profile: it counts no contentions and delay but %v", p.SampleType)
	}
	type where struct{ kind, at string }
	byPlace := map[where]*Spot{}
	for _, s := range p.Sample {
		g := stackOf(s)
		if g.has("net/http/pprof.") {
			continue // that is this measurement itself
		}
		key := where{kind, g.place().String()}
		if kind == "" {
			key.kind = g.blockedBy()
		}
		if byPlace[key] == nil {
			byPlace[key] = &Spot{At: key.at, Kind: key.kind}
		}
		byPlace[key].Times += s.Value[times]
		byPlace[key].Waited += float64(s.Value[waited]) / 1e9
	}
	var found []Spot
	for _, s := range byPlace {
		if s.Waited >= leastSpent {
			found = append(found, *s)
		}
	}
	slices.SortFunc(found, func(a, b Spot) int { return cmp.Or(cmp.Compare(b.Waited, a.Waited), cmp.Compare(a.At, b.At)) })
	return found[:min(len(found), mostSpots)], nil
}

func index(p *profile.Profile, name string) int {
	return slices.IndexFunc(p.SampleType, func(t *profile.ValueType) bool { return t.Type == name })
}

// stackOf is a sample's stack, as of a goroutine.
func stackOf(s *profile.Sample) (g goroutine) {
	for _, location := range s.Location {
		for _, l := range location.Line {
			if l.Function == nil {
				continue
			}
			folder, file := filepath.Split(l.Function.Filename)
			g.frames = append(g.frames, frame{
				function: plain(l.Function.Name), line: int(l.Line), file: filepath.Base(strings.TrimSuffix(folder, "/")) + "/" + file,
			})
		}
	}
	if len(g.frames) == 0 {
		g.state = "unknown"
	}
	return g
}

// plain writes type arguments as a dump does, "[...]": in a profile they stand in full, which may be a screen.
func plain(function string) string {
	from, to := strings.Index(function, "["), strings.LastIndex(function, "]")
	if from < 0 || to < from {
		return function
	}
	return function[:from] + "[...]" + function[to+1:]
}

// blockedBy says what kind of thing was waited for.
func (g *goroutine) blockedBy() string {
	switch {
	case len(g.frames) == 0:
		return "other"
	case strings.HasPrefix(g.frames[0].function, "runtime.selectgo"):
		return "select"
	case strings.HasPrefix(g.frames[0].function, "runtime.chansend"):
		return "send"
	case strings.HasPrefix(g.frames[0].function, "runtime.chanrecv"):
		return "receive"
	case g.has("sync.(*Mutex).", "sync.(*RWMutex)."):
		return "lock"
	}
	return "other"
}
