package payment_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// bug is a fault that is planted into the domain, to see that the simulation finds it: a file of testdata/bugs.
type bug struct {
	file     string // of this package
	oracle   string // that must speak
	old, new string // what is replaced by what
}

// Every planted bug is found, by the oracle that it offends. The domain is compiled with the bug by an overlay; nothing on
// disk is touched.
func TestSimulation_FindsPlantedBugs(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the domain once for each bug")
	}
	files, err := filepath.Glob("testdata/bugs/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d bugs, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			b := readBug(t, file)
			program := b.compile(t)
			// A bug may show in more than one way, and which one a draw meets first is chance: then it is drawn again.
			var output string
			for try := 0; try < tries && !strings.Contains(output, "oracle "+b.oracle+": "); try++ {
				var err error
				if output, err = simulate(t, program); err == nil {
					t.Fatalf("the simulation stays green")
				}
			}
			if !strings.Contains(output, "oracle "+b.oracle+": ") {
				t.Fatalf("in %d draws another oracle than %s speaks:\n%s", tries, b.oracle, output)
			}
			t.Log(regexp.MustCompile(`failed after \d+ tests: .*`).FindString(output))
		})
	}
}

var bugFormat = regexp.MustCompile(`(?s)\n\nfile: (\S+)\noracle: (\S+)\n\n--- old\n(.*)\n--- new\n(.*)\n$`)

func readBug(t *testing.T, file string) bug {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := bugFormat.FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s is not: what it is, an empty line, file: …, oracle: …, an empty line, --- old, text, --- new, text", file)
	}
	return bug{file: string(found[1]), oracle: string(found[2]), old: string(found[3]), new: string(found[4])}
}

// tries is how often the draw begins anew until the oracle speaks that a bug names.
const tries = 5

// compile makes the simulation of a domain with the bug.
func (b bug) compile(t *testing.T) (program string) {
	t.Helper()
	source, err := os.ReadFile(b.file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), b.old); n != 1 {
		t.Fatalf("the old text occurs %d times in %s: bring the bug up to date", n, b.file)
	}
	folder := t.TempDir()
	original, err := filepath.Abs(b.file)
	if err != nil {
		t.Fatal(err)
	}
	patched, overlay := filepath.Join(folder, b.file), filepath.Join(folder, "overlay.json")
	program = filepath.Join(folder, "payment.test")
	write(t, patched, []byte(strings.Replace(string(source), b.old, b.new, 1)))
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {original: patched}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, overlay, replace)
	if said, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("with the bug it does not compile: %v\n%s", err, said)
	}
	return program
}

func simulate(t *testing.T, program string) (output string, err error) {
	t.Helper()
	run := exec.CommandContext(t.Context(), program, "-test.run=^TestSimulation$", "-test.timeout=5m",
		fmt.Sprintf("-rapid.checks=%d", checksForABug), "-rapid.shrinktime=0s", "-rapid.nofailfile")
	said, err := run.CombinedOutput()
	return string(said), err
}

// checksForABug is how many schedules may go by until a bug is found; the rarest takes some ten thousand.
const checksForABug = 300_000

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
