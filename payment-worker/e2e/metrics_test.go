package e2e_test

import (
	"bufio"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/telemetry.md names every metric that the programs show, and the programs show every one that it names; those that
// it marks with † are there only once something has happened.
func TestMetrics_StandInTheDocument_AndTheOtherWayRound(t *testing.T) {
	t.Parallel()
	document, sometimes := documented(t)
	o := order{id: "measured", key: "measured-1", point: tok, charge: tok}
	got := o.pay(t, system.apis[0], "Prefer", "respond-async")
	got.expect(t, 202, "ACCEPTED")
	judge(t, got.view.ID, "PAID")
	toldOf(t, system.shops[1], got.view.ID)
	silent := order{id: "measured-silent", key: "measured-2", charge: "gz1;charge=silent:after"} // for the resolver
	second := silent.pay(t, system.apis[0])
	second.expect(t, 202, "PROCESSING")
	judge(t, second.view.ID, "PAID")

	shown := map[string]bool{}
	missing := func() (names []string) {
		for _, p := range slices.Concat(system.apis, slices.Collect(maps.Values(system.workers))) {
			for _, name := range measured(page(t, p.admin+"/metrics")) {
				shown[name] = true
			}
		}
		for name := range document {
			if !shown[name] && !sometimes[name] {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}
	eventually(t, "every metric of the document is shown; missing: "+strings.Join(missing(), " "), func() bool { return len(missing()) == 0 })
	for name := range shown {
		if !document[name] {
			t.Errorf("%s is shown, and docs/telemetry.md does not name it", name)
		}
	}
}

// ours are the metrics of a page that say something of this system, as the page calls them; the unit is left out.
func measured(page string) (names []string) {
	for lines := bufio.NewScanner(strings.NewReader(page)); lines.Scan(); {
		name, found := strings.CutPrefix(lines.Text(), "# TYPE ")
		if !found {
			continue
		}
		name, _, _ = strings.Cut(name, " ")
		if ours.MatchString(name) {
			names = append(names, strings.TrimSuffix(strings.TrimSuffix(name, "_total"), "_seconds"))
		}
	}
	return names
}

var (
	ours  = regexp.MustCompile(`^(http|db|messaging|gazua)_`)
	named = regexp.MustCompile("^\\| `((?:http|db|messaging|gazua)\\.[a-z_.]+)` ?(†?)")
)

// documented are the metrics that the document's table names, as the pages call them.
func documented(t *testing.T) (all, sometimes map[string]bool) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "telemetry.md"))
	if err != nil {
		t.Fatal(err)
	}
	all, sometimes = map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if m := named.FindStringSubmatch(line); m != nil {
			name := strings.ReplaceAll(m[1], ".", "_")
			all[name], sometimes[name] = true, m[2] != ""
		}
	}
	if len(all) < 20 {
		t.Fatalf("only %d metrics were found in the document's table", len(all))
	}
	return all, sometimes
}
