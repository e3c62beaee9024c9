package control

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver of the statements
)

// act does one thing to the stack.
func (s *stack) act(ctx context.Context, a Act) error {
	switch {
	case a.Kill != "":
		return s.Do(ctx, "kill", a.Kill)
	case a.Start != "":
		return s.Do(ctx, "start", a.Start)
	case a.Stop != "":
		return s.Do(ctx, "stop", a.Stop)
	case a.Exec != "":
		return s.Do(ctx, append([]string{"exec"}, strings.Fields(a.Exec)...)...)
	case a.Schedule != "":
		return s.schedule(ctx, a.Schedule)
	}
	return s.sql(ctx, a.SQL)
}

func (s *stack) schedule(ctx context.Context, script string) error {
	admin, err := s.variable("PG_ADMIN")
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, admin+"/schedule", strings.NewReader(script))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("set the mock PG's schedule: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("set the mock PG's schedule to %s: it answers %s", script, response.Status)
	}
	return nil
}

// variable reads one of the addresses that the stack has written.
func (s *stack) variable(name string) (string, error) {
	file, err := os.Open(s.File())
	if err != nil {
		return "", err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+"="); ok {
			return value, nil
		}
	}
	return "", fmt.Errorf("the stack's file does not name %s", name)
}

// sql runs the statements one after another.
func (s *stack) sql(ctx context.Context, text string) error {
	dsn, err := s.AdminDSN()
	if err != nil {
		return err
	}
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	for statement := range strings.SplitSeq(fill(text, time.Now()), ";\n") {
		if statement = strings.TrimSuffix(strings.TrimSpace(statement), ";"); statement == "" {
			continue
		}
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%.120s: %w", statement, err)
		}
	}
	return nil
}

// farthest is how many days away from today statements may name.
const farthest = 400

// fill puts days into a text: {day -30} is that day as partitions are called, {date -30} as SQL writes it, {id -30} the
// first payment id that it can have (milliseconds since 2026-01-01, above 22 bits of node and sequence).
func fill(text string, now time.Time) string {
	epoch := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	today := now.UTC().Truncate(24 * time.Hour)
	var pairs []string
	for n := -farthest; n <= 7; n++ {
		day, number := today.AddDate(0, 0, n), strconv.Itoa(n)
		pairs = append(pairs, "{day "+number+"}", day.Format("20060102"), "{date "+number+"}", day.Format(time.DateOnly),
			"{id "+number+"}", strconv.FormatInt(max(day.Sub(epoch).Milliseconds(), 0)<<22, 10))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
