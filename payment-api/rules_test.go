package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/rules.md says for each rule where it stands in the code and which tests hold it. It is a promise that a reader can
// follow, so each place and each test that it names must be there.
func TestRulesDoc_NamesCodeAndTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	if faults := checkRules(string(text)); len(faults) > 0 {
		t.Errorf("docs/rules.md:\n%s", strings.Join(faults, "\n"))
	}
}

// The check itself: a rule without a test, a test that is gone and a place that is gone are told.
func TestRulesDoc_CheckFindsWhatIsMissing(t *testing.T) {
	good := "| a rule | `payment-api/payment/allocate.go` allocate | `payment-api` TestRulesDoc_NamesCodeAndTestsThatExist |\n"
	for name, c := range map[string]struct{ text, want string }{
		"nothing wrong": {strings.Repeat(good, leastRules), ""},
		"no test":       {strings.Repeat(good, leastRules) + "| a rule | `payment-api/payment/allocate.go` allocate |  |\n", "names no test"},
		"no code":       {strings.Repeat(good, leastRules) + "| a rule |  | `payment-api` TestRulesDoc_NamesCodeAndTestsThatExist |\n", "names no code"},
		"test is gone":  {strings.Repeat(good, leastRules) + "| a rule | `payment-api/payment/allocate.go` allocate | `payment-api` TestGone |\n", "TestGone"},
		"code is gone":  {strings.Repeat(good, leastRules) + "| a rule | `payment-api/payment/allocate.go` noSuchThing | `payment-api` TestRulesDoc_NamesCodeAndTestsThatExist |\n", "noSuchThing"},
		"file is gone":  {strings.Repeat(good, leastRules) + "| a rule | `payment-api/gone.go` allocate | `payment-api` TestRulesDoc_NamesCodeAndTestsThatExist |\n", "gone.go"},
		"too few rules": {good, "rules"},
	} {
		t.Run(name, func(t *testing.T) {
			faults := strings.Join(checkRules(c.text), "\n")
			if c.want == "" && faults != "" || !strings.Contains(faults, c.want) {
				t.Errorf("faults %q, want %q", faults, c.want)
			}
		})
	}
}

// leastRules guards against a table that the reader below does not recognize any more.
const leastRules = 60

var (
	namedPlace = regexp.MustCompile("`([a-z-]+/[A-Za-z0-9_./-]+\\.(?:go|sql|yaml))`((?: [A-Za-z_][A-Za-z0-9_.]*,?)*)")
	namedTest  = regexp.MustCompile("`([a-z-]+(?:/[a-z-]+)*)`((?: (?:Test|Fuzz)[A-Za-z0-9_]+,?)+)")
)

// checkRules reads every row of three columns: rule, code, tests.
func checkRules(text string) (faults []string) {
	rules := 0
	for n, line := range strings.Split(text, "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if !strings.HasPrefix(line, "|") || len(cells) != 3 || strings.Contains(line, "---") || strings.TrimSpace(cells[0]) == "rule" {
			continue
		}
		rules++
		fault := func(format string, args ...any) {
			faults = append(faults, fmt.Sprintf("line %d: %s", n+1, fmt.Sprintf(format, args...)))
		}
		places := namedPlace.FindAllStringSubmatch(cells[1], -1)
		if len(places) == 0 {
			fault("the rule names no code")
		}
		for _, p := range places {
			source, err := os.ReadFile(filepath.Join("..", p[1]))
			if err != nil {
				fault("there is no file %s", p[1])
			}
			for _, symbol := range words(p[2]) {
				last := symbol[strings.LastIndex(symbol, ".")+1:]
				if err == nil && !regexp.MustCompile(`\b`+last+`\b`).Match(source) {
					fault("%s does not have %s", p[1], symbol)
				}
			}
		}
		tests := namedTest.FindAllStringSubmatch(cells[2], -1)
		if len(tests) == 0 {
			fault("the rule names no test")
		}
		for _, group := range tests {
			for _, test := range words(group[2]) {
				if !hasTest(filepath.Join("..", group[1]), test) {
					fault("there is no test %s in %s", test, group[1])
				}
			}
		}
	}
	if rules < leastRules {
		faults = append(faults, fmt.Sprintf("%d rules were found, at least %d are expected", rules, leastRules))
	}
	return faults
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == ',' })
}

func hasTest(folder, name string) bool {
	files, _ := filepath.Glob(filepath.Join(folder, "*_test.go")) // the pattern is a valid one
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(source), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
