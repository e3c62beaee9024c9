package install

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// debPackage is one file to download, as apt's index describes it.
type debPackage struct {
	name, version, file string
	size                int64
	sha256              string
}

func (p debPackage) String() string { return p.name }

type packageList []debPackage

// parsePackages reads `apt-get --print-uris`: 'uri' file size SHA256:hash. Of what apt would install, only libraries
// are kept beside the wanted package: Perl, adduser or debconf serve maintainer scripts, which never run here.
func parsePackages(out, wanted string) (packageList, error) {
	var list packageList
	for line := range strings.Lines(out) {
		field := strings.Fields(line)
		if len(field) < 4 || !strings.HasPrefix(field[0], "'") {
			continue
		}
		part := strings.Split(strings.TrimSuffix(field[1], ".deb"), "_")
		size, err := strconv.ParseInt(field[2], 10, 64)
		hash, ok := strings.CutPrefix(field[3], "SHA256:")
		if len(part) != 3 || err != nil || size < 0 || !ok || field[1] != filepath.Base(field[1]) { // it becomes a file of our folder
			return nil, fmt.Errorf("apt's line cannot be read: %q", line)
		}
		if part[0] == wanted || library(part[0]) {
			list = append(list, debPackage{part[0], unescape(part[1]), field[1], size, hash})
		}
	}
	if list.versionOf(wanted) == "" {
		return nil, fmt.Errorf("apt's answer has no %s in it", wanted)
	}
	return list, nil
}

func library(name string) bool {
	return (strings.HasPrefix(name, "lib") || strings.HasPrefix(name, "zlib")) && !strings.HasPrefix(name, "libperl")
}

func (l packageList) versionOf(name string) string {
	for _, p := range l {
		if p.name == name {
			return p.version
		}
	}
	return ""
}

func (l packageList) bytes() (sum int64) {
	for _, p := range l {
		sum += p.size
	}
	return sum
}

// present is how much of the list has arrived, whole or not.
func (l packageList) present(dir string) (sum int64) {
	for _, p := range l {
		if info, err := os.Stat(filepath.Join(dir, p.file)); err == nil {
			sum += min(info.Size(), p.size)
		}
	}
	return sum
}

// missing are the packages that are not there, or not as the index describes them; a damaged file is removed.
func (l packageList) missing(dir string) (packageList, error) {
	var list packageList
	for _, p := range l {
		path := filepath.Join(dir, p.file)
		hash, err := hashOf(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("check %s: %w", p.file, err)
		}
		if hash == p.sha256 {
			continue
		}
		if err == nil {
			if err := os.Remove(path); err != nil {
				return nil, fmt.Errorf("remove the damaged %s: %w", p.file, err)
			}
		}
		list = append(list, p)
	}
	return list, nil
}

func hashOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
