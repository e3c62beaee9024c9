package main

import (
	"os"
	"time"

	"gazua.example/infra/config"
	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
	common "gazua.example/payment-api/settings"
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
	finish                time.Duration
	logLevel, otlp        string
	sampleRatio           int
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
	s.group = common.Group(set)
	s.limits = common.Limits(set)
	s.means = common.Means(set, s.limits)
	return s
}
