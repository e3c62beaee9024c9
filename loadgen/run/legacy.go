package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/report"
	"gazua.example/loadgen/scenario"
	"gazua.example/loadgen/verify"
)

// The system before the renewal can be the target too (--legacy, docs/legacy.md): it is compared with the renewed one by
// what a payment costs, where nothing breaks. It knows synchronous payments and nothing else.

// OpenDatabase opens the database of one of the systems, as result.json names them.
func OpenDatabase(ctx context.Context, dsn, system string) (*verify.Database, error) {
	if system == report.Legacy {
		return verify.OpenLegacy(ctx, dsn)
	}
	return verify.OpenDatabase(ctx, dsn)
}

func systemOf(database *verify.Database) string {
	if database.Legacy() {
		return report.Legacy
	}
	return report.Renewed
}

// fitsLegacy says why the system before the renewal cannot be asked for what the scenario asks.
func fitsLegacy(s *scenario.Scenario) error {
	var beyond []string
	for _, what := range []struct {
		is   bool
		name string
	}{
		{s.Async > 0, "async"},
		{s.Cancel > 0, "cancel"},
		{s.Replay > 0, "replay"},
		{s.ReuseKey > 0, "reuse_key"},
		{s.SameOrder > 0, "same_order"},
		{len(s.Flows) > 0, "flows"},
		{len(s.Faults) > 0, "faults"},
		{s.Away, "broker_away"},
	} {
		if what.is {
			beyond = append(beyond, what.name)
		}
	}
	beyond = append(beyond, faultsWanted(s)...)
	if len(beyond) == 0 {
		return nil
	}
	return fmt.Errorf("--legacy compares synchronous payments where nothing breaks, and the scenario has %s: nothing was sent; leave it out, or set it to 0%%", strings.Join(beyond, ", "))
}

// faultsWanted are the outcomes of means in the mix that are neither a success nor a refusal of what opens a leg, where the
// renewed system would find out what came of it.
func faultsWanted(s *scenario.Scenario) (names []string) {
	for _, kind := range s.Mix {
		for _, means := range kind.Means {
			for operation, outcomes := range s.Means[means].Wants {
				for _, o := range outcomes {
					opens := operation == "charge" || operation == "reserve"
					called := opens || operation == "confirm"
					name := fmt.Sprintf("means.%s.%s.%s", means, operation, o.Text)
					if fine := opens && strings.HasPrefix(o.Text, "decline"); called && o.Share > 0 && !fine && !slices.Contains(names, name) {
						names = append(names, name)
					}
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

// rightSystem looks at how the target refuses a payment that is none: the types of the old system's problems have a mark of
// their own. A run against the other system would say that every payment is lost.
func rightSystem(target string, answer client.Answer, legacy bool) error {
	switch is := strings.HasPrefix(answer.Problem, "legacy-"); {
	case is && !legacy:
		return fmt.Errorf("the target %s is the system before the renewal: nothing was sent; --legacy drives it, and SYSTEM=renewed starts the other one", target)
	case !is && legacy:
		return fmt.Errorf("the target %s is not the system before the renewal: nothing was sent; SYSTEM=legacy starts that (`bin/stack help`), and without --legacy this one is driven", target)
	}
	return nil
}
