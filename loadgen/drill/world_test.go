package drill

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gazua.example/loadgen/internal/overlay"
)

func write(t *testing.T, folder, name, text string) {
	t.Helper()
	file := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A control in a world has the world's edits before its own; the world alone is run once, and must pass.
func TestControls_InAWorld_HaveItsEdits_AndOneBaseline(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "worlds/plain.yaml", "what: a plainer balancer\nsettings: {A: world, B: world}\nedits: [{file: x, old: o, new: world}]\n")
	for _, name := range []string{"one", "two"} {
		write(t, folder, name+".yaml", "what: it is left out\ndrill: graceful-shutdown\nworld: plain\nred: [errors]\nsettings: {B: "+name+"}\nedits: [{file: x, old: p, new: "+name+"}]\n")
	}
	write(t, folder, "three.yaml", "what: it is left out\ndrill: graceful-shutdown\nred: [errors]\nsettings: {B: three}\n")
	all, err := Controls(folder)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d controls, %v", len(all), err)
	}
	one := all[0]
	if len(one.Edits) != 2 || one.Edits[0].New != "world" || one.Edits[1].New != "one" || one.Settings["A"] != "world" || one.Settings["B"] != "one" {
		t.Errorf("%+v", one)
	}
	bases := Baselines(all)
	if len(bases) != 1 || !bases[0].Baseline || len(bases[0].Edits) != 1 || bases[0].Settings["B"] != "world" {
		t.Fatalf("%+v", bases)
	}
	if err := bases[0].Caught(&Outcome{Verdict: "PASS"}); err != nil {
		t.Error(err)
	}
	if err := bases[0].Caught(&Outcome{Verdict: "FAIL"}); err == nil {
		t.Error("with nothing left out it fails, and that goes through")
	}
}

func TestControls_WhoseWorldIsNotThere_AreRefused(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "one.yaml", "what: it is left out\ndrill: graceful-shutdown\nworld: nowhere\nred: [errors]\nsettings: {B: one}\n")
	if _, err := Controls(folder); err == nil {
		t.Error("it is taken")
	}
	write(t, folder, "worlds/nowhere.yaml", "what: nothing differs\n")
	if _, err := Controls(folder); err == nil {
		t.Error("a world like the usual one is taken")
	}
}

// Every patch of the repository must apply to the product as it is.
func TestControls_OfTheRepository_Apply(t *testing.T) {
	all, err := Controls("../drills")
	if err != nil {
		t.Fatal(err)
	}
	quiet, err := Quiet("../drills")
	if err != nil || len(quiet) == 0 {
		t.Fatalf("%d quiet ones, %v", len(quiet), err)
	}
	for _, c := range slices.Concat(Baselines(all), all, quiet) {
		if _, err := overlay.Apply("../..", c.Edits); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}
