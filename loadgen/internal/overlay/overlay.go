// Package overlay builds the product's programs with a piece of their source replaced, and leaves the source as it is:
// the compiler is told to read other files in its place (`go build -overlay`). Nothing of the product knows about it.
//
//	edits ─► Apply (each old text must be there exactly once) ─► Build ─► a folder of programs, those without an edit linked
package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Edit replaces one text of one file by another.
type Edit struct {
	File string `yaml:"file"` // in the repository; GOROOT/src/…: of Go's standard library, in the APIs and workers only
	Old  string `yaml:"old"`
	New  string `yaml:"new"`
}

// Check tells what is wrong with an edit before anything is read.
func (e Edit) Check() error {
	switch {
	case e.File == "" || e.Old == "" || e.Old == e.New:
		return errors.New("an edit needs file, old, and a new text that differs")
	case filepath.IsAbs(e.File) || strings.Contains(e.File, ".."):
		return fmt.Errorf("an edit's file must be a path inside the repository, not %s", e.File)
	}
	return nil
}

// Apply makes all edits and gives the changed files, path by path. A second edit of a file sees what the first one made.
func Apply(root string, edits []Edit) (map[string]string, error) {
	texts := map[string]string{}
	for _, e := range edits {
		path, err := e.path(root)
		if err != nil {
			return nil, err
		}
		text, ok := texts[path]
		if !ok {
			source, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("the patch does not apply: %w", err)
			}
			text = string(source)
		}
		if n := strings.Count(text, e.Old); n != 1 {
			return nil, fmt.Errorf("the patch does not apply: its old text occurs %d times in %s and must be there once; bring the patch up to date", n, e.File)
		}
		texts[path] = strings.Replace(text, e.Old, e.New, 1)
	}
	return texts, nil
}

const library = "GOROOT/"

// path is where the edit's file lies.
func (e Edit) path(root string) (string, error) {
	file, is := strings.CutPrefix(e.File, library)
	if !is {
		return filepath.Join(root, e.File), nil
	}
	ask := exec.Command("go", "env", "GOROOT") // of the Go that will compile it
	ask.Dir = root
	said, err := ask.Output()
	if err != nil {
		return "", fmt.Errorf("ask where Go's standard library is: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(said)), file), nil
}

// programs of a stack, and the folders whose source is in each.
var programs = []struct {
	name, pkg string
	of        []string
}{
	{"payment-api", "./payment-api", []string{"payment-api/", "infra/lifecycle/", "infra/telemetry/", "infra/config/", library}},
	{"payment-worker", "./payment-worker", []string{"payment-api/", "payment-worker/", "infra/lifecycle/", "infra/telemetry/", "infra/config/", library}},
	{"mock-pg", "./mock-pg", []string{"mock-pg/"}},
	{"stack", "./infra/stack", []string{"infra/stack/", "infra/haproxy/", "infra/mysql/"}},
	{"broker", "./infra/stack/broker", []string{"infra/stack/broker/"}},
}

// Build puts the programs with the edits into bin; those that no edit touches are taken from built. fill changes each edited
// text at last, and may be nil. Folder holds what the compiler reads.
func Build(ctx context.Context, root string, edits []Edit, built, folder, bin string, fill func(string) string) error {
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	texts, err := Apply(root, edits)
	if err != nil {
		return err
	}
	args := []string{"build", "-overlay", "", "-o", bin + string(filepath.Separator)}
	for _, p := range programs {
		if slices.ContainsFunc(edits, func(e Edit) bool {
			return slices.ContainsFunc(p.of, func(folder string) bool { return strings.HasPrefix(e.File, folder) })
		}) {
			args = append(args, p.pkg)
		} else if err := link(filepath.Join(built, p.name), filepath.Join(bin, p.name)); err != nil {
			return err
		}
	}
	if len(edits) == 0 {
		return nil
	}
	if args[2], err = write(texts, folder, fill); err != nil {
		return err
	}
	compile := exec.CommandContext(ctx, "go", args...)
	compile.Dir, compile.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if said, err := compile.CombinedOutput(); err != nil {
		return fmt.Errorf("with the patch it does not compile: %w\n%s", err, bytes.TrimSpace(said))
	}
	return nil
}

// write puts the patched files into folder, and the list that tells the compiler to read them instead of the product's.
func write(texts map[string]string, folder string, fill func(string) string) (string, error) {
	replace := map[string]string{}
	for path, text := range texts {
		if fill != nil {
			text = fill(text)
		}
		patched := filepath.Join(folder, fmt.Sprintf("%d-%s", len(replace), filepath.Base(path)))
		if err := os.WriteFile(patched, []byte(text), 0o644); err != nil {
			return "", err
		}
		replace[path] = patched
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, "overlay.json")
	return file, os.WriteFile(file, list, 0o644)
}

// link is a second name for a program: nothing is copied where the file system can do without.
func link(from, to string) error {
	if err := os.Link(from, to); err == nil {
		return nil
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("%w (`make build` makes the programs)", err)
	}
	return os.WriteFile(to, text, 0o755)
}
