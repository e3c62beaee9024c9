package topology_test

import (
	"slices"
	"strings"
	"testing"

	"gazua.example/infra/config"
	"gazua.example/infra/stack/topology"
)

func readLegacy(value string) (bool, error) {
	c := config.New("stack", "", func(name string) (string, bool) { return value, name == "SYSTEM" })
	legacy := topology.ReadLegacy(c)
	return legacy, c.Err()
}

func TestReadLegacy_KnowsTwoSystems(t *testing.T) {
	for value, want := range map[string]bool{"": false, "renewed": false, "legacy": true} {
		if got, err := readLegacy(value); got != want || err != nil {
			t.Errorf("SYSTEM=%q: %t, %v", value, got, err)
		}
	}
	for _, value := range []string{"Legacy", "old", "true"} {
		if got, err := readLegacy(value); got || err == nil || !strings.Contains(err.Error(), "SYSTEM=\""+value+"\" must be renewed or legacy") {
			t.Errorf("SYSTEM=%q: %t, %v", value, got, err)
		}
	}
}

// Only the APIs are another system; and `up` notices of those that run that they are not what is asked for.
func TestSingle_Legacy_ChangesTheAPIsOnly(t *testing.T) {
	s, err := settings(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := topology.Single(s)
	s.Legacy = true
	for i, p := range topology.Single(s) {
		if is := p.Kind == "payment-api"; slices.Equal(p.Args, []string{"legacy"}) != is || !is && !slices.Equal(p.Args, before[i].Args) {
			t.Errorf("%s runs with %q", p.Name, p.Args)
		}
		if !slices.Equal(p.Env, before[i].Env) || !slices.Equal(p.Ports, before[i].Ports) {
			t.Errorf("%s has another environment: %q", p.Name, p.Env)
		}
		p.Path, p.Also, before[i].Path, before[i].Also = "/bin/sh", nil, "/bin/sh", nil // the programs are not built here
		was, err := before[i].Fingerprint()
		now, err2 := p.Fingerprint()
		if err != nil || err2 != nil || (was != now) != (p.Kind == "payment-api") {
			t.Errorf("%s: fingerprint changed: %t, %v %v", p.Name, was != now, err, err2)
		}
	}
}
