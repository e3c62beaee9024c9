package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	mysql "github.com/go-sql-driver/mysql"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gazua.example/infra/telemetry"
)

// Every statement is measured at the driver, where it meets the network; inside a trace that is recorded it is a span too.
//
//	database/sql ─► observedConn ─► go-sql-driver ─► MySQL
//
// It is our own because otelsql calls every operation by the driver's method (sql.conn.exec), where the conventions want
// the statement's (INSERT), and puts its attributes together for every call: docs/telemetry.md has the figures. Values never
// leave: a span has the statement's verb and table, not its text.

const scope = "gazua.example/payment-api/mysql"

// observer is what the connections of a pool share.
type observer struct {
	tracer    trace.Tracer
	durations *telemetry.Durations[operation]
	waits     *telemetry.Durations[string] // by the pool's name
	where     []attribute.KeyValue         // database and server
}

// operation is what tells one statement's measurement from another's.
type operation struct {
	name    string // SELECT, INSERT, …
	failure string // empty: none
}

func newObserver(c *mysql.Config) (*observer, error) {
	o := &observer{tracer: otel.Tracer(scope), where: []attribute.KeyValue{semconv.DBSystemNameMySQL, semconv.DBNamespace(c.DBName)}}
	if host, port, err := net.SplitHostPort(c.Addr); err == nil {
		o.where = append(o.where, semconv.ServerAddress(host))
		if n, err := strconv.Atoi(port); err == nil {
			o.where = append(o.where, semconv.ServerPort(n))
		}
	}
	var durations, waits error
	o.durations, durations = telemetry.NewDurations(otel.Meter(scope), "db.client.operation.duration", "Statements, up to the first row of what they bring.",
		[]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}, o.attributes)
	o.waits, waits = telemetry.NewDurations(otel.Meter(scope), "db.client.connection.wait_time", "What a transaction waits for a connection of the pool.",
		[]float64{.00001, .0001, .001, .005, .01, .05, .1, .5, 1, 5}, func(pool string) []attribute.KeyValue {
			return []attribute.KeyValue{semconv.DBClientConnectionPoolName(pool)}
		})
	return o, errors.Join(durations, waits)
}

func (o *observer) attributes(op operation) []attribute.KeyValue {
	attributes := append([]attribute.KeyValue{semconv.DBOperationName(op.name)}, o.where...)
	if op.failure != "" {
		attributes = append(attributes, semconv.ErrorTypeKey.String(op.failure))
	}
	return attributes
}

// begin starts the span of a statement; nil outside a recorded trace. A context without any trace begins none: polls would
// fill the collector.
func (o *observer) begin(ctx context.Context, name, query string) trace.Span {
	if !telemetry.Recorded(ctx) {
		return nil
	}
	if name == batch {
		_, span := o.tracer.Start(ctx, batch, telemetry.AsClient...)
		if span.IsRecording() {
			span.SetAttributes(o.where...)
			span.SetAttributes(semconv.DBOperationName(batch), semconv.DBQuerySummary(summaryOf(query)))
		}
		return span
	}
	table := tableOf(query)
	summary := strings.TrimSpace(name + " " + table)
	_, span := o.tracer.Start(ctx, summary, telemetry.AsClient...)
	if span.IsRecording() {
		span.SetAttributes(o.where...)
		span.SetAttributes(semconv.DBOperationName(name), semconv.DBQuerySummary(summary))
		if table != "" {
			span.SetAttributes(semconv.DBCollectionName(table))
		}
	}
	return span
}

// summaryOf names the statements of a packet: INSERT order_guard; INSERT payment; …
func summaryOf(packet string) string {
	var parts []string
	for statement := range strings.SplitSeq(packet, ";\n") {
		if statement != begin {
			parts = append(parts, strings.TrimSpace(verbOf(statement)+" "+tableOf(statement)))
		}
	}
	return strings.Join(parts, "; ")
}

func (o *observer) end(ctx context.Context, span trace.Span, name string, began time.Time, err error) {
	failure := ""
	if err != nil {
		failure = failureOf(err)
	}
	if !errors.Is(err, driver.ErrSkip) { // not sent: it comes again as a prepared statement
		o.durations.Record(ctx, operation{name, failure}, time.Since(began))
	}
	if span == nil {
		return
	}
	if failure != "" {
		span.SetAttributes(semconv.ErrorTypeKey.String(failure))
		span.SetStatus(codes.Error, failure)
	}
	span.End()
}

// failureOf is error.type: the server's number, or what became of the connection.
func failureOf(err error) string {
	var said *mysql.MySQLError
	switch {
	case errors.Is(err, driver.ErrSkip):
		return ""
	case errors.As(err, &said):
		return strconv.Itoa(int(said.Number))
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		return "timeout"
	default:
		return "connection"
	}
}

// batch is the operation of several statements in one packet, as the conventions call it.
const batch = "BATCH"

// verbOf is the statement's first word, one of a few.
func verbOf(query string) string {
	query = strings.TrimLeft(query, " \t\n")
	if strings.HasPrefix(query, begin) {
		return batch
	}
	for _, verb := range []string{"SELECT", "INSERT", "UPDATE", "DELETE", "ALTER", "CREATE", "DROP", "SET", "DO", commit, rollback} {
		if strings.HasPrefix(query, verb) {
			return verb
		}
	}
	return "_OTHER"
}

// tableOf is the first table that a statement names, for its span.
func tableOf(query string) string {
	words := strings.Fields(query[:min(len(query), 2000)])
	for i, word := range words[:max(len(words)-1, 0)] {
		if word == "FROM" || word == "INTO" || word == "UPDATE" {
			name := strings.Trim(words[i+1], "()`,")
			if name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == "" {
				return name
			}
		}
	}
	return ""
}
