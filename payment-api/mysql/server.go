package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	mysql "github.com/go-sql-driver/mysql"
)

// server is one MySQL server. It is a driver.Connector, and all there is of one where only one is named.
type server struct {
	address string
	bound   time.Duration // of connecting, all of it
	silence *silence
	driver.Connector
}

// silence keeps those who want a connection from waiting one after another for a server that does not answer: database/sql
// connects for its waiters in turn, so that the twentieth would wait twenty times as long. After one has waited in vain, all are
// told so at once for a while, and then one tries again.
type silence struct {
	mu    sync.Mutex // guards the rest
	until time.Time
	err   error
}

// silentFor is short: it is what a server that answers again is found later.
const silentFor = 500 * time.Millisecond

func (s *silence) begin(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until, s.err = time.Now().Add(silentFor), err
}

// lasting is why nobody needs to ask; nil: one may.
func (s *silence) lasting() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.until) {
		return s.err
	}
	return nil
}

func newServer(dsn string, wait patience) (server, error) {
	c, err := configure(dsn, wait)
	if err != nil {
		return server{}, err
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return server{}, fmt.Errorf("the database address (MYSQL_DSN): %w", err)
	}
	if connector, err = observed(connector, c); err != nil {
		return server{}, err
	}
	return server{c.Addr, wait.dial + wait.handshake, &silence{}, connector}, nil
}

// pooled keeps at most conns connections that c makes; the server would close one on which nothing came for silence, so the pool
// does it well before.
func pooled(c driver.Connector, conns int, silence time.Duration) *sql.DB {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxLifetime(4 * time.Minute)
	db.SetConnMaxIdleTime(silence / 2)
	return db
}

// Connect implements driver.Connector. It bounds the handshake too: the port of a frozen server answers, the server does not.
func (s server) Connect(ctx context.Context) (driver.Conn, error) {
	if err := s.silence.lasting(); err != nil {
		return nil, err
	}
	bound, cancel := context.WithTimeout(ctx, s.bound)
	defer cancel()
	conn, err := s.Connector.Connect(bound)
	if err == nil {
		return steady(conn), nil
	}
	var late net.Error
	if !over(ctx) && (bound.Err() != nil || errors.As(err, &late) && late.Timeout()) {
		err = fmt.Errorf("MySQL at %s does not answer", s.address)
		s.silence.begin(err)
		return nil, err
	}
	return nil, fmt.Errorf("connect to MySQL at %s: %w", s.address, err)
}

// over says that the caller's time is over. Its context may not have noticed: after this process was frozen the clock is past
// the deadlines of all that it had begun, each of which would be told that a server is silent that was never asked.
func over(ctx context.Context) bool {
	deadline, has := ctx.Deadline()
	return ctx.Err() != nil || has && !time.Now().Before(deadline)
}

// question is asked of a server that may be one of several. A server of a replication group must be its primary; any other one
// must take writes.
const question = `SELECT @@global.super_read_only OR @@global.read_only, COUNT(*),
	COALESCE(MAX(IF(MEMBER_ID = @@server_uuid, CONCAT(MEMBER_STATE, ' ', MEMBER_ROLE), NULL)), 'no member')
	FROM performance_schema.replication_group_members`

// ask connects and asks whether this is the server that takes writes. The connection leads there; without one the error says
// why not.
func (s server) ask(ctx context.Context) (*steadyConn, error) {
	conn, err := s.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c, known := conn.(*steadyConn)
	if !known {
		return nil, errors.Join(fmt.Errorf("MySQL at %s: a connection of a driver that is not known", s.address), conn.Close())
	}
	bound, cancel := context.WithTimeout(ctx, s.bound)
	defer cancel()
	if err := s.isPrimary(bound, c); err != nil {
		_ = c.Close() // of no use
		return nil, err
	}
	return c, nil
}

// errInItsGroup: the server is not the primary of its replication group. Should it take writes all the same, they would be lost.
var errInItsGroup = errors.New(" in its group")

// isPrimary asks on a connection that is there. Nil: it is.
func (s server) isPrimary(ctx context.Context, conn driver.QueryerContext) error {
	readOnly, members, standing, err := readStanding(ctx, conn)
	switch {
	case err != nil:
		return fmt.Errorf("MySQL at %s does not say whether it takes writes: %w", s.address, err)
	case members > 0 && standing != "ONLINE PRIMARY":
		return fmt.Errorf("MySQL at %s is %s%w", s.address, strings.TrimSpace(standing), errInItsGroup)
	case readOnly:
		return fmt.Errorf("MySQL at %s is read-only", s.address)
	}
	return nil
}

func readStanding(ctx context.Context, conn driver.QueryerContext) (readOnly bool, members int, standing string, err error) {
	rows, err := conn.QueryContext(ctx, question, nil)
	if err != nil {
		return false, 0, "", err
	}
	defer func() { _ = rows.Close() }()
	row := make([]driver.Value, 3)
	if err := rows.Next(row); err != nil {
		return false, 0, "", err
	}
	if members, err = strconv.Atoi(text(row[1])); err != nil {
		return false, 0, "", fmt.Errorf("its group has %s members: %w", text(row[1]), err)
	}
	return text(row[0]) != "0", members, text(row[2]), nil
}

// text is a value as the driver gives it: some come as bytes, some as numbers.
func text(v driver.Value) string {
	if bytes, is := v.([]byte); is {
		return string(bytes)
	}
	return fmt.Sprint(v)
}
