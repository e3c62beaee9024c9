package dlq

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestParsePlace(t *testing.T) {
	if got, err := ParsePlace("3/14"); err != nil || got != (Place{3, 14}) || got.String() != "3/14" {
		t.Errorf("%v %v", got, err)
	}
	for _, text := range []string{"", "3", "3/", "/3", "-1/2", "1/-2", "1/2/3", "a/b", "1.5/2", "99999999999999999999/1"} {
		if got, err := ParsePlace(text); err == nil {
			t.Errorf("%q became %v", text, got)
		}
	}
}

// The model is a set of what was replayed. Whatever is replayed one by one or all together, what the commit remembers is
// exactly that.
func TestShelf_RemembersExactlyWhatWasReplayed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const end = 30
		s := shelf{end: end}
		done := map[int64]bool{}
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			offset := rapid.Int64Range(0, end-1).Draw(t, "offset")
			if rapid.IntRange(0, 9).Draw(t, "all up to it") == 0 {
				s.from(offset + 1)
				for o := range offset + 1 {
					done[o] = true
				}
			} else {
				s.mark(offset)
				done[offset] = true
			}
			again := shelf{end: end, next: s.next}
			again.readMetadata(s.metadata())
			for _, shelf := range []shelf{s, again} {
				for o := range int64(end) {
					_, marked := slices.BinarySearch(shelf.replayed, o)
					if got := o < shelf.next || marked; got != done[o] {
						t.Fatalf("%d replayed: %t, want %t (next %d, behind it %v)", o, got, done[o], shelf.next, shelf.replayed)
					}
				}
			}
		}
	})
}

func TestShelf_AnothersMetadata_IsNotObeyed(t *testing.T) {
	for _, text := range []string{"", "x", "-3", "0", ",,", "consumer-7"} {
		s := shelf{next: 5, end: 9}
		s.readMetadata(text)
		if s.next != 5 || len(s.replayed) != 0 {
			t.Errorf("%q: %+v", text, s)
		}
	}
}

func TestShelf_Full(t *testing.T) {
	s := shelf{end: 10_000}
	for i := range int64(maxReplayed) {
		s.mark(2 + 5*i)
	}
	if err := s.full(); err != nil || len(s.metadata()) > 4096 {
		t.Errorf("%v, %d bytes of metadata", err, len(s.metadata()))
	}
	if s.mark(9_000); s.full() == nil {
		t.Error("it would not fit into a commit")
	}
}
