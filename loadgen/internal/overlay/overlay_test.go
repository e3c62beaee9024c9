package overlay

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestApply_OldTextMustBeThereOnce(t *testing.T) {
	root := t.TempDir()
	place(t, filepath.Join(root, "a.go"), "one two two")
	for old, want := range map[string]string{"one": "", "two": "occurs 2 times", "three": "occurs 0 times"} {
		texts, err := Apply(root, []Edit{{File: "a.go", Old: old, New: "1"}})
		switch {
		case want == "" && (err != nil || texts[filepath.Join(root, "a.go")] != "1 two two"):
			t.Errorf("%s: %q, %v", old, texts, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", old, err, want)
		}
	}
	if _, err := Apply(root, []Edit{{File: "gone.go", Old: "x"}}); err == nil {
		t.Error("a file that is not there takes an edit")
	}
}

// An edit of Go's own library is found where the Go is that compiles, and goes into the APIs and workers only: what they are
// measured against stays as it is.
func TestBuild_AnEditOfTheLibrary_IsTheAPIsAndWorkersOnly(t *testing.T) {
	edits := []Edit{{File: "GOROOT/src/time/time.go", Old: "func Now() Time {\n", New: "func Now() Time {\n\t// edited\n"}}
	texts, err := Apply(t.TempDir(), edits)
	if err != nil || len(texts) != 1 {
		t.Fatal(texts, err)
	}
	for path, text := range texts {
		if !strings.HasSuffix(path, "/src/time/time.go") || !strings.Contains(text, "// edited") {
			t.Errorf("%s is edited: %.80s", path, text)
		}
	}
	for _, p := range programs {
		if is, want := slices.Contains(p.of, library), p.name == "payment-api" || p.name == "payment-worker"; is != want {
			t.Errorf("%s is built anew: %v", p.name, is)
		}
	}
}

func TestApply_ASecondEditSeesTheFirst(t *testing.T) {
	root := t.TempDir()
	place(t, filepath.Join(root, "a.go"), "one two")
	texts, err := Apply(root, []Edit{{File: "a.go", Old: "one", New: "three"}, {File: "a.go", Old: "three two", New: "four"}})
	if err != nil || texts[filepath.Join(root, "a.go")] != "four" {
		t.Errorf("%q, %v", texts, err)
	}
	if text, _ := os.ReadFile(filepath.Join(root, "a.go")); string(text) != "one two" {
		t.Errorf("the source itself became %q", text)
	}
}

func TestCheck_NamesWhatIsMissing(t *testing.T) {
	for _, wrong := range []Edit{{}, {File: "a.go"}, {File: "a.go", Old: "x", New: "x"}, {File: "../a.go", Old: "x"}, {File: "/a.go", Old: "x"}} {
		if wrong.Check() == nil {
			t.Errorf("%+v is no error", wrong)
		}
	}
	if err := (Edit{File: "a.go", Old: "x", New: ""}).Check(); err != nil {
		t.Error(err)
	}
}

// A program that no edit touches is the one that was built; one that an edit touches is compiled from the patched text.
func TestBuild_OnlyWhatIsTouched(t *testing.T) {
	root, built, folder := t.TempDir(), t.TempDir(), t.TempDir()
	bin := filepath.Join(folder, "bin")
	for _, p := range programs {
		place(t, filepath.Join(built, p.name), "built "+p.name)
	}
	place(t, filepath.Join(root, "go.mod"), "module gazua.example\n\ngo 1.26\n")
	place(t, filepath.Join(root, "mock-pg", "main.go"), "package main\n\nfunc main() { println(\"as it is\") }\n")
	t.Setenv("GOWORK", "off")
	edits := []Edit{{File: "mock-pg/main.go", Old: "as it is", New: "PATCHED {PORT}"}}
	if err := Build(t.Context(), root, edits, built, folder, bin, func(s string) string { return strings.ReplaceAll(s, "{PORT}", "123") }); err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		text, err := os.ReadFile(filepath.Join(bin, p.name))
		if err != nil {
			t.Fatal(err)
		}
		if is := string(text) == "built "+p.name; is == (p.name == "mock-pg") {
			t.Errorf("%s is the one that was built: %v", p.name, is)
		}
		if p.name == "mock-pg" && !strings.Contains(string(text), "PATCHED 123") {
			t.Error("mock-pg was not built from the patched text")
		}
	}
	edits[0].New = "broken\n"
	if err := Build(t.Context(), root, edits, built, folder, bin, nil); err == nil || !strings.Contains(err.Error(), "does not compile") {
		t.Errorf("a patch that does not compile: %v", err)
	}
}

func place(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
