package topology_test

import (
	"slices"
	"strings"
	"testing"

	"gazua.example/infra/config"
	"gazua.example/infra/mysql"
	"gazua.example/infra/stack/folder"
	"gazua.example/infra/stack/topology"
)

func settings(t *testing.T, env map[string]string) (topology.Settings, error) {
	t.Helper()
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	c := config.New("stack", "", lookup)
	ports, _ := topology.ReadPorts(c, lookup)
	return topology.Settings{
		Folder: folder.Folder("/repo/.stack"), Bin: "/repo/bin", Ports: ports,
		Passwords: mysql.Passwords{Root: "pr", Admin: "pa", App: "pp", Verifier: "pv"},
		Pass:      []string{"LOG_LEVEL=debug", "GOMAXPROCS=3"},
	}, c.Err()
}

func named(t *testing.T, s topology.Settings, name string) topology.Process {
	t.Helper()
	all := topology.Single(s)
	at := slices.IndexFunc(all, func(p topology.Process) bool { return p.Name == name })
	if at < 0 {
		t.Fatalf("no process %s", name)
	}
	return all[at]
}

func TestSingle_Environments(t *testing.T) {
	s, err := settings(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"payment-api-2": {
			"LISTEN=127.0.0.1:18082", "ADMIN_LISTEN=127.0.0.1:18182", "INSTANCE=payment-api-2", "LOG_LEVEL=debug", "GOMAXPROCS=3",
			"MYSQL_DSN=payment_app:pp@tcp(127.0.0.1:13306)/payment", "PG_URL=http://127.0.0.1:18085",
			"POINT_URL=http://127.0.0.1:18085", "COUPON_URL=http://127.0.0.1:18085",
		},
		"payment-worker-1": {
			"ADMIN_LISTEN=127.0.0.1:18191", "INSTANCE=payment-worker-1", "LOG_LEVEL=debug", "GOMAXPROCS=3", "KAFKA_BROKERS=127.0.0.1:19092",
			"MYSQL_DSN=payment_app:pp@tcp(127.0.0.1:13306)/payment", "PG_URL=http://127.0.0.1:18085",
			"POINT_URL=http://127.0.0.1:18085", "COUPON_URL=http://127.0.0.1:18085",
		},
		"mock-pg-1": {"LISTEN=127.0.0.1:18085", "ADMIN_LISTEN=127.0.0.1:18185", "INSTANCE=mock-pg-1", "LOG_LEVEL=debug", "GOMAXPROCS=3", "BOOK_DIR=/repo/.stack/data/mock-pg-1"},
		"broker":    {"PORT=19092", "DATA_DIR=/repo/.stack/data/broker"},
		"mysql":     {"TZ=UTC"},
	} {
		got := slices.Sorted(slices.Values(named(t, s, name).Env))
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s\n got %q\nwant %q", name, got, want)
		}
	}
	for _, p := range topology.Single(s) {
		if text := strings.Join(p.Env, " "); strings.Contains(text, "pr@") || strings.Contains(text, "pa@") {
			t.Errorf("%s knows the password of another user: %s", p.Name, text)
		}
	}
}

func TestSingle_EveryPortIsItsOwnAndMovesWithTheOffset(t *testing.T) {
	base, err := settings(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := settings(t, map[string]string{"PORT_OFFSET": "1000", "PORT_MYSQL": "20000"})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]string{}
	after := topology.Single(moved)
	for i, p := range topology.Single(base) {
		for j, port := range p.Ports {
			if other := seen[port]; other != "" {
				t.Errorf("%s and %s share port %d", p.Name, other, port)
			}
			seen[port] = p.Name
			want := port + 1000
			if p.Name == "mysql" {
				want = 21000
			}
			if got := after[i].Ports[j]; got != want {
				t.Errorf("%s moved from %d to %d, want %d", p.Name, port, got, want)
			}
		}
	}
	if want := "TARGET=http://127.0.0.1:19080\n"; !strings.HasPrefix(moved.Env("m"), want) {
		t.Errorf("stack.env: %s", moved.Env("m"))
	}
}

func TestReadPorts_NamesEveryFault(t *testing.T) {
	_, err := settings(t, map[string]string{"PORT_MYSQL": "18080", "PORT_BROKER": "none"})
	if err == nil || !strings.Contains(err.Error(), "PORT_HAPROXY and PORT_MYSQL are both 18080") || !strings.Contains(err.Error(), "PORT_BROKER") {
		t.Errorf("%v", err)
	}
}

func TestPorts_SurviveInAFile(t *testing.T) {
	s, err := settings(t, map[string]string{"PORT_OFFSET": "7"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := s.Ports.Save(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := topology.LoadPorts(dir); err != nil || !got.Equal(s.Ports) {
		t.Errorf("loaded %v %v", got, err)
	}
}
