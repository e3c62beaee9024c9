package compare

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"gazua.example/loadgen/report"
)

// What the runs differ in beside their figures. Nothing in here keeps two groups from being compared: a changed setting may be
// what the comparison is about. But whoever reads the ratio must know.

func differences(a, b []Run) (warnings []string) {
	all := slices.Concat(a, b)
	for _, of := range []struct {
		what string
		in   func(*report.Result) string
	}{
		{"the scenario", scenarioOf},
		{"the seed", func(r *report.Result) string { return fmt.Sprint(r.Scenario.Seed) }},
		{"the system", func(r *report.Result) string { return cmp.Or(r.System, report.Renewed) }},
		{"the host", func(r *report.Result) string {
			return fmt.Sprintf("%s, %s, %d cores, %s", r.Host.Name, r.Host.CPU, r.Host.Cores, r.Host.Kernel)
		}},
		{"the generator's CPUs", func(r *report.Result) string { return cmp.Or(r.Host.BedCPUs, "all") }},
	} {
		if one, other, differ := firstTwo(all, of.in); differ {
			warnings = append(warnings, fmt.Sprintf("%s is not the same in all runs: %s, and %s", of.what, one, other))
		}
	}
	for side, runs := range map[string][]Run{"A": a, "B": b} {
		if _, _, differ := firstTwo(runs, programsOf); differ {
			warnings = append(warnings, fmt.Sprintf("the runs of %s are no repeats: the stack's programs or settings differ among them", side))
		}
	}
	slices.Sort(warnings)
	for _, r := range all {
		if r.Result.Verdict != report.Pass {
			warnings = append(warnings, fmt.Sprintf("%s is %s: its figures mean nothing", r.Folder, r.Result.Verdict))
		}
	}
	if both := sameRun(a, b); both != "" {
		warnings = append(warnings, both+" is on both sides")
	}
	return append(warnings, settingsChanged(a[0].Result, b[0].Result)...)
}

// firstTwo finds two runs that differ in it.
func firstTwo(runs []Run, in func(*report.Result) string) (one, other string, differ bool) {
	for _, r := range runs[1:] {
		if one, other = in(runs[0].Result), in(r.Result); one != other {
			return one, other, true
		}
	}
	return "", "", false
}

// scenarioOf tells what is sent apart: the seed has a warning of its own, and the gate changes no figure.
func scenarioOf(r *report.Result) string {
	s := r.Scenario
	s.Seed, s.Gate = 0, report.Result{}.Scenario.Gate
	text, _ := json.Marshal(s) // as it was read
	return fmt.Sprintf("%s (fingerprint %s)", s.Name, fingerprint(text))
}

// programsOf are the programs and settings of the stack.
func programsOf(r *report.Result) string {
	text := ""
	for _, p := range r.Stack {
		settings, _ := json.Marshal(p.Settings)
		text += p.Name + p.SHA256 + p.CPUs + string(settings)
	}
	return text
}

func sameRun(a, b []Run) string {
	for _, one := range a {
		for _, other := range b {
			if one.Result.Run == other.Result.Run {
				return one.Folder
			}
		}
	}
	return ""
}

// settingsChanged names the settings of the stack's processes that the two sides do not share, by their first runs.
func settingsChanged(a, b *report.Result) (told []string) {
	of := func(r *report.Result) map[string]string {
		settings := map[string]string{}
		for _, p := range r.Stack {
			for name, value := range p.Settings {
				settings[p.Name+" "+name] = value
			}
		}
		return settings
	}
	inA, inB := of(a), of(b)
	names := maps.Clone(inA)
	maps.Copy(names, inB)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if inA[name] != inB[name] {
			told = append(told, fmt.Sprintf("%s is %s in A and %s in B", name, cmp.Or(inA[name], "not set"), cmp.Or(inB[name], "not set")))
		}
	}
	return told
}
