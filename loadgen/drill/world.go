package drill

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"gazua.example/loadgen/internal/overlay"
)

// World is where a control's drill happens when the stack as it is would hide what is missing: with a balancer that repeats
// nothing, with a broker that is slow. A file of loadgen/drills/worlds. The whole product must pass the drill in it, or what a
// control shows there would be the world's doing; that is run first, once a world.
type World struct {
	File     string            `yaml:"-"`
	What     string            `yaml:"what"`
	Settings map[string]string `yaml:"settings"`
	Edits    []overlay.Edit    `yaml:"edits"` // of what surrounds the product
}

const worldsFolder = "worlds" // in the controls'

func readWorld(folder, name string) (*World, error) {
	file := filepath.Join(folder, worldsFolder, name+".yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the world of a control: %w", err)
	}
	w := &World{File: filepath.ToSlash(file)}
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(w); err != nil {
		return nil, fmt.Errorf("the world %s is not what it should be: %w", file, err)
	}
	if w.What == "" || len(w.Edits) == 0 && len(w.Settings) == 0 {
		return nil, fmt.Errorf("%s: what is missing, or else edits and settings are", file)
	}
	for _, e := range w.Edits {
		if err := e.Check(); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return w, nil
}

// in puts a control into its world.
func (c *Control) in(w *World) {
	c.base = &Control{Name: "baseline-" + c.Drill + "-" + c.World, File: w.File, What: w.What, Drill: c.Drill, Settings: w.Settings, Edits: w.Edits, Baseline: true}
	all := maps.Clone(w.Settings)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, c.Settings)
	c.Settings, c.Edits = all, slices.Concat(w.Edits, c.Edits)
}

// Baselines are the worlds of these controls, each once, as runs that must pass.
func Baselines(controls []*Control) []*Control {
	var all []*Control
	for _, c := range controls {
		if c.base != nil {
			all = append(all, c.base)
		}
	}
	slices.SortFunc(all, func(a, b *Control) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b *Control) bool { return a.Name == b.Name })
}

// Known are all patches of a folder: the controls, the worlds that they stand in, and what shows nothing.
func Known(folder string) ([]*Control, error) {
	all, err := Controls(folder)
	if err != nil {
		return nil, err
	}
	quiet, err := Quiet(folder)
	return slices.Concat(all, Baselines(all), quiet), err
}
