package sorted

import (
	"fmt"
	"iter"
)

// Codec writes values of one type as records. Encode appends; Decode must take what Encode has written, and nothing else.
type Codec[T any] struct {
	Key    func(to []byte, v *T) []byte
	Encode func(to []byte, v *T) []byte
	Decode func(text []byte, v *T) error
}

// Values sorts values of one type.
type Values[T any] struct {
	sort       *Sort
	codec      Codec[T]
	key, value []byte
}

// NewValues begins a sort of values.
func NewValues[T any](space *Space, name string, codec Codec[T]) *Values[T] {
	return &Values[T]{sort: NewSort(space, name), codec: codec}
}

// Add takes a value in.
func (l *Values[T]) Add(v *T) error {
	l.key, l.value = l.codec.Key(l.key[:0], v), l.codec.Encode(l.value[:0], v)
	return l.sort.Add(l.key, l.value)
}

// Len is how many were added.
func (l *Values[T]) Len() int64 { return l.sort.Len() }

// All gives them in order, each as a value of its own. It ends the adding, and may be walked as often as wanted.
func (l *Values[T]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for record, err := range l.sort.All() {
			var v T
			if err == nil {
				if err = l.codec.Decode(record.Value, &v); err != nil {
					err = fmt.Errorf("sort %s: %w", l.sort.name, err)
				}
			}
			if err != nil {
				yield(none, err)
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

// Seal ends the adding, so that the memory is free for another sort.
func (l *Values[T]) Seal() error { return l.sort.Seal() }

// Close gives memory and disk back before the space is closed.
func (l *Values[T]) Close() { l.sort.Close() }
