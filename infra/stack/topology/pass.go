package topology

import (
	"slices"
	"strings"
)

// The variables that reach our programs when the caller has them set, by who reads them. A program gets its own only:
// `up` notices by its environment that its settings have changed, and those of another are not its settings.
var (
	passToAll  = []string{"LOG_LEVEL", "OTEL_EXPORTER_OTLP_ENDPOINT", "TRACE_PERCENT", "GOMAXPROCS", "GOGC"}
	passToMock = []string{"PG_PROFILE", "PG_LATE_BOUND", "WALLET_BALANCE", "DEDUPLICATE"}
	// API and workers run the same domain: what one has begun the other ends, so they are told alike.
	passToDomain = []string{
		"MEANS_TIMEOUT", "SYNC_DEADLINE", "LEASE", "LEASE_MARGIN", "RESOLVE_DEADLINE", "LATE_BOUND", "PG_WINDOW", "EXPIRES", "RESERVATION_TTL", "DEFER",
		"RESCUE_AFTER", "CANCEL_WINDOW",
		"GROUP_MAX", "GROUP_BYTES", "GROUP_WAIT", "GROUP_COMMITTERS", "MYSQL_CONNECTIONS",
		"FINISH_WITHIN",
	}
	passToAPI    = []string{"MAX_IN_FLIGHT", "MAX_WAITING", "MERCHANT_RATE", "MERCHANT_BURST", "BALANCER_WAIT", "OUTBOX_BOUND"}
	passToWorker = []string{"WORKERS", "RESOLVERS", "KEY_TTL", "RETENTION_DAYS"}
)

var passTo = map[string][]string{
	"mock-pg":        slices.Concat(passToAll, passToMock),
	"payment-api":    slices.Concat(passToAll, passToDomain, passToAPI),
	"payment-worker": slices.Concat(passToAll, passToDomain, passToWorker),
}

// PassThrough names all of them.
func PassThrough() []string {
	return slices.Concat(passToAll, passToMock, passToDomain, passToAPI, passToWorker)
}

// passedTo are those of the caller's variables, KEY=value each, that programs of this kind read.
func passedTo(kind string, caller []string) []string {
	var own []string
	for _, variable := range caller {
		name, _, _ := strings.Cut(variable, "=")
		if slices.Contains(passTo[kind], name) {
			own = append(own, variable)
		}
	}
	return own
}
