package topology

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"gazua.example/infra/config"
	"gazua.example/infra/stack/cpus"
	"gazua.example/infra/stack/folder"
)

func readLayout(env map[string]string, processors int) (Layout, error) {
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	var present cpus.Set
	for n := range processors {
		present = append(present, n)
	}
	c := config.New("stack", "", lookup)
	l, _ := ReadLayout(c, lookup, present)
	return l, c.Err()
}

func TestReadLayout(t *testing.T) {
	for _, c := range []struct {
		env         map[string]string
		processors  int
		system, bed string
	}{
		{nil, 2, "", ""},
		{nil, 3, "", ""},
		{nil, 4, "0-2", "3"},
		{nil, 8, "0-5", "6-7"},
		{map[string]string{"SYSTEM_CPUS": "0", "BED_CPUS": "1"}, 2, "0", "1"},
		{map[string]string{"BED_CPUS": "0,2"}, 4, "0-2", "0,2"},
		{map[string]string{"SYSTEM_CPUS": "all", "BED_CPUS": "all"}, 8, "", ""},
	} {
		l, err := readLayout(c.env, c.processors)
		if err != nil || l.System.String() != c.system || l.Bed.String() != c.bed || l.Mocks != 1 {
			t.Errorf("%v of %d processors: %+v, %v", c.env, c.processors, l, err)
		}
	}
	_, err := readLayout(map[string]string{"MOCK_PGS": "5", "SYSTEM_CPUS": "0-7", "BED_CPUS": "x"}, 2)
	for _, mention := range []string{"MOCK_PGS", "SYSTEM_CPUS: processor 2", `BED_CPUS: "x"`} {
		if err == nil || !strings.Contains(err.Error(), mention) {
			t.Errorf("err = %v, want one that names %s", err, mention)
		}
	}
}

// Everything of the system runs on its processors, the mocks on the bed's, and each program uses half of what it may.
func TestSingle_SeveralMocksOnProcessorsOfTheirOwn(t *testing.T) {
	ports, _ := ReadPorts(config.New("stack", "", func(string) (string, bool) { return "", false }), func(string) (string, bool) { return "", false })
	s := Settings{Folder: folder.Folder("/f"), Ports: ports, Layout: Layout{Mocks: 2, System: cpus.Set{0, 1, 2, 3}, Bed: cpus.Set{4, 5}}}
	var mocks []string
	dirs := map[string]bool{}
	for _, p := range Single(s) {
		want, procs := "0-3", "GOMAXPROCS=2"
		if p.Kind == "mock-pg" {
			mocks = append(mocks, p.Name)
			want, procs = "4-5", "GOMAXPROCS=1"
			at := slices.IndexFunc(p.Env, func(v string) bool { return strings.HasPrefix(v, "BOOK_DIR=") })
			dirs[p.Env[at]] = true
			if admin := "ADMIN_LISTEN=" + p.Admin; !slices.Contains(p.Env, admin) {
				t.Errorf("%s would be recorded with %s, and is told %q", p.Name, admin, p.Env)
			}
		}
		if p.CPUs.String() != want || p.Commands && !slices.Contains(p.Env, procs) {
			t.Errorf("%s runs on %s with %q", p.Name, p.CPUs, p.Env)
		}
		if strings.HasPrefix(p.Kind, "payment") && !slices.Contains(p.Env, "POINT_URL=http://127.0.0.1:18085,http://127.0.0.1:18086") {
			t.Errorf("%s does not know both mocks: %q", p.Name, p.Env)
		}
	}
	if !slices.Equal(mocks, []string{"mock-pg-1", "mock-pg-2"}) || len(dirs) != 2 {
		t.Errorf("mocks %v with books %v", mocks, dirs)
	}
	for _, line := range []string{
		"PG_URL=http://127.0.0.1:18085,http://127.0.0.1:18086", "PG_ADMIN=http://127.0.0.1:18185,http://127.0.0.1:18186", "BED_CPUS=4-5",
	} {
		if !strings.Contains(s.Env("m"), "\n"+line+"\n") {
			t.Errorf("stack.env lacks %s:\n%s", line, s.Env("m"))
		}
	}
}

func TestLayout_SurvivesInAFile(t *testing.T) {
	dir := t.TempDir()
	want := Layout{Mocks: 3, System: cpus.Set{0, 1}, Bed: cpus.Set{3}}
	if err := want.Save(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := LoadLayout(dir); err != nil || !got.Equal(want) {
		t.Errorf("%+v, %v", got, err)
	}
}

// FuzzDecodeLayout: what is taken for a saved layout can be started.
func FuzzDecodeLayout(f *testing.F) {
	for _, text := range []string{`{"mock_pgs":2,"system_cpus":[0,1],"bed_cpus":[3]}`, `{"mock_pgs":0}`, `{"mock_pgs":1,"bed_cpus":[-1]}`, `{"mock_pgs":1,"bed_cpus":[2,1]}`, `null`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := decodeLayout(text)
		if err != nil {
			return
		}
		if l.Mocks < 1 || l.Mocks > maxMocks {
			t.Fatalf("%+v", l)
		}
		for _, set := range []cpus.Set{l.System, l.Bed} {
			for i, n := range set {
				if n < 0 || n > 1023 || i > 0 && set[i-1] >= n {
					t.Fatalf("%+v", l)
				}
			}
		}
		saved, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := decodeLayout(saved); err != nil || !again.Equal(l) {
			t.Fatalf("%+v became %+v, %v", l, again, err)
		}
	})
}
