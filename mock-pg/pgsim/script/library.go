package script

import (
	"strings"
	"sync"
)

// Library parses tokens and keeps one Script for all tokens that differ only in their seed and source, as the tokens of a load
// generator do: a million references then share a handful of scripts, and most requests parse nothing.
type Library struct {
	mu      sync.RWMutex
	scripts map[string]*Script // by the token without its seed and source
}

// maxScripts bounds the library. Scripts past it work, they are just not shared.
const maxScripts = 4096

// Plan is what a reference remembers of its token.
type Plan struct {
	Script *Script // nil: the token has no script
	Seed   uint64
	Source string // the wallet or card account; empty: the token names none
}

// Read returns the plan of a token; a token without a seed draws from fallback.
func (l *Library) Read(token string, fallback uint64) (Plan, error) {
	if !strings.HasPrefix(token, version) {
		return Plan{Seed: fallback}, nil
	}
	source, wishes := cutSource(token)
	head, digits, tail, seeded := cutSeed(wishes)
	var buffer [512]byte
	key := append(append(buffer[:0], head...), tail...)
	l.mu.RLock()
	known := l.scripts[string(key)]
	l.mu.RUnlock()
	if known != nil && isSource(source) {
		if !seeded {
			return Plan{known, fallback, strings.Clone(source)}, nil
		}
		if seed, ok := shortNumber(digits); ok {
			return Plan{known, seed, strings.Clone(source)}, nil
		}
	}
	parsed, seed, seeded, err := Parse(token)
	if err != nil {
		return Plan{}, err
	}
	if !seeded {
		seed = fallback
	}
	if parsed == nil {
		return Plan{Seed: fallback}, nil
	}
	return Plan{l.keep(string(key), parsed), seed, strings.Clone(source)}, nil // a clone: the token is not kept for its head
}

func (l *Library) keep(key string, s *Script) *Script {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.scripts[key]; known != nil {
		return known
	}
	if l.scripts == nil {
		l.scripts = map[string]*Script{}
	}
	if s != nil && len(l.scripts) < maxScripts {
		l.scripts[key] = s
	}
	return s
}

// cutSeed takes the first seed out of a token: head, digits, and the tail with what stood behind them.
func cutSeed(token string) (head, digits, tail string, found bool) {
	const mark = ";seed="
	at := strings.Index(token, mark)
	if at < 0 {
		return token, "", "", false
	}
	digits = token[at+len(mark):]
	if end := strings.IndexByte(digits, ';'); end >= 0 {
		digits, tail = digits[:end], digits[end:]
	}
	return token[:at], digits, tail, true
}

// shortNumber reads a number that cannot overflow; anything else is left to Parse and its errors.
func shortNumber(digits string) (n uint64, ok bool) {
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, digits != "" && len(digits) <= 19
}
