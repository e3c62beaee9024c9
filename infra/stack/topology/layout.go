package topology

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gazua.example/infra/config"
	"gazua.example/infra/stack/cpus"
)

// maxMocks: each has ports of its own.
const maxMocks = 4

// Layout is how many there are of what can be several, and who runs on which processors.
type Layout struct {
	Mocks  int      `json:"mock_pgs"`
	System cpus.Set `json:"system_cpus,omitempty"` // of the system under test; none: all
	Bed    cpus.Set `json:"bed_cpus,omitempty"`    // of what measures: the mocks, and loadgen, which reads it from stack.env
}

// ReadLayout reads it from the environment; present are the processors that there are. Chosen tells whether the environment
// names anything of it.
func ReadLayout(c *config.Set, lookup func(string) (string, bool), present cpus.Set) (l Layout, chosen bool) {
	l.Mocks = c.Int("MOCK_PGS", 1, 1, maxMocks, "instances of the payment means")
	l.System, l.Bed = cpus.Split(present)
	l.System = readCPUs(c, "SYSTEM_CPUS", l.System, present, "processors of the system under test, such as 0-3,5; all: no binding")
	l.Bed = readCPUs(c, "BED_CPUS", l.Bed, present, "processors of mock and load generator; from 4 processors on a quarter of them")
	for _, name := range []string{"MOCK_PGS", "SYSTEM_CPUS", "BED_CPUS"} {
		value, _ := lookup(name)
		chosen = chosen || value != ""
	}
	return l, chosen
}

func readCPUs(c *config.Set, env string, def, present cpus.Set, help string) cpus.Set {
	text := c.String(env, def.String(), help)
	if text == "" {
		return nil
	}
	set, err := cpus.Parse(text)
	if err == nil {
		err = set.Among(present)
	}
	if err != nil {
		c.Check(false, "%s: %v", env, err)
	}
	return set
}

// Equal says whether both are the same.
func (l Layout) Equal(other Layout) bool {
	return l.Mocks == other.Mocks && slices.Equal(l.System, other.System) && slices.Equal(l.Bed, other.Bed)
}

// Save remembers it under dir, beside the ports and for the same reason.
func (l Layout) Save(dir string) error {
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the layout: %w", err)
	}
	path := layoutFile(dir)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("save the layout: %w", err)
	}
	return os.Rename(path+".new", path)
}

// LoadLayout reads what Save remembered; os.ErrNotExist when nothing was saved yet.
func LoadLayout(dir string) (Layout, error) {
	text, err := os.ReadFile(layoutFile(dir))
	if err != nil {
		return Layout{}, err
	}
	return decodeLayout(text)
}

func layoutFile(dir string) string { return filepath.Join(dir, "layout.json") }

func decodeLayout(text []byte) (Layout, error) {
	var l Layout
	if err := json.Unmarshal(text, &l); err != nil {
		return Layout{}, fmt.Errorf("read the saved layout: %w", err)
	}
	if l.Mocks < 1 || l.Mocks > maxMocks {
		return Layout{}, fmt.Errorf("read the saved layout: %d mocks, there are 1 to %d", l.Mocks, maxMocks)
	}
	for _, set := range []cpus.Set{l.System, l.Bed} {
		if again, err := cpus.Parse(set.String()); len(set) > 0 && (err != nil || !slices.Equal(again, set)) {
			return Layout{}, fmt.Errorf("read the saved layout: %v is no set of processors", []int(set))
		}
	}
	return l, nil
}
