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
	keyTTL                time.Duration
	retention             retention.Options
	finish                time.Duration
	logLevel, otlp        string
	sampleRatio           int
}

// keepCallbacks is for how long a callback is looked at and can be resent after it ended.
const keepCallbacks = 7 * 24 * time.Hour

const day = 24 * time.Hour

func readSettings(set *config.Set) settings {
	host, _ := os.Hostname()
	s := settings{
		adminListen: set.String("ADMIN_LISTEN", "127.0.0.1:18191", "where /livez, /readyz, /metrics and /debug/pprof are served"),
		instance:    set.String("INSTANCE", "payment-worker@"+host, "this process's name in logs, events and leases"),
		dsn:         readDSN(set),
		connections: set.Int("MYSQL_CONNECTIONS", 16, 1, 256, "connections to the database"),
		brokers:     readBrokers(set),
		replicas:    set.Int("KAFKA_REPLICAS", 1, 1, 5, "replicas of a topic that this process makes"),
		workers:     set.Int("WORKERS", 128, 1, 4096, "messages worked on at one time; as many can share the commits of a step"),
		resolvers:   set.Int("RESOLVERS", 16, 1, 1024, "pieces of open work resolved at one time"),
		keyTTL:      set.Duration("KEY_TTL", day, time.Second, 366*day, "idempotency keys that were answered longer ago are deleted"),
		finish:      set.Duration("FINISH_WITHIN", 20*time.Second, time.Second, 5*time.Minute, "at shutdown: how long work in flight has to finish"),
		logLevel:    set.String("LOG_LEVEL", "info", "debug, info, warn or error"),
		otlp:        set.String("OTEL_EXPORTER_OTLP_ENDPOINT", "", "OTLP over HTTP for traces and metrics, such as http://127.0.0.1:4318; empty: nothing leaves"),
		sampleRatio: set.Int("TRACE_PERCENT", 1, 0, 100, "share of new traces that are recorded when there is an endpoint"),
	}
	s.group = common.Group(set)
	s.limits = common.Limits(set)
	s.means = common.Means(set, s.limits)
	s.callbacks = readCallbacks(set, s.instance)
	s.retention = readRetention(set, s.limits)
	return s
}

func readDSN(set *config.Set) string {
	return set.Secret("MYSQL_DSN", mysql.AddressHelp)
}

func readBrokers(set *config.Set) []string {
	return set.Strings("KAFKA_BROKERS", "127.0.0.1:19092", "Kafka, host:port, comma-separated")
}

func readCallbacks(set *config.Set, owner string) callback.Options {
	o := callback.Options{
		Owner:       owner,
		InFlight:    set.Int("CALLBACKS", 256, 1, 4096, "callbacks to merchants in flight; what is claimed and recorded together is at most as many"),
		PerMerchant: set.Int("CALLBACKS_PER_MERCHANT", 64, 1, 1024, "of these, at most so many to one merchant"),
		Timeout:     set.Duration("CALLBACK_TIMEOUT", 5*time.Second, 10*time.Millisecond, 10*time.Second, "one attempt to call a merchant"),
	}
	for _, text := range set.Strings("CALLBACK_ALLOW", "", "private networks that callbacks may go to, by plain http too, such as 127.0.0.1/32,10.1.0.0/16; none by default") {
		network, err := netip.ParsePrefix(text)
		set.Check(err == nil, "CALLBACK_ALLOW has %q, which is no network such as 10.1.0.0/16", text)
		o.Allow = append(o.Allow, network)
	}
	return o
}

func readRetention(set *config.Set, l payment.Limits) retention.Options {
	days := set.Int("RETENTION_DAYS", 90, 1, 3660, "payments older than this are archived, whole days")
	o := retention.Options{
		Keep: time.Duration(days) * day, Now: time.Now,
		Dir: set.String("ARCHIVE_DIR", "archive", "the folder that archived days are exported to"),
	}
	set.Check(o.Keep > l.CancelWindow, "RETENTION_DAYS (%d) must be over CANCEL_WINDOW (%s): a payment that can be canceled must still be here", days, l.CancelWindow)
	return o
}
