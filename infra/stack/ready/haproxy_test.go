package ready

import (
	"slices"
	"strings"
	"testing"
)

// FuzzNotUp: no page is a reason to panic, and none that does not say so makes a server count as up.
func FuzzNotUp(f *testing.F) {
	f.Add("# svname,status,check_status\nFRONTEND,OPEN,\na,UP,L7OK\nb,UP 1/2,INI\n")
	f.Add("svname\na\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, page string) {
		down, err := notUp(page, []string{"a", "b"})
		if err != nil {
			if strings.Contains(err.Error(), "%!") {
				t.Error(err)
			}
			return
		}
		for _, name := range []string{"a", "b"} {
			if !slices.Contains(down, name) && !(strings.Contains(page, name) && strings.Contains(page, "UP") && strings.Contains(page, "L7OK")) {
				t.Errorf("%s counts as up", name)
			}
		}
	})
}
