package legacy

import (
	"log/slog"
	"strings"
	"testing"

	"gazua.example/infra/config"
)

var discard = slog.New(slog.DiscardHandler)

func read(env map[string]string) (Settings, error) {
	set := config.New("test", "", func(name string) (string, bool) { value, ok := env[name]; return value, ok })
	s := Read(set)
	return s, set.Err()
}

func TestRead_InstancesAndBounds(t *testing.T) {
	s, err := read(map[string]string{"MYSQL_DSN": "d", "PG_URL": "http://a:1, http://b:2"})
	if err != nil || len(s.URLs["PG"]) != 2 || len(s.URLs["COUPON"]) != 1 || s.Connections != 16 {
		t.Errorf("%+v, %v", s, err)
	}
	for name, env := range map[string]map[string]string{
		"MYSQL_DSN":         {},
		"POINT_URL":         {"MYSQL_DSN": "d", "POINT_URL": ","},
		"MYSQL_CONNECTIONS": {"MYSQL_DSN": "d", "MYSQL_CONNECTIONS": "0"},
		"MEANS_TIMEOUT":     {"MYSQL_DSN": "d", "MEANS_TIMEOUT": "2h"},
	} {
		if _, err := read(env); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// All calls of a leg go to one instance, and not all legs to the same.
func TestHome_FollowsTheSource(t *testing.T) {
	urls, used := []string{"a", "b", "c"}, map[string]bool{}
	for _, source := range []string{"gz1.w-1", "gz1.w-2", "gz1.w-3", "gz1.w-4", "gz1.w-5", "gz1.w-6", "gz1.w-7", "gz1.w-8"} {
		if home(urls, source+";charge=ok") != home(urls, source) {
			t.Errorf("%s has two homes", source)
		}
		used[home(urls, source)] = true
	}
	if len(used) != 3 {
		t.Errorf("8 sources live at %v", used)
	}
}
