package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gazua.example/infra/config"
	"gazua.example/infra/stack/cpus"
	"gazua.example/infra/stack/folder"
	"gazua.example/infra/stack/proc"
	"gazua.example/infra/stack/topology"
)

// runningStack is a folder in which one process of a stack of that layout runs: a sleep by the name of mock-pg-2.
func runningStack(t *testing.T, l topology.Layout) folder.Folder {
	t.Helper()
	f := folder.Folder(filepath.Join(t.TempDir(), ".stack"))
	if err := f.Make(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("STACK_DIR", string(f))
	for _, name := range []string{"MOCK_PGS", "SYSTEM_CPUS", "BED_CPUS", "PORT_OFFSET"} {
		t.Setenv(name, "")
	}
	ports, _ := topology.ReadPorts(config.New("stack", "", os.LookupEnv), os.LookupEnv)
	r, gone, err := proc.Start(proc.Spec{Name: "mock-pg-2", Path: "/bin/sleep", Args: []string{"60"}, Log: filepath.Join(f.Logs(), "log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Kill(t.Context()); err != nil {
			t.Logf("clean up: %v", err)
		}
		<-gone
	})
	for _, err := range []error{r.Save(f.Run()), ports.Save(f.Run()), l.Save(f.Run())} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func mocksOf(s *stack) (names []string) {
	for _, p := range s.processes {
		if p.Kind == "mock-pg" {
			names = append(names, p.Name)
		}
	}
	return names
}

// Whoever comes later, in another shell, finds all of the stack that runs, and cannot make it another by half.
func TestOpen_AStackThatRuns_KeepsItsLayout(t *testing.T) {
	runningStack(t, topology.Layout{Mocks: 2, System: cpus.Set{0}})
	s, err := open()
	if err != nil || !slices.Equal(mocksOf(s), []string{"mock-pg-1", "mock-pg-2"}) {
		t.Fatalf("%v, %v", s, err)
	}
	if on := s.processes[0].CPUs; !slices.Equal(on, cpus.Set{0}) {
		t.Errorf("mysql would start on %v", on)
	}
	for env, fine := range map[string]bool{"MOCK_PGS=2": true, "MOCK_PGS=1": false, "SYSTEM_CPUS=0": true, "BED_CPUS=0": false, "SYSTEM_CPUS=all": false} {
		name, value, _ := strings.Cut(env, "=")
		t.Setenv(name, value)
		if _, err := open(); (err == nil) != fine {
			t.Errorf("%s: %v", env, err)
		}
		t.Setenv(name, "")
	}
}

func TestOpen_AStackThatIsDown_TakesWhatIsAskedFor(t *testing.T) {
	f := runningStack(t, topology.Layout{Mocks: 2})
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, err := proc.Load(f.Run(), "mock-pg-2"); err != nil || r.Alive() {
		t.Fatalf("down left mock-pg-2: %v", err)
	}
	t.Setenv("MOCK_PGS", "3")
	if s, err = open(); err != nil || len(mocksOf(s)) != 3 {
		t.Errorf("%v, %v", mocksOf(s), err)
	}
}
