package bench

import (
	"strings"
	"testing"
)

// A setting that never reached its process would make two names of one contestant.
func TestAgrees_LooksAtTheProcessItself(t *testing.T) {
	serve, old := []string{"/x/bin/payment-api"}, []string{"/x/bin/payment-api", "legacy"}
	for name, c := range map[string]struct {
		process, contestant string
		args, env           []string
		want                string
	}{
		"system":                        {"payment-api-1", System, serve, []string{"INSTANCE=payment-api-1"}, ""},
		"plain":                         {"payment-worker-1", Plain, []string{"payment-worker"}, []string{"GROUP_MAX=1"}, ""},
		"plain that is grouped":         {"payment-worker-1", Plain, []string{"payment-worker"}, nil, `GROUP_MAX=""`},
		"system that is plain":          {"payment-api-1", System, serve, []string{"GROUP_MAX=1"}, `GROUP_MAX="1"`},
		"legacy":                        {"payment-api-2", Legacy, old, nil, ""},
		"legacy that is the renewed":    {"payment-api-2", Legacy, serve, nil, "is not legacy"},
		"system that is legacy":         {"payment-api-2", System, old, nil, "is not system"},
		"workers beside legacy":         {"payment-worker-2", Legacy, []string{"payment-worker"}, nil, ""},
		"telemetry without an endpoint": {"payment-api-1", TelemetryOn, serve, []string{"TRACE_PERCENT=1"}, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"telemetry":                     {"payment-api-1", TelemetryOn, serve, []string{"TRACE_PERCENT=1", "OTEL_EXPORTER_OTLP_ENDPOINT=http://s"}, ""},
	} {
		err := agrees(c.process, c.contestant, settings(c.contestant, "http://s"), c.args, c.env)
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// What one contestant sets every other takes away, also where the caller has it set.
func TestSettings_OfOneAreNoOthers(t *testing.T) {
	all := []string{Raw, System, Plain, Legacy, TelemetryOn}
	for _, a := range all {
		for variable := range settings(a, "http://s") {
			for _, b := range all {
				if _, ok := settings(b, "http://s")[variable]; !ok {
					t.Errorf("%s sets %s, and %s leaves it as it is", a, variable, b)
				}
			}
		}
	}
}
