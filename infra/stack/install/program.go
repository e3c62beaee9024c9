package install

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Program is a server that can be started. Root is the folder its packages were unpacked into, empty for a program of
// the machine's own.
type Program struct{ Path, Root string }

// Command is what to execute for the program with these arguments. An unpacked program usually wants a newer C library
// than the machine's, so it is started through the loader that came with it, with its own libraries only: LD_LIBRARY_PATH
// would mix the two and would be inherited.
func (p Program) Command(args ...string) (path string, argv []string) {
	if p.Root == "" {
		return p.Path, args
	}
	libraries := p.libraries()
	for _, dir := range libraries {
		if loaders, _ := filepath.Glob(filepath.Join(dir, "ld-linux*.so.*")); len(loaders) > 0 {
			return loaders[0], append([]string{"--library-path", strings.Join(libraries, ":"), p.Path}, args...)
		}
	}
	return p.Path, args
}

// libraries are the folders of the unpacked libraries; which ones depends on the architecture and the release.
func (p Program) libraries() []string {
	var dirs []string
	for _, pattern := range []string{"usr/lib/*-linux-gnu", "lib/*-linux-gnu"} {
		found, _ := filepath.Glob(filepath.Join(p.Root, pattern))
		dirs = append(dirs, found...)
	}
	return dirs
}

// version asks the program itself; that it answers also proves that all its libraries are there.
func (p Program) version(ctx context.Context, arg string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	path, args := p.Command(arg)
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", p.Path, arg, err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

var versionNumber = regexp.MustCompile(`(\d+)\.(\d+)`)

// check reads the first version number in text. MariaDB's server also calls itself mysqld and counts from 10, so it is
// told apart by name.
func (s Server) check(text string) error {
	if strings.Contains(text, "MariaDB") {
		return fmt.Errorf("this is MariaDB, not %s", s.Name)
	}
	found := versionNumber.FindStringSubmatch(text)
	if found == nil {
		return fmt.Errorf("no version number in %q", text)
	}
	major, _ := strconv.Atoi(found[1])
	minor, _ := strconv.Atoi(found[2])
	if major < s.Major || major == s.Major && minor < s.Minor {
		return fmt.Errorf("version %d.%d is older than %d.%d", major, minor, s.Major, s.Minor)
	}
	return nil
}
