package install

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gazua.example/infra/stack/folder"
)

// demo is a server as small as a server can be; its package is built by the tests.
var demo = Server{Name: "Demo", Program: "demod", Variable: "DEMOD", Package: "demo-server", Path: "usr/sbin/demod", Major: 3, Minor: 1, VersionArg: "--version"}

func stackFolder(t *testing.T) folder.Folder {
	t.Helper()
	f := folder.Folder(filepath.Join(t.TempDir(), ".stack"))
	if err := f.Make(); err != nil {
		t.Fatal(err)
	}
	return f
}

// buildPackage puts a .deb into the downloads whose program is this script.
func buildPackage(t *testing.T, f folder.Folder, script string) packageList {
	t.Helper()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("dpkg-deb is not here")
	}
	tree := t.TempDir()
	for path, text := range map[string]string{
		"DEBIAN/control": "Package: demo-server\nVersion: 3.2\nArchitecture: all\nMaintainer: x\nDescription: x\n",
		demo.Path:        "#!/bin/sh\n" + script + "\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(tree, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, path), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	deb := filepath.Join(f.Downloads(), "demo-server_3.2_all.deb")
	if out, err := exec.Command("dpkg-deb", "--build", tree, deb).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return packageList{{name: "demo-server", version: "3.2", file: filepath.Base(deb)}}
}

func TestUnpack_IsInstalledOnlyWhenTheProgramStarts(t *testing.T) {
	f := stackFolder(t)
	if _, err := demo.unpack(t.Context(), f, buildPackage(t, f, "echo demo 3.2")); err != nil {
		t.Fatal(err)
	}
	if program, ok := demo.unpacked(f); !ok || program.Root == "" {
		t.Error("the whole package is not installed")
	}
	f = stackFolder(t)
	if _, err := demo.unpack(t.Context(), f, buildPackage(t, f, "exit 127")); err == nil {
		t.Error("a program that does not start was installed")
	}
	if _, ok := demo.unpacked(f); ok {
		t.Error("a program that does not start counts as installed")
	}
}

func TestUnpack_BrokenPackageAndLeftoversAreNotInstalled(t *testing.T) {
	f := stackFolder(t)
	packages := buildPackage(t, f, "echo demo 3.2")
	deb := filepath.Join(f.Downloads(), packages[0].file)
	whole, err := os.ReadFile(deb)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(deb, whole[:len(whole)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.unpack(t.Context(), f, packages); err == nil {
		t.Error("half a package was unpacked")
	}
	// What a kill in the middle leaves: the program is there, under the unfinished name.
	leftover := filepath.Join(f.Dist(), "demod.partial", demo.Path)
	if err := os.MkdirAll(filepath.Dir(leftover), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(leftover, []byte("half"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, ok := demo.unpacked(f); ok {
		t.Error("an unfinished folder counts as installed")
	}
	if err := os.WriteFile(deb, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.unpack(t.Context(), f, packages); err != nil {
		t.Errorf("it does not go on after a leftover: %v", err)
	}
}

func TestMissing_NamesAbsentAndDamagedFilesOfTheRightSize(t *testing.T) {
	dir := t.TempDir()
	var list packageList
	for _, name := range []string{"good", "damaged", "cut", "absent"} {
		text := []byte("content of " + name)
		sum := sha256.Sum256(text)
		list = append(list, debPackage{name: name, file: name + ".deb", size: int64(len(text)), sha256: hex.EncodeToString(sum[:])})
		switch name {
		case "damaged":
			text[3] ^= 1
		case "cut":
			text = text[:5]
		case "absent":
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name+".deb"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	missing, err := list.missing(dir)
	if err != nil || fmt.Sprint(missing) != "[damaged cut absent]" {
		t.Errorf("missing %v %v", missing, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "damaged.deb")); err == nil {
		t.Error("the damaged file stays: apt would take it for good")
	}
}

func TestParsePackages_KeepsLibrariesOnly(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	list, err := parsePackages(`'http://mirror/x' libc6_2.43-7_amd64.deb 10 SHA256:`+hash+`
'http://mirror/x' zlib1g_1%3a1.3_amd64.deb 20 SHA256:`+hash+`
'http://mirror/x' libperl5.42_5.42.3-1_amd64.deb 30 SHA256:`+hash+`
'http://mirror/x' adduser_3.1_all.deb 40 SHA256:`+hash+`
'http://mirror/x' demo-server_1%3a3.2-1_amd64.deb 50 SHA256:`+hash+"\n", "demo-server")
	if err != nil || fmt.Sprint(list) != "[libc6 zlib1g demo-server]" || list.bytes() != 80 {
		t.Errorf("%v %v", list, err)
	}
	if got := list.versionOf("demo-server"); got != "1:3.2-1" {
		t.Errorf("version %s", got)
	}
	if _, err := parsePackages("", "demo-server"); err == nil {
		t.Error("an answer without the package is no answer")
	}
}

// FuzzParsePackages: a list that is taken has the wanted package, nothing but libraries beside it, and no file outside of the
// folder.
func FuzzParsePackages(f *testing.F) {
	f.Add("'http://mirror/x' demo-server_1%3a3.2-1_amd64.deb 50 SHA256:ab\n'http://mirror/x' libc6_2_amd64.deb 10 SHA256:cd\n")
	f.Add("'http://mirror/x' demo-server_1_a.deb 50 SHA256:ab\n'http://mirror/x' lib/../../x_1_a.deb 1 SHA256:ab\n")
	f.Add("'http://mirror/x' demo-server_1_a.deb -1 SHA256:ab\n")
	f.Fuzz(func(t *testing.T, out string) {
		list, err := parsePackages(out, "demo-server")
		if err != nil {
			return
		}
		if list.versionOf("demo-server") == "" {
			t.Error("the wanted package has no version")
		}
		for _, p := range list {
			if p.name != "demo-server" && !library(p.name) || filepath.Dir(filepath.Join("folder", p.file)) != "folder" || p.size < 0 {
				t.Errorf("taken: %+v", p)
			}
		}
	})
}

func TestMirrorOf_PicksTheMainArchive(t *testing.T) {
	targets := "stable-security main http://a/debian-security/\nnodistro main http://vendor/deb/\nstable contrib http://c/debian/\nstable main http://b/debian/\n"
	if got, err := mirrorOf(targets); err != nil || got != "http://b/debian/" {
		t.Errorf("%s %v", got, err)
	}
	if _, err := mirrorOf("jammy main http://archive/ubuntu\n"); err == nil || !strings.Contains(err.Error(), "DEBIAN_MIRROR") {
		t.Errorf("%v", err)
	}
}

func TestCheck_TellsMariaDBAndOldVersions(t *testing.T) {
	for text, good := range map[string]bool{
		"mysqld  Ver 9.7.4-2 for Linux": true, "mysqld Ver 8.4.0": true, "mysqld Ver 8.0.39": false,
		"mysqld  Ver 10.11.6-MariaDB": false, "no number": false,
	} {
		if err := MySQL.check(text); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestFind_TakesTheProgramOfTheVariable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demod")
	t.Setenv("DEMOD", path)
	for script, good := range map[string]bool{"echo demo 3.1": true, "echo demo 2.9": false, "exit 1": false} {
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		program, _, err := Find(t.Context(), stackFolder(t), demo, Silent{})
		if (err == nil) != good || good && program.Path != path {
			t.Errorf("%s: %v %v", script, program, err)
		}
	}
}
