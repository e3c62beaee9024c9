package main

import (
	"slices"
	"strings"
	"time"

	"gazua.example/infra/config"
	"gazua.example/mock-pg/pgsim"
)

type settings struct {
	pgsim        pgsim.Options
	instance     string
	logLevel     string
	otlpEndpoint string
	leaveNotice  time.Duration
	drainBound   time.Duration
}

// readSettings reads every knob; the set gives the faults and the help.
func readSettings(lookup func(string) (string, bool)) (settings, *config.Set) {
	c := config.New("mock-pg", "Gazua PAY: the mock of the external payment means (cards, points, coupons).", lookup)
	s := settings{
		pgsim: pgsim.Options{
			Listen:         c.String("LISTEN", "127.0.0.1:18085", "where payments go"),
			AdminListen:    c.String("ADMIN_LISTEN", "127.0.0.1:18185", "where the book, the statistics and the health are read"),
			BookDir:        c.String("BOOK_DIR", "book", "folder of the book; made when it is not there"),
			Schedule:       c.String("SCHEDULE", "gz1", "script of requests whose token has none, e.g. gz1;charge=ok@fixed/50ms"),
			PGProfile:      c.String("PG_PROFILE", pgsim.ProfileTombstone, "tombstone: a net-cancel refuses charges that come after it; bound: it does not, but charges later than PG_LATE_BOUND are refused"),
			PGLateBound:    c.Duration("PG_LATE_BOUND", 10*time.Second, 10*time.Millisecond, 10*time.Minute, "how long after it was received the PG may still book a charge (profile bound)"),
			WalletBalance:  int64(c.Int("WALLET_BALANCE", 0, 0, 1_000_000_000_000, "points that a source has which nobody has funded, in minor units; 0: it has no bound")),
			Deduplicate:    c.Bool("DEDUPLICATE", false, "answer a second charge of a reference with the first result and book nothing: hides double sends"),
			MaxConnections: c.Int("MAX_CONNECTIONS", 200_000, 1, 1_000_000, "connections at a time, held ones too; more are answered 503. Lowered to what the limit of open files allows, which is raised as far as it may be"),
			MaxBodyBytes:   c.Int("MAX_BODY_BYTES", 16<<10, 1<<10, 1<<20, "longest request body"),
			ReadTimeout:    c.Duration("READ_TIMEOUT", 10*time.Second, time.Second, time.Minute, "for one request to arrive"),
			IdleTimeout:    c.Duration("IDLE_TIMEOUT", 2*time.Minute, time.Second, time.Hour, "of a connection between two requests; keep it above the clients' own"),
			SweepEvery:     c.Duration("SWEEP_EVERY", time.Second, 10*time.Millisecond, time.Minute, "how often reservations that are overdue are booked as expired"),
		},
		instance:     c.String("INSTANCE", "mock-pg-1", "name of this process in logs and traces"),
		logLevel:     c.String("LOG_LEVEL", "info", "debug, info, warn or error"),
		otlpEndpoint: c.String("OTEL_EXPORTER_OTLP_ENDPOINT", "", "where metrics go by OTLP over HTTP; empty: nowhere"),
		leaveNotice:  c.Duration("LEAVE_NOTICE", 300*time.Millisecond, 0, time.Minute, "how long a stopping mock still answers, asking clients to close their connections"),
		drainBound:   c.Duration("DRAIN_BOUND", 35*time.Second, time.Second, 5*time.Minute, "for requests in flight to be answered; the longest delay is 30s"),
	}
	s.pgsim.Instance = s.instance
	c.Check(slices.Contains(pgsim.Profiles, s.pgsim.PGProfile), "PG_PROFILE=%q must be one of %s", s.pgsim.PGProfile, strings.Join(pgsim.Profiles, ", "))
	return s, c
}
