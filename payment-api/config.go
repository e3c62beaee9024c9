package main

import (
	"os"
	"time"

	"gazua.example/infra/config"
	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/httpapi"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
	common "gazua.example/payment-api/settings"
)

// settings is what `payment-api serve` can be told by its environment.
type settings struct {
	listen, adminListen  string
	instance             string
	dsn                  string
	connections          int
	outboxBound          int
	group                mysql.GroupOptions
	means                gateway.Options
	limits               payment.Limits
	door                 httpapi.Options
	balancerWait, finish time.Duration
	logLevel, otlp       string
	sampleRatio          int
}

func readSettings(set *config.Set) settings {
	host, _ := os.Hostname()
	s := settings{
		listen:       set.String("LISTEN", "127.0.0.1:18081", "where merchants' requests are served"),
		adminListen:  set.String("ADMIN_LISTEN", "127.0.0.1:18181", "where /livez, /readyz, /metrics and /debug/pprof are served"),
		instance:     set.String("INSTANCE", "payment-api@"+host, "this process's name in logs, events and leases"),
		dsn:          set.Secret("MYSQL_DSN", mysql.AddressHelp),
		connections:  set.Int("MYSQL_CONNECTIONS", 16, 1, 256, "connections to the database"),
		outboxBound:  set.Int("OUTBOX_BOUND", 100_000, 1, 10_000_000, "asynchronous payments that wait to be sent to the worker; while there are more, new ones get 503"),
		balancerWait: set.Duration("BALANCER_WAIT", 1500*time.Millisecond, 0, time.Minute, "at shutdown: how long the balancer has to notice that we are not ready"),
		finish:       set.Duration("FINISH_WITHIN", 15*time.Second, time.Second, 5*time.Minute, "at shutdown: how long requests in flight have to finish"),
		logLevel:     set.String("LOG_LEVEL", "info", "debug, info, warn or error"),
		otlp:         set.String("OTEL_EXPORTER_OTLP_ENDPOINT", "", "OTLP over HTTP for traces and metrics, such as http://127.0.0.1:4318; empty: nothing leaves"),
		sampleRatio:  set.Int("TRACE_PERCENT", 1, 0, 100, "share of new traces that are recorded when there is an endpoint"),
	}
	s.group = common.Group(set)
	s.limits = common.Limits(set)
	s.means = common.Means(set, s.limits)
	s.door = httpapi.Options{
		MaxInFlight:   set.Int("MAX_IN_FLIGHT", 512, 1, 100_000, "requests worked on at one time; more get 503 at once"),
		MaxWaiting:    set.Int("MAX_WAITING", 256, 0, 100_000, "requests that wait for a payment to become final (Prefer: wait); more are answered at once"),
		MerchantRate:  set.Int("MERCHANT_RATE", 2000, 1, 1_000_000, "requests a second of one merchant to this process; more get 429"),
		MerchantBurst: set.Int("MERCHANT_BURST", 1000, 1, 1_000_000, "how many of them may come at one moment"),
		BodyLimit:     set.Int("BODY_LIMIT", 16<<10, 1<<10, 1<<20, "bytes of a request's body"),
		HeaderLimit:   set.Int("HEADER_LIMIT", 8<<10, 1<<10, 64<<10, "bytes of a request's header"),
		ReadTimeout:   set.Duration("READ_TIMEOUT", 10*time.Second, time.Second, time.Minute, "to read a whole request"),
		IdleTimeout:   set.Duration("IDLE_TIMEOUT", time.Minute, time.Second, time.Hour, "a kept-alive connection without a request"),
		WorkDeadline:  s.limits.Lease,
	}
	return s
}
