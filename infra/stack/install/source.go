package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// keyring is Debian's own signing keys, installed on every Debian.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// source is where packages come from: one line of our own, or ("") the machine's own sources.
type source struct {
	line string
	what string // for people
}

// chooseSource decides between two cases. Debian's stable release has no MySQL, so on Debian the packages come from sid,
// over the mirror that the machine itself uses. Its derivatives, Ubuntu first, are asked for their own.
func chooseSource(ctx context.Context) (source, error) {
	for _, tool := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return source{}, fmt.Errorf("%s is not on PATH, this is no Debian or Ubuntu", tool)
		}
	}
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return source{}, fmt.Errorf("which distribution is this: %w", err)
	}
	if !strings.Contains("\n"+string(release), "\nID=debian\n") {
		return source{what: "this machine's own release"}, nil
	}
	mirror := os.Getenv("DEBIAN_MIRROR")
	if mirror == "" {
		if mirror, err = machineMirror(ctx); err != nil {
			return source{}, err
		}
	}
	return source{line: fmt.Sprintf("deb [signed-by=%s] %s sid main\n", keyring, mirror), what: "Debian sid"}, nil
}

// machineMirror reads apt's own configuration, whatever its format; no package index needs to be there.
func machineMirror(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)", "Created-By: Packages").Output()
	if err != nil {
		return "", fmt.Errorf("ask apt for this machine's mirror: %w", err)
	}
	return mirrorOf(string(out))
}

// mirrorOf picks the main archive: neither the security archive nor a vendor's repository carries sid.
func mirrorOf(targets string) (string, error) {
	for line := range strings.Lines(targets) {
		field := strings.Fields(line)
		if len(field) != 3 || field[1] != "main" || strings.Contains(field[0], "security") {
			continue
		}
		if strings.HasSuffix(strings.TrimSuffix(field[2], "/"), "/debian") {
			return field[2], nil
		}
	}
	return "", errors.New("apt on this machine has no source of Debian's main archive: set DEBIAN_MIRROR=http://…/debian")
}
