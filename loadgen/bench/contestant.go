package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gazua.example/infra/stack/proc"
)

// The contestants. Raw is no system: its client writes the rows, while whatever runs beside it has nothing to do.
const (
	Raw         = "raw"
	System      = "system"
	Plain       = "plain"
	Legacy      = "legacy"
	TelemetryOn = "telemetry-on" // the system with an endpoint; `system` beside it has none
)

// what each of them is, for the report.
var what = map[string]string{
	Raw:         "the ceiling: the rows of a payment by the driver alone, in batches of up to 128 on at most 2 connections; no HTTP, no payment means",
	System:      "the stack as it is",
	Plain:       "the stack with GROUP_MAX=1: a transaction a step, as many at a time as there are connections",
	Legacy:      "the system before the renewal: one wide table, a transaction a step, no idempotency, no guard; judged by invariants 2, 3 and 7 only",
	TelemetryOn: "the stack with OTEL_EXPORTER_OTLP_ENDPOINT set and 1 % of the traces recorded",
}

// switched are the processes that a contestant starts anew, with its settings.
var switched = []string{"payment-api-1", "payment-api-2", "payment-worker-1", "payment-worker-2"}

// settings of a contestant. Those of the others are taken away, also where the caller has them set.
func settings(contestant, endpoint string) map[string]string {
	s := map[string]string{"GROUP_MAX": "", "SYSTEM": "", "OTEL_EXPORTER_OTLP_ENDPOINT": "", "TRACE_PERCENT": ""}
	switch contestant {
	case Plain:
		s["GROUP_MAX"] = "1"
	case Legacy:
		s["SYSTEM"] = Legacy
	case TelemetryOn:
		s["OTEL_EXPORTER_OTLP_ENDPOINT"], s["TRACE_PERCENT"] = endpoint, "1"
	}
	return s
}

// confirm looks at the processes themselves: a setting that never arrived would make two names of one contestant.
func confirm(runDir, contestant string, want map[string]string) error {
	for _, name := range switched {
		r, err := proc.Load(runDir, name)
		if err != nil {
			return err
		}
		if !r.Alive() {
			return fmt.Errorf("%s does not run", name)
		}
		args, env, err := started(r.PID)
		if err != nil {
			return fmt.Errorf("look at how %s was started: %w", name, err)
		}
		if err := agrees(name, contestant, want, args, env); err != nil {
			return err
		}
	}
	return nil
}

func agrees(name, contestant string, want map[string]string, args, env []string) error {
	if api := strings.HasPrefix(name, "payment-api"); api && slices.Contains(args, Legacy) != (contestant == Legacy) {
		return fmt.Errorf("%s was started as `%s`, which is not %s", name, strings.Join(append([]string{"payment-api"}, args[min(1, len(args)):]...), " "), contestant)
	}
	for variable, value := range want {
		if variable == "SYSTEM" || contestant == Legacy {
			continue // the stack's own, and legacy reads none of the others
		}
		at := slices.IndexFunc(env, func(v string) bool { return strings.HasPrefix(v, variable+"=") })
		got := ""
		if at >= 0 {
			got = strings.TrimPrefix(env[at], variable+"=")
		}
		if got != value {
			return fmt.Errorf("%s has %s=%q, and %s needs %q", name, variable, got, contestant, value)
		}
	}
	return nil
}

// started are the arguments and the environment of a process.
func started(pid int) (args, env []string, err error) {
	for file, to := range map[string]*[]string{"cmdline": &args, "environ": &env} {
		text, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(pid), file))
		if err != nil {
			return nil, nil, err
		}
		*to = strings.Split(strings.TrimRight(string(text), "\x00"), "\x00")
	}
	return args, env, nil
}
