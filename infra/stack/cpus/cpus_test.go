package cpus_test

import (
	"runtime"
	"slices"
	"testing"

	"gazua.example/infra/stack/cpus"
)

func TestParse(t *testing.T) {
	for list, want := range map[string]cpus.Set{
		"0": {0}, "0-3,5": {0, 1, 2, 3, 5}, "5,1, 0": {0, 1, 5}, "1,1-2": {1, 2}, "1023": {1023}, "all": nil,
	} {
		if got, err := cpus.Parse(list); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", list, got, err)
		}
	}
	for _, list := range []string{"", "a", "1-", "-1", "3-1", "1,,2", "+1", "1024", "0-9999999999", "1-2-3"} {
		if got, err := cpus.Parse(list); err == nil {
			t.Errorf("%q was taken for %v", list, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, list := range []string{"0-3,5", "all", "", "1-", "7,1-2,2", "1023-1023"} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		set, err := cpus.Parse(list)
		if err != nil || len(set) == 0 {
			return
		}
		if !slices.IsSorted(set) || set[0] < 0 || set[len(set)-1] > 1023 {
			t.Fatalf("%q became %v", list, set)
		}
		if again, err := cpus.Parse(set.String()); err != nil || !slices.Equal(again, set) {
			t.Fatalf("%v is written %q, which is read as %v, %v", set, set, again, err)
		}
	})
}

func TestSplit_AQuarterForTheBed_AndNothingBelowFour(t *testing.T) {
	for n, want := range map[int]int{1: 0, 3: 0, 4: 1, 5: 2, 8: 2, 16: 4, 64: 16} {
		var all cpus.Set
		for i := range n {
			all = append(all, i)
		}
		system, bed := cpus.Split(all)
		if len(bed) != want || want > 0 && !slices.Equal(append(slices.Clone(system), bed...), all) || want == 0 && system != nil {
			t.Errorf("%d: system %v, bed %v", n, system, bed)
		}
	}
}

func TestAmong_NamesTheStranger(t *testing.T) {
	if err := (cpus.Set{0, 2}).Among(cpus.Set{0, 1}); err == nil || err.Error() != "processor 2 is not one that this process may use (0-1)" {
		t.Error(err)
	}
	if err := (cpus.Set{0, 1}).Among(cpus.Set{0, 1}); err != nil {
		t.Error(err)
	}
}

func TestBindThread_BindsThisThreadOnly(t *testing.T) {
	all, err := cpus.Of(0)
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	bound := make(chan cpus.Set)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		if err := all[len(all)-1:].BindThread(); err != nil {
			t.Error(err)
		}
		own, _ := cpus.Of(0)
		bound <- own
	}()
	if got := <-bound; !slices.Equal(got, all[len(all)-1:]) {
		t.Errorf("the thread runs on %v", got)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if got, err := cpus.Of(0); err != nil || !slices.Equal(got, all) {
		t.Errorf("another thread runs on %v, %v", got, err)
	}
}
