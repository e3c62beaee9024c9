// Package e2e_test runs the whole payment path as programs: payment-api and payment-worker as they are shipped, a real
// MySQL, a Kafka-protocol broker and the mock PG. Every story ends with the same question: does the PG's book agree with
// what the client and the database were told?
//
// The deadlines are the shipped ones divided by about twenty, in the same proportions, so that a payment that somebody
// died on settles within seconds.
package e2e_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gazua.example/infra/stack/stacktest"
	"gazua.example/mock-pg/pgsim"
	"gazua.example/payment-api/mysql"
)

var deadlines = []string{
	"MEANS_TIMEOUT=400ms", "SYNC_DEADLINE=800ms", "LEASE_MARGIN=500ms", "LEASE=1500ms", "RESOLVE_DEADLINE=2500ms",
	"LATE_BOUND=500ms", "RESERVATION_TTL=60s", "BALANCER_WAIT=100ms",
	"RESCUE_AFTER=3s", "CALLBACK_TIMEOUT=1s",
	"BREAKER_VOLUME=10000",                 // the faults of one story must not keep others from the means
	"LOG_LEVEL=debug", "TRACE_PERCENT=100", // so that whatever could say a secret says it
}

// system is what all stories share.
var system struct {
	programs, merchants, broker string
	mysql                       *stacktest.MySQLServer
	db                          *sql.DB // may read
	admin                       *sql.DB // may do anything
	shops                       map[int]*shop
	traces                      *sink
	pg                          *pgsim.Server
	apis                        []*program
	workers                     map[string]*program
}

func TestMain(m *testing.M) {
	code, err := withSystem(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withSystem(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "gazua-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	system.programs = dir
	for _, name := range []string{"payment-api", "payment-worker"} {
		build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, name), ".")
		build.Dir = filepath.Join("..", "..", name)
		if out, err := build.CombinedOutput(); err != nil {
			return 1, fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	stopServers, err := startServers(ctx, dir)
	if err != nil {
		return 1, err
	}
	defer stopServers()
	if err := prepareDatabase(ctx); err != nil {
		return 1, err
	}
	defer system.db.Close()
	defer system.admin.Close()
	defer endPrograms()
	for _, name := range []string{"api-1", "api-2"} {
		api, err := startAPI(ctx, name)
		if err != nil {
			return 1, err
		}
		system.apis = append(system.apis, api)
	}
	system.workers = map[string]*program{}
	for _, name := range []string{"worker-1", "worker-2"} {
		if system.workers[name], err = startWorker(ctx, name); err != nil {
			return 1, err
		}
	}
	if code = m.Run(); code == 0 {
		err = nothingTold() // of all that was said in the whole run
	}
	return code, err
}

func startServers(ctx context.Context, dir string) (stop func(), err error) {
	server, stopMySQL, err := stacktest.StartMySQL(ctx)
	if err != nil {
		return nil, err
	}
	addr, stopBroker, err := stacktest.StartBroker(filepath.Join(dir, "broker"))
	if err != nil {
		stopMySQL()
		return nil, err
	}
	pg, err := pgsim.Start(pgsim.Options{BookDir: filepath.Join(dir, "book")})
	if err != nil {
		stopBroker()
		stopMySQL()
		return nil, err
	}
	system.mysql, system.broker, system.pg, system.traces = server, addr, pg, newSink()
	system.shops = map[int]*shop{1: newShop(secretA, 0), 2: newShop(secretB, 1)}
	return func() {
		system.traces.Close()
		for _, s := range system.shops {
			s.Close()
		}
		bound, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = pg.Stop(bound) // a story may have left it a connection to keep silent on
		stopBroker()
		stopMySQL()
	}, nil
}

// prepareDatabase runs the verbs that `up` runs, twice, since each must be idempotent.
func prepareDatabase(ctx context.Context) error {
	system.merchants = filepath.Join(system.programs, "merchants.json")
	text, err := json.Marshal([]map[string]any{
		{"id": 1, "name": "a", "api_key": keyA, "webhook_secret": secretA, "callback_url": system.shops[1].URL + "/hook"},
		{"id": 2, "name": "b", "api_key": keyB, "webhook_secret": secretB, "callback_url": system.shops[2].URL + "/hook"},
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(system.merchants, text, 0o600); err != nil {
		return err
	}
	for _, verb := range [][]string{{"migrate"}, {"merchants", system.merchants}, {"migrate"}, {"merchants", system.merchants}} {
		run := exec.CommandContext(ctx, filepath.Join(system.programs, "payment-api"), verb...)
		run.Env = append(os.Environ(), "MYSQL_DSN="+system.mysql.AdminDSN)
		if out, err := run.CombinedOutput(); err != nil {
			return fmt.Errorf("payment-api %s: %w\n%s", verb, err, out)
		}
	}
	if err := changePassword(ctx); err != nil {
		return err
	}
	if system.admin, err = mysql.Open(system.mysql.AdminDSN, 2); err != nil {
		return err
	}
	system.db, err = mysql.Open(system.mysql.VerifierDSN, 4)
	return err
}

// changePassword gives the programs' user a password that cannot be taken for anything else.
func changePassword(ctx context.Context) error {
	app, err := mysql.Open(system.mysql.AppDSN, 1)
	if err != nil {
		return err
	}
	defer app.Close()
	if _, err := app.ExecContext(ctx, "ALTER USER USER() IDENTIFIED BY '"+appPassword+"'"); err != nil {
		return fmt.Errorf("change the programs' password: %w", err)
	}
	user, rest, _ := strings.Cut(system.mysql.AppDSN, ":")
	_, address, _ := strings.Cut(rest, "@")
	system.mysql.AppDSN = user + ":" + appPassword + "@" + address
	return nil
}
