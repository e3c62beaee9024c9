package mysqlproxy

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func seeded(seed uint64) *choice { return &choice{random: rand.New(rand.NewPCG(seed, 0))} }

func taken(c *choice, n int) (ways []Way) {
	for range n {
		ways = append(ways, c.take())
	}
	return ways
}

func TestChoice_OneOfEachRow_AndTheSameForTheSameSeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		every, rows, seed := rapid.IntRange(1, 20).Draw(t, "every"), rapid.IntRange(1, 20).Draw(t, "rows"), rapid.Uint64().Draw(t, "seed")
		a, b := seeded(seed), seeded(seed)
		a.everyNth(every, Either)
		b.everyNth(every, Either)
		ways := taken(a, every*rows)
		if !slices.Equal(ways, taken(b, every*rows)) {
			t.Fatal("the same seed gave another choice")
		}
		for row := range slices.Chunk(ways, every) {
			cut := slices.DeleteFunc(slices.Clone(row), func(w Way) bool { return w == 0 })
			if len(cut) != 1 || cut[0] != Before && cut[0] != After {
				t.Fatalf("of %d these are cut: %v", every, cut)
			}
		}
	})
}

func TestChoice_TheNextOnes(t *testing.T) {
	c := seeded(1)
	c.next(2, After)
	if got := taken(c, 4); !slices.Equal(got, []Way{After, After, 0, 0}) {
		t.Errorf("%v", got)
	}
	c.giveBack()
	if got := taken(c, 2); !slices.Equal(got, []Way{After, 0}) {
		t.Errorf("one was given back: %v", got)
	}
	*c = choice{random: c.random}
	c.giveBack() // it healed meanwhile
	if got := taken(c, 2); !slices.Equal(got, []Way{0, 0}) {
		t.Errorf("it is healed: %v", got)
	}
}

func TestChoice_Either_IsBoth(t *testing.T) {
	c := seeded(1)
	c.next(100, Either)
	got := taken(c, 100)
	if !slices.Contains(got, Before) || !slices.Contains(got, After) || slices.Contains(got, 0) {
		t.Errorf("%v", got)
	}
	for way, want := range map[Way]string{Before: "before", After: "after", Either: "either"} {
		if way.String() != want {
			t.Errorf("%d is %q", way, way)
		}
	}
}
