package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"gazua.example/loadgen/internal/machine"
)

func TestParseCPUs_ListsAndRanges(t *testing.T) {
	for list, want := range map[string][]int{"0": {0}, "0-2": {0, 1, 2}, "1,3": {1, 3}, "0-1, 5": {0, 1, 5}} {
		set, err := parseCPUs(list)
		if err != nil || set.Count() != len(want) {
			t.Errorf("%q: %d CPUs, %v", list, set.Count(), err)
		}
		for _, cpu := range want {
			if !set.IsSet(cpu) {
				t.Errorf("%q does not name %d", list, cpu)
			}
		}
	}
	for _, list := range []string{"", ",", "a", "-1", "2-1", "0-", "0-9999", "1.5"} {
		if _, err := parseCPUs(list); err == nil {
			t.Errorf("%q is taken", list)
		}
	}
}

func FuzzParseCPUs(f *testing.F) {
	f.Add("0-1,3")
	f.Fuzz(func(t *testing.T, list string) {
		if set, err := parseCPUs(list); err == nil && set.Count() == 0 {
			t.Errorf("%q names none", list)
		}
	})
}

func TestPinTo_BindsEveryThread(t *testing.T) {
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	whole := machine.ValueOf("/proc/self/status", "Cpus_allowed_list")
	first, _, _ := strings.Cut(strings.NewReplacer("-", ",").Replace(whole), ",")
	t.Cleanup(func() {
		if err := PinTo(whole); err != nil || cores() != before.Count() {
			t.Errorf("not let go again: %d cores, %v", cores(), err)
		}
	})
	if err := PinTo(first); err != nil {
		t.Fatal(err)
	}
	if cores() != 1 {
		t.Errorf("%d cores may be used", cores())
	}
	threads, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(threads) == 0 {
		t.Fatalf("no threads: %v", err)
	}
	for _, thread := range threads {
		if _, err := os.Stat(thread); err != nil {
			continue // it has ended
		}
		if got := machine.ValueOf(thread, "Cpus_allowed_list"); got != first && got != "" {
			t.Errorf("%s may use %s", thread, got)
		}
	}
	if err := PinTo("1023"); err == nil || !strings.Contains(err.Error(), "BED_CPUS") {
		t.Errorf("a CPU that is not there: %v", err)
	}
}
