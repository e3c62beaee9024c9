package verify

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
)

// stream is one of several that are merged, each in the order of its keys: payment ids, orders or idempotency keys.
type stream[T any, K comparable] struct {
	what  string // in errors
	of    func(*T) K
	next  func() (T, error, bool)
	stop  func()
	head  T
	key   K // of the head
	ended bool
	err   error
	list  []T
}

func newStream[T any, K comparable](what string, values iter.Seq2[T, error], of func(*T) K) *stream[T, K] {
	s := &stream[T, K]{what: what, of: of}
	s.next, s.stop = iter.Pull2(values)
	s.advance()
	return s
}

func (s *stream[T, K]) advance() {
	var more bool
	if s.head, s.err, more = s.next(); !more || s.err != nil {
		s.ended = true
		return
	}
	s.key = s.of(&s.head)
}

// maxTaken bounds what one payment, order or key may have of each kind.
const maxTaken = 100_000

// take takes what has the key. The list is valid until the next one is taken.
func (s *stream[T, K]) take(key K) []T {
	s.list = s.list[:0]
	for !s.ended && s.key == key {
		if len(s.list) == maxTaken {
			s.err, s.ended = fmt.Errorf("%s: more than %d have the key %.60v", s.what, maxTaken, key), true
			return nil
		}
		s.list = append(s.list, s.head)
		s.advance()
	}
	return s.list
}

// headed is a stream of whatever.
type headed[K any] interface {
	at() (key K, more bool)
	failed() error
}

func (s *stream[T, K]) at() (K, bool) { return s.key, !s.ended }

func (s *stream[T, K]) failed() error { return s.err }

// lowest is the smallest key at which one of the streams stands; more is false at the end of all.
func lowest[K any](compare func(a, b K) int, streams []headed[K]) (key K, more bool, err error) {
	for _, s := range streams {
		if err := s.failed(); err != nil {
			return key, false, err
		}
		if at, some := s.at(); some && (!more || compare(at, key) < 0) {
			key, more = at, true
		}
	}
	return key, more, nil
}

// firstError is the first trouble of the streams.
func firstError[K any](streams []headed[K]) error {
	for _, s := range streams {
		if err := s.failed(); err != nil {
			return err
		}
	}
	return nil
}

// merchantOrder names an order.
type merchantOrder struct {
	merchant uint32
	order    string
}

func (o merchantOrder) compare(p merchantOrder) int {
	return cmp.Or(cmp.Compare(o.merchant, p.merchant), cmp.Compare(o.order, p.order))
}

func (c claimed) compare(d claimed) int {
	return cmp.Or(cmp.Compare(c.merchant, d.merchant), bytes.Compare(c.hash[:], d.hash[:]))
}
