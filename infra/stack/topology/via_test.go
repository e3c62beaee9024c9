package topology_test

import (
	"slices"
	"strings"
	"testing"

	"gazua.example/infra/config"
	"gazua.example/infra/stack/topology"
)

func readVia(value string) (string, error) {
	c := config.New("stack", "", func(name string) (string, bool) { return value, name == "MYSQL_VIA" })
	via := topology.ReadMySQLVia(c)
	return via, c.Err()
}

func TestReadMySQLVia_IsAnAddress(t *testing.T) {
	for _, value := range []string{"", "127.0.0.1:45001", "localhost:1", "[::1]:65535"} {
		if got, err := readVia(value); got != value || err != nil {
			t.Errorf("MYSQL_VIA=%q: %q, %v", value, got, err)
		}
	}
	for _, value := range []string{"45001", ":45001", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:mysql", "a)/other?x=(b:1", "root@h:1"} {
		if _, err := readVia(value); err == nil || !strings.Contains(err.Error(), "MYSQL_VIA=") {
			t.Errorf("MYSQL_VIA=%q: %v", value, err)
		}
	}
}

// Only those who serve go through the proxy: who makes the database, waits for it or judges it goes straight. And `up` notices
// of those that run that they go another way.
func TestSingle_MySQLVia_IsTheWayOfAPIsAndWorkersOnly(t *testing.T) {
	s, err := settings(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	before, admin, verifier := topology.Single(s), s.Server().AdminDSN(), s.Env("m")
	s.MySQLVia = "127.0.0.1:45001"
	for i, p := range topology.Single(s) {
		serves := p.Kind == "payment-api" || p.Kind == "payment-worker"
		if via := slices.Contains(p.Env, "MYSQL_DSN=payment_app:pp@tcp(127.0.0.1:45001)/payment"); via != serves {
			t.Errorf("%s goes through the proxy: %t: %q", p.Name, via, p.Env)
		}
		if strings.Contains(strings.Join(p.Env, " "), ":13306") {
			t.Errorf("%s knows MySQL's own port: %q", p.Name, p.Env)
		}
		p.Path, p.Also, before[i].Path, before[i].Also = "/bin/sh", nil, "/bin/sh", nil // the programs are not built here
		was, err := before[i].Fingerprint()
		now, err2 := p.Fingerprint()
		if err != nil || err2 != nil || (was != now) != serves {
			t.Errorf("%s: fingerprint changed: %t, %v %v", p.Name, was != now, err, err2)
		}
	}
	if s.Server().AdminDSN() != admin || !strings.Contains(admin, "(127.0.0.1:13306)") {
		t.Errorf("the administrator goes to %s", s.Server().AdminDSN())
	}
	if s.Env("m") != verifier || !strings.Contains(verifier, "MYSQL_DSN=verifier:pv@tcp(127.0.0.1:13306)/payment") {
		t.Errorf("loadgen is told %s", s.Env("m"))
	}
}
