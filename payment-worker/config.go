package main

import (
	"net/netip"
	"os"
	"time"

	"gazua.example/infra/config"
	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
	common "gazua.example/payment-api/settings"
	"gazua.example/payment-worker/callback"
	"gazua.example/payment-worker/retention"
)

// settings is what payment-worker can be told by its environment.
type settings struct {
	adminListen, instance string
	dsn                   string
	connections           int
	group                 mysql.GroupOptions
	brokers               []string
	replicas              int
	workers, resolvers    int
	means                 gateway.Options
	limits                payment.Limits
	callbacks             callback.Options
	retention             retention.Options
	keyTTL                time.Duration
	finish                time.Duration
	logLevel, otlp        string
	sampleRatio           int
}

// prefixes reads CIDRs.
func prefixes(set *config.Set, env string, texts []string) (list []netip.Prefix) {
	for _, text := range texts {
		if text == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		set.Check(err == nil, "%s=%q must be networks such as 127.0.0.1/32, comma-separated", env, text)
		list = append(list, prefix)
	}
	return list
}

func readSettings(set *config.Set) settings {
	host, _ := os.Hostname()
	s := settings{
		adminListen: set.String("ADMIN_LISTEN", "127.0.0.1:18191", "where /livez, /readyz, /metrics and /debug/pprof are served"),
		instance:    set.String("INSTANCE", "payment-worker@"+host, "this process's name in logs, events and leases"),
		dsn:         set.Secret("MYSQL_DSN", "the database, user:password@tcp(host:port)/payment"),
		connections: set.Int("MYSQL_CONNECTIONS", 16, 1, 256, "connections to the database"),
		brokers:     set.Strings("KAFKA_BROKERS", "127.0.0.1:19092", "Kafka, host:port, comma-separated"),
		replicas:    set.Int("KAFKA_REPLICAS", 1, 1, 5, "replicas of a topic that this process makes"),
		workers:     set.Int("WORKERS", 64, 1, 4096, "messages worked on at one time"),
		resolvers:   set.Int("RESOLVERS", 16, 1, 1024, "pieces of open work resolved at one time"),
		finish:      set.Duration("FINISH_WITHIN", 20*time.Second, time.Second, 5*time.Minute, "at shutdown: how long work in flight has to finish"),
		logLevel:    set.String("LOG_LEVEL", "info", "debug, info, warn or error"),
		otlp:        set.String("OTEL_EXPORTER_OTLP_ENDPOINT", "", "OTLP over HTTP for traces and metrics, such as http://127.0.0.1:4318; empty: nothing leaves"),
		sampleRatio: set.Int("TRACE_PERCENT", 1, 0, 100, "share of new traces that are recorded when there is an endpoint"),
	}
	s.keyTTL = set.Duration("KEY_TTL", 24*time.Hour, time.Minute, 365*24*time.Hour, "an idempotency key that was answered is forgotten after this; one that was not, never")
	s.callbacks = callback.Options{
		Owner:       s.instance,
		InFlight:    set.Int("CALLBACKS", 64, 1, 4096, "callbacks to merchants being sent at one time"),
		PerMerchant: set.Int("CALLBACKS_PER_MERCHANT", 32, 1, 4096, "of these, at most so many of one merchant"),
		Timeout:     set.Duration("CALLBACK_TIMEOUT", 5*time.Second, 100*time.Millisecond, time.Minute, "a merchant's answer to a callback"),
		Allow:       prefixes(set, "CALLBACK_ALLOW", set.Strings("CALLBACK_ALLOW", "", "private networks that callbacks may reach all the same, by plain http too: CIDRs, comma-separated")),
	}
	keepDays := set.Int("RETENTION_DAYS", 90, 1, 3650, "days of payments that stay in the database; older ones are archived")
	s.retention = retention.Options{
		Keep: time.Duration(keepDays) * 24 * time.Hour,
		Dir:  set.String("ARCHIVE_DIR", "archive", "folder that archived days are exported to"),
		Now:  time.Now,
	}
	s.group = common.Group(set)
	s.limits = common.Limits(set)
	s.means = common.Means(set, s.limits)
	set.Check(s.retention.Keep > s.limits.CancelWindow+24*time.Hour, "RETENTION_DAYS=%d must be over CANCEL_WINDOW=%s by more than a day: what can be cancelled must not be archived", keepDays, s.limits.CancelWindow)
	return s
}
