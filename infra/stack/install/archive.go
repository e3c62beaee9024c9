package install

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// archive is apt with a configuration, an index and a cache of its own: the machine's proxy and trust settings hold, its
// state is neither read nor changed, and no root is needed.
type archive struct {
	dir  string // packages land here
	conf string
}

// aptConf: an empty status file makes apt resolve everything down to the C library; the hooks that are cleared would
// empty the machine's own cache or refresh its desktop catalogue after every update.
const aptConf = `Dir::State::Lists "%[1]s/lists";
Dir::State::status "%[1]s/status";
Dir::Cache "%[1]s/cache";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Sandbox::User "%[2]s";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::ForceHash "SHA256";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::CNF;
`

func openArchive(dir string, from source) (archive, error) {
	apt := filepath.Join(dir, "apt")
	for _, sub := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(apt, sub), 0o755); err != nil {
			return archive{}, fmt.Errorf("make apt's folder: %w", err)
		}
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "root" // apt's download user may not enter this folder
	}
	conf := fmt.Sprintf(aptConf, apt, user)
	if from.line != "" {
		conf += fmt.Sprintf("Dir::Etc::SourceList \"%[1]s/sources.list\";\nDir::Etc::SourceParts \"/dev/null\";\n", apt)
	}
	files := map[string]string{"status": "", "sources.list": from.line, "apt.conf": conf}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(apt, name), []byte(text), 0o644); err != nil {
			return archive{}, fmt.Errorf("write apt's configuration: %w", err)
		}
	}
	return archive{dir: dir, conf: filepath.Join(apt, "apt.conf")}, nil
}

var fetchedLine = regexp.MustCompile(`Fetched ([\d.,]+) ([kMG]?)B in`)

// update refreshes the index and tells how many bytes that took.
func (a archive) update(ctx context.Context) (int64, error) {
	out, err := a.run(ctx, "apt-get", "update")
	if err != nil {
		return 0, fmt.Errorf("apt-get update: %w", err)
	}
	found := fetchedLine.FindStringSubmatch(out)
	if found == nil {
		return 0, nil // the index was fresh
	}
	number, _ := strconv.ParseFloat(strings.ReplaceAll(found[1], ",", ""), 64)
	return int64(number * map[string]float64{"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[found[2]]), nil
}

// resolve names the package and the libraries it needs.
func (a archive) resolve(ctx context.Context, name string) (packageList, error) {
	out, err := a.run(ctx, "apt-get", "--print-uris", "-qq", "-y", "--no-install-recommends", "install", name)
	if err != nil {
		return nil, fmt.Errorf("apt-get cannot resolve %s: %w", name, err)
	}
	return parsePackages(out, name)
}

// download fetches what is not there yet and checks every file by its hash: apt itself takes a file that is already
// there for good when only its size fits.
func (a archive) download(ctx context.Context, packages packageList, tell func(done, total int64, of time.Duration)) (int64, error) {
	missing, err := packages.missing(a.dir)
	if err != nil || len(missing) == 0 {
		return 0, err
	}
	args := []string{"-q", "download"}
	for _, p := range missing {
		args = append(args, p.name)
	}
	done := make(chan error, 1)
	go func() {
		_, err := a.run(ctx, "apt-get", args...)
		done <- err
	}()
	start, tick := time.Now(), time.NewTicker(250*time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err = <-done:
			tell(missing.present(a.dir), missing.bytes(), time.Since(start))
			if err != nil {
				return missing.present(a.dir), err
			}
			if still, err := packages.missing(a.dir); err != nil || len(still) > 0 {
				return missing.present(a.dir), fmt.Errorf("%d packages did not arrive or are damaged: %v %w", len(still), still, err)
			}
			return missing.bytes(), nil
		case <-tick.C:
			tell(missing.present(a.dir), missing.bytes(), time.Since(start))
		}
	}
}

// diesWithUs: a killed `up` leaves nothing behind that would still write into the folders of the next one.
var diesWithUs = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

// run executes apt in the download folder.
func (a archive) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, append([]string{"-c", a.conf}, args...)...)
	cmd.Dir = a.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = diesWithUs
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, lastLines(string(out), 3))
	}
	return string(out), nil
}

// unescape turns apt's file name for a version with an epoch (1%3a2.3) back.
func unescape(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " / ")
}
