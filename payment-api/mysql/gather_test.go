package mysql

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// bench is a group whose transactions take a second each and are written down.
type bench struct {
	*group[int, int]
	mu      sync.Mutex
	batches [][]int
	most    int // transactions at one time
	now     int
}

var errGone = errors.New("the caller gave up")

func newBench(o GroupOptions) *bench {
	b := &bench{}
	b.group = newGroup(o, kind[int, int]{
		name: "test", step: func(int) string { return "test" }, run: b.transaction, size: func(n int) int { return n },
		failed: func(int, error) int { return -1 },
		lapses: func(n int) bool { return n%2 == 1 }, // odd ones are not begun for nobody
	})
	return b
}

func (b *bench) transaction(_ context.Context, batch []int) []int {
	b.mu.Lock()
	b.batches = append(b.batches, slices.Clone(batch))
	b.now++
	b.most = max(b.most, b.now)
	b.mu.Unlock()
	time.Sleep(time.Second)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now--
	results := make([]int, len(batch))
	for i, n := range batch {
		results[i] = 10 * n
	}
	return results
}

// come hands members over, one caller each, all at one moment; each must get its own result.
func (b *bench) come(t *testing.T, members ...int) *sync.WaitGroup {
	var all sync.WaitGroup
	for _, n := range members {
		all.Go(func() {
			if got := b.do(t.Context(), []int{n})[0]; got != 10*n {
				t.Errorf("%d got %d", n, got)
			}
		})
	}
	return &all
}

func (b *bench) sizes() (sizes []int) {
	for _, batch := range b.batches {
		sizes = append(sizes, len(batch))
	}
	return sizes
}

func TestGroup_ALoneMember_PaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(GroupOptions{Max: 64, Wait: time.Hour, Committers: 2})
		began := time.Now()
		b.come(t, 2).Wait()
		if took := time.Since(began); took != time.Second {
			t.Errorf("it waited %s for its own transaction of 1 s", took)
		}
		b.end()
	})
}

func TestGroup_WhileOthersCommit_WaitsForMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(GroupOptions{Max: 64, Wait: 300 * time.Millisecond, Committers: 2})
		first := b.come(t, 2)
		synctest.Wait()
		second := b.come(t, 4)
		time.Sleep(200 * time.Millisecond)
		third := b.come(t, 6)
		time.Sleep(200 * time.Millisecond)
		fourth := b.come(t, 8) // too late for the second transaction
		for _, all := range []*sync.WaitGroup{first, second, third, fourth} {
			all.Wait()
		}
		if got := b.sizes(); !slices.Equal(got, []int{1, 2, 1}) {
			t.Errorf("transactions of %v members", got)
		}
		b.end()
	})
}

func TestGroup_OneCommitter_TakesAllThatWait_UpToItsBounds(t *testing.T) {
	for name, c := range map[string]struct {
		o    GroupOptions
		want []int
	}{
		"members": {GroupOptions{Max: 4, Committers: 1}, []int{1, 4, 4, 1}},
		"bytes":   {GroupOptions{Max: 64, Bytes: 250, Committers: 1}, []int{1, 3, 3, 3}}, // 100 bytes each
		"none":    {GroupOptions{Max: 64, Committers: 1}, []int{1, 9}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(c.o)
				first := b.come(t, 100)
				synctest.Wait()
				rest := b.come(t, 100, 100, 100, 100, 100, 100, 100, 100, 100)
				first.Wait()
				rest.Wait()
				if got := b.sizes(); !slices.Equal(got, c.want) {
					t.Errorf("transactions of %v members, want %v", got, c.want)
				}
				b.end()
			})
		})
	}
}

// Plain: a transaction a step, as many at a time as there are callers.
func TestGroup_MaxOne_EachHasItsOwnAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(GroupOptions{Max: 1, Committers: 1})
		began := time.Now()
		b.come(t, 2, 4, 6, 8).Wait()
		if got := b.do(t.Context(), []int{2, 4}); !slices.Equal(got, []int{20, 40}) {
			t.Errorf("several of one caller got %v", got)
		}
		if took := time.Since(began); took != 2*time.Second || b.most != 4 || !slices.Equal(b.sizes(), []int{1, 1, 1, 1, 1, 1}) {
			t.Errorf("transactions of %v members, %d at a time, in %s", b.sizes(), b.most, took)
		}
		b.end()
	})
}

// Who gives up before its transaction began costs nobody anything; what may not be dropped is committed all the same, and so
// is what was on its way already.
func TestGroup_CallersThatGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(GroupOptions{Max: 64, Committers: 1})
		ctx, giveUp := context.WithCancelCause(t.Context())
		results := make(map[int]int)
		var mu sync.Mutex
		var all sync.WaitGroup
		come := func(n int) {
			all.Go(func() {
				got := b.do(ctx, []int{n})[0]
				mu.Lock()
				defer mu.Unlock()
				results[n] = got
			})
			synctest.Wait()
		}
		come(1) // on its way when it gives up
		come(3) // waits, may be dropped
		come(4) // waits, may not
		stays := b.come(t, 5)
		synctest.Wait()
		giveUp(errGone)
		all.Wait()
		stays.Wait()
		if results[1] != 10 || results[3] != -1 || results[4] != 40 {
			t.Errorf("results %v", results)
		}
		if len(b.batches) != 2 || !slices.Equal(b.batches[1], []int{4, 5}) {
			t.Errorf("transactions %v", b.batches)
		}
		b.end()
	})
}

// What was handed over before the end is committed, and who comes later is told so instead of waiting for ever.
func TestGroup_AtItsEnd_CommitsWhatWaits_AndRefusesWhatComes(t *testing.T) {
	for _, most := range []int{1, 64} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(GroupOptions{Max: most, Committers: 1})
			first := b.come(t, 2)
			synctest.Wait()
			second := b.come(t, 4, 6)
			synctest.Wait()
			b.end()
			first.Wait()
			second.Wait()
			if got := b.do(t.Context(), []int{8, 10}); !slices.Equal(got, []int{-1, -1}) {
				t.Errorf("transactions of at most %d members: after the end %v", most, got)
			}
		})
	}
}
