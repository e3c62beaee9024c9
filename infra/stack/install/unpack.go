package install

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"gazua.example/infra/stack/folder"
)

// unpack makes the program's folder: all packages go into a folder beside it, the program must start from there, and
// only then the rename gives it its name. A crash before the rename leaves the .partial folder, which the next
// installation removes; there is no moment at which a part of it counts as installed.
func (s Server) unpack(ctx context.Context, f folder.Folder, packages packageList) (Program, error) {
	final := filepath.Join(f.Dist(), s.Program)
	partial := final + ".partial"
	for _, leftover := range []string{partial, final} {
		if err := os.RemoveAll(leftover); err != nil {
			return Program{}, fmt.Errorf("remove an unfinished installation: %w", err)
		}
	}
	if err := os.MkdirAll(partial, 0o755); err != nil {
		return Program{}, fmt.Errorf("unpack %s: %w", s.Name, err)
	}
	for _, p := range packages {
		cmd := exec.CommandContext(ctx, "dpkg-deb", "--extract", filepath.Join(f.Downloads(), p.file), partial)
		cmd.SysProcAttr = diesWithUs
		if out, err := cmd.CombinedOutput(); err != nil {
			return Program{}, fmt.Errorf("unpack %s: %w: %s", p.file, err, lastLines(string(out), 2))
		}
	}
	trial := Program{Path: filepath.Join(partial, s.Path), Root: partial}
	text, err := trial.version(ctx, s.VersionArg)
	if err != nil {
		return Program{}, fmt.Errorf("the unpacked %s does not start: %w", s.Name, err)
	}
	if err := s.check(text); err != nil {
		return Program{}, fmt.Errorf("the unpacked %s: %w", s.Name, err)
	}
	if err := os.Rename(partial, final); err != nil {
		return Program{}, fmt.Errorf("install %s: %w", s.Name, err)
	}
	return Program{Path: filepath.Join(final, s.Path), Root: final}, nil
}
