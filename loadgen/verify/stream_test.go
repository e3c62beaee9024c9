package verify

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func sortedNumbers(list []int, fails error) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for _, n := range list {
			if !yield(n, nil) {
				return
			}
		}
		if fails != nil {
			yield(0, fails)
		}
	}
}

func digit(n *int) int { return *n / 10 }

func TestLowest_TwoStreams_AreMergedByKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.Custom(func(t *rapid.T) []int {
			numbers := rapid.SliceOf(rapid.IntRange(0, 60)).Draw(t, "numbers")
			slices.SortStableFunc(numbers, func(a, b int) int { return cmp.Compare(a/10, b/10) })
			return numbers
		})
		first, second := list.Draw(t, "first"), list.Draw(t, "second")
		a := newStream("first", sortedNumbers(first, nil), digit)
		b := newStream("second", sortedNumbers(second, nil), digit)
		defer a.stop()
		defer b.stop()
		var gotFirst, gotSecond []int
		last := -1
		for streams := []headed[int]{a, b}; ; {
			key, more, err := lowest(cmp.Compare[int], streams)
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				break
			}
			if key <= last {
				t.Fatalf("key %d after %d", key, last)
			}
			last = key
			gotFirst, gotSecond = append(gotFirst, a.take(key)...), append(gotSecond, b.take(key)...)
		}
		if !slices.Equal(gotFirst, first) || !slices.Equal(gotSecond, second) {
			t.Fatalf("took %v and %v of %v and %v", gotFirst, gotSecond, first, second)
		}
	})
}

func TestStream_Trouble_IsNeverAnEnd(t *testing.T) {
	torn := errors.New("torn")
	for _, c := range []struct {
		name  string
		list  []int
		takes int
	}{{"at once", nil, 0}, {"while a key is taken", []int{1, 2}, 1}, {"after a key", []int{1, 12}, 2}} {
		s := newStream("it", sortedNumbers(c.list, torn), digit)
		streams, takes := []headed[int]{s}, 0
		for {
			key, more, err := lowest(cmp.Compare[int], streams)
			if err != nil {
				break
			}
			if !more {
				t.Errorf("%s: it ended without its error", c.name)
				break
			}
			s.take(key)
			takes++
		}
		if takes != c.takes || !errors.Is(firstError(streams), torn) {
			t.Errorf("%s: %d keys, %v", c.name, takes, firstError(streams))
		}
		s.stop()
	}
}

func TestStream_TooManyOfOneKey_IsAnError(t *testing.T) {
	s := newStream("the book", sortedNumbers(make([]int, maxTaken+1), nil), digit)
	defer s.stop()
	if s.take(0); s.failed() == nil || !strings.Contains(s.failed().Error(), fmt.Sprintf("the book: more than %d", maxTaken)) {
		t.Errorf("error %v", s.failed())
	}
}
