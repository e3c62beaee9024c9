package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"gazua.example/loadgen/internal/throwaway"
)

// The programs that a bug can be in; the others are taken as they were built.
var (
	built  = []string{"payment-api", "payment-worker"}
	copied = []string{"mock-pg", "stack", "broker"}
)

// apply gives the file's text with the edit made; texts holds what earlier edits of this control have made of their files.
func (e Edit) apply(root string, texts map[string]string) (string, error) {
	path := filepath.Join(root, e.File)
	text, ok := texts[path]
	if !ok {
		source, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("the bug does not apply: %w", err)
		}
		text = string(source)
	}
	if n := strings.Count(text, e.Old); n != 1 {
		return "", fmt.Errorf("the bug does not apply: its old text occurs %d times in %s and must be there once; bring the control up to date", n, e.File)
	}
	return strings.Replace(text, e.Old, e.New, 1), nil
}

// build puts the programs with the control's bug into bin. A bug may name the port of its stack's broker: {PORT_BROKER}.
func (w *workshop) build(ctx context.Context, c *Control, folder, bin string, offset int) error {
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	for _, program := range copied {
		if err := link(filepath.Join(w.Bin, program), filepath.Join(bin, program)); err != nil {
			return err
		}
	}
	if len(c.Edits) == 0 {
		for _, program := range built {
			if err := link(filepath.Join(w.Bin, program), filepath.Join(bin, program)); err != nil {
				return err
			}
		}
		return nil
	}
	overlay, err := w.overlay(c, folder, strconv.Itoa(throwaway.BrokerPort(offset)))
	if err != nil {
		return err
	}
	args := []string{"build", "-overlay", overlay, "-o", bin + string(filepath.Separator)}
	for _, program := range built {
		args = append(args, "./"+program)
	}
	compile := exec.CommandContext(ctx, "go", args...)
	compile.Dir, compile.Env = w.Root, append(os.Environ(), "CGO_ENABLED=0")
	if said, err := compile.CombinedOutput(); err != nil {
		return fmt.Errorf("with the bug it does not compile: %w\n%s", err, bytes.TrimSpace(said))
	}
	return nil
}

// overlay writes the files with the bug and the list that tells the compiler to read them instead of the product's.
func (w *workshop) overlay(c *Control, folder, broker string) (string, error) {
	texts := map[string]string{}
	for _, e := range c.Edits {
		text, err := e.apply(w.Root, texts)
		if err != nil {
			return "", err
		}
		texts[filepath.Join(w.Root, e.File)] = text
	}
	replace := map[string]string{}
	for path, text := range texts {
		patched := filepath.Join(folder, fmt.Sprintf("%d-%s", len(replace), filepath.Base(path)))
		if err := os.WriteFile(patched, []byte(strings.ReplaceAll(text, "{PORT_BROKER}", broker)), 0o644); err != nil {
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
