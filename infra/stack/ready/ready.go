// Package ready asks a process whether it really serves: a listening port is not enough. Each Check is one question with
// one answer; Wait asks until it is yes.
package ready

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Check is nil when the process serves, else why not.
type Check func(ctx context.Context) error

const (
	askEvery = 50 * time.Millisecond
	askBound = time.Second
)

// Wait asks until the check passes. It gives up when ctx ends, with the last answer, or when gone is closed, because a
// process that has ended will never be ready.
func Wait(ctx context.Context, check Check, gone <-chan struct{}) error {
	for {
		err := Ask(ctx, check)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready in time: %w", err)
		case <-gone:
			return fmt.Errorf("it ended by itself; before that: %w", err)
		case <-time.After(askEvery):
		}
	}
}

// Ask asks once, for a second at most.
func Ask(ctx context.Context, check Check) error {
	ctx, cancel := context.WithTimeout(ctx, askBound)
	defer cancel()
	return check(ctx)
}

// HTTP passes on status 200.
func HTTP(url string) Check {
	return func(ctx context.Context) error {
		_, err := get(ctx, url)
		return err
	}
}

// MySQL passes when a query is answered.
func MySQL(dsn string) Check {
	return func(ctx context.Context) error {
		config, err := mysql.ParseDSN(dsn)
		if err != nil {
			return fmt.Errorf("open MySQL: %w", err)
		}
		config.Logger = &mysql.NopLogger{} // that it is not there yet is an answer, not news
		connector, err := mysql.NewConnector(config)
		if err != nil {
			return fmt.Errorf("open MySQL: %w", err)
		}
		db := sql.OpenDB(connector)
		defer db.Close()
		var one int
		return db.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	}
}

// Kafka passes when the broker answers a metadata request.
func Kafka(address string) Check {
	return func(ctx context.Context) error {
		client, err := kgo.NewClient(kgo.SeedBrokers(address))
		if err != nil {
			return fmt.Errorf("open Kafka client: %w", err)
		}
		defer client.Close()
		return client.Ping(ctx)
	}
}

// HAProxy passes when its statistics show every one of these servers UP.
func HAProxy(statsURL string, servers ...string) Check {
	return func(ctx context.Context) error {
		page, err := get(ctx, statsURL+"/;csv;norefresh")
		if err != nil {
			return err
		}
		down, err := notUp(page, servers)
		if err == nil && len(down) > 0 {
			err = fmt.Errorf("HAProxy sees no healthy %s", strings.Join(down, ", "))
		}
		return err
	}
}

// notUp reads HAProxy's CSV statistics. Before the first health check a server counts as UP, so the result of a check
// must be there too.
func notUp(page string, servers []string) ([]string, error) {
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(page, "# "))).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("HAProxy's statistics cannot be read: %w", err)
	}
	if len(rows) == 0 {
		return nil, errors.New("HAProxy's statistics are empty")
	}
	name, status, check := slices.Index(rows[0], "svname"), slices.Index(rows[0], "status"), slices.Index(rows[0], "check_status")
	if name < 0 || status < 0 || check < 0 {
		return nil, fmt.Errorf("HAProxy's statistics have no columns svname, status and check_status")
	}
	down := slices.Clone(servers)
	for _, row := range rows[1:] {
		if strings.HasPrefix(row[status], "UP") && strings.Contains(row[check], "L7OK") {
			down = slices.DeleteFunc(down, func(s string) bool { return s == row[name] })
		}
	}
	return down, nil
}

// client keeps no connection: each answer must come from the process that listens now.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func get(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GET %s: %s: %.200s", url, answer.Status, body)
	}
	return string(body), nil
}
