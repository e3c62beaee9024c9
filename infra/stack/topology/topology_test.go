package topology_test

import (
	"os"
	"path/filepath"
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
		Folder: folder.Folder("/repo/.stack"), Bin: "/repo/bin", Ports: ports, Layout: topology.Layout{Mocks: 1},
		Passwords: mysql.Passwords{Root: "pr", Admin: "pa", App: "pp", Verifier: "pv"},
		Pass:      []string{"LOG_LEVEL=debug", "GOMAXPROCS=3", "PG_PROFILE=bound", "KEY_TTL=3h", "WORKERS=8", "MAX_IN_FLIGHT=9"},
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
			"LISTEN=127.0.0.1:18082", "ADMIN_LISTEN=127.0.0.1:18182", "INSTANCE=payment-api-2", "LOG_LEVEL=debug", "GOMAXPROCS=3", "MAX_IN_FLIGHT=9",
			"MYSQL_DSN=payment_app:pp@tcp(127.0.0.1:13306)/payment", "PG_URL=http://127.0.0.1:18085",
			"POINT_URL=http://127.0.0.1:18085", "COUPON_URL=http://127.0.0.1:18085",
		},
		"payment-worker-1": {
			"ADMIN_LISTEN=127.0.0.1:18191", "INSTANCE=payment-worker-1", "LOG_LEVEL=debug", "GOMAXPROCS=3", "KAFKA_BROKERS=127.0.0.1:19092",
			"KEY_TTL=3h", "WORKERS=8", "CALLBACK_ALLOW=127.0.0.1/32", "ARCHIVE_DIR=/repo/.stack/archive",
			"MYSQL_DSN=payment_app:pp@tcp(127.0.0.1:13306)/payment", "PG_URL=http://127.0.0.1:18085",
			"POINT_URL=http://127.0.0.1:18085", "COUPON_URL=http://127.0.0.1:18085",
		},
		"mock-pg-1": {"LISTEN=127.0.0.1:18085", "ADMIN_LISTEN=127.0.0.1:18185", "INSTANCE=mock-pg-1", "LOG_LEVEL=debug", "GOMAXPROCS=3", "PG_PROFILE=bound", "BOOK_DIR=/repo/.stack/data/mock-pg-1"},
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
	want := "TARGET=http://127.0.0.1:19080\nPG_URL=http://127.0.0.1:19085\nPG_ADMIN=http://127.0.0.1:19185\n" +
		"MYSQL_DSN=verifier:pv@tcp(127.0.0.1:21000)/payment\nKAFKA_BROKERS=127.0.0.1:20092\n" +
		"ARCHIVE_DIR=/repo/.stack/archive\nRUN_DIR=/repo/.stack/run\nBED_CPUS=\nMERCHANTS_FILE=m\nCALLBACK_LISTEN=127.0.0.1:19090\n"
	if got := moved.Env("m"); got != want {
		t.Errorf("stack.env\n got %s\nwant %s", got, want)
	}
	if got, want := moved.Callbacks(), "http://127.0.0.1:19090/callbacks"; got != want {
		t.Errorf("callbacks at %s, want %s", got, want)
	}
}

// What a command shares with the process beside which it runs, both would lose by: the name and the ports.
func TestOnce_IsTheProcessesEnvironmentUnderAnotherNameAndOtherPorts(t *testing.T) {
	s, err := settings(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range topology.Single(s) {
		if !p.Commands {
			continue
		}
		own, once := slices.Sorted(slices.Values(p.Env)), slices.Sorted(slices.Values(p.Once()))
		for i, variable := range own {
			name, value, _ := strings.Cut(variable, "=")
			want := variable
			switch name {
			case "INSTANCE":
				want = "INSTANCE=" + value + "-cli"
			case "LISTEN", "ADMIN_LISTEN":
				want = name + "=127.0.0.1:0"
			}
			if once[i] != want {
				t.Errorf("%s: %s became %s, want %s", p.Name, variable, once[i], want)
			}
		}
		if len(own) != len(once) || !slices.Contains(p.Env, "INSTANCE="+p.Name) {
			t.Errorf("%s: %q became %q", p.Name, own, once)
		}
	}
}

// `up` says of a running process that its settings have changed: of that one, and of no other.
func TestPassThrough_ChangesTheFingerprintsOfThoseWhoReadIt(t *testing.T) {
	readers := map[string][]string{
		"GOGC": {"mock-pg", "payment-api", "payment-worker"}, "PG_PROFILE": {"mock-pg"}, "PG_LATE_BOUND": {"mock-pg"}, "WALLET_BALANCE": {"mock-pg"}, "DEDUPLICATE": {"mock-pg"},
		"MAX_IN_FLIGHT": {"payment-api"}, "MAX_WAITING": {"payment-api"}, "MERCHANT_RATE": {"payment-api"}, "MERCHANT_BURST": {"payment-api"},
		"BALANCER_WAIT": {"payment-api"}, "OUTBOX_BOUND": {"payment-api"},
		"WORKERS": {"payment-worker"}, "RESOLVERS": {"payment-worker"}, "KEY_TTL": {"payment-worker"}, "RETENTION_DAYS": {"payment-worker"},
	}
	for _, name := range []string{
		"RESCUE_AFTER", "CANCEL_WINDOW", "MEANS_TIMEOUT", "SYNC_DEADLINE", "LEASE", "LEASE_MARGIN", "RESOLVE_DEADLINE",
		"LATE_BOUND", "PG_WINDOW", "EXPIRES", "RESERVATION_TTL", "DEFER", "GROUP_MAX", "GROUP_WAIT", "GROUP_COMMITTERS", "MYSQL_CONNECTIONS", "FINISH_WITHIN",
	} {
		readers[name] = []string{"payment-api", "payment-worker"}
	}
	s, err := settings(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := topology.Single(s)
	for name, kinds := range readers {
		if !slices.Contains(topology.PassThrough(), name) {
			t.Errorf("%s is not passed on", name)
		}
		changed := s
		changed.Pass = append(slices.Clone(s.Pass), name+"=1")
		for i, p := range topology.Single(changed) {
			p.Path, p.Also, before[i].Path, before[i].Also = "/bin/sh", nil, "/bin/sh", nil // the programs are not built here
			was, err := before[i].Fingerprint()
			now, err2 := p.Fingerprint()
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			if got, want := now != was, slices.Contains(kinds, p.Kind); got != want {
				t.Errorf("%s changed %s: %t, want %t", name, p.Name, got, want)
			}
		}
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
	// Saved by a stack that knew no callbacks yet, and by nobody.
	older := filepath.Join(dir, "ports.json")
	for text, want := range map[string]int{`{"PORT_MYSQL": 13307}`: 18090, `{"PORT_CALLBACKS": 0}`: 0, `{"PORT_CALLBACKS": 65536}`: 0, `null`: 0, `[]`: 0} {
		if err := os.WriteFile(older, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := topology.LoadPorts(dir); (err == nil) != (want > 0) || got["PORT_CALLBACKS"] != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
}
