package topology

import (
	"net"
	"strconv"
	"strings"

	"gazua.example/infra/config"
)

// ReadMySQLVia reads from the environment where APIs and workers reach MySQL, if not at its own port: at a proxy that a drill
// breaks.
//
//	APIs, workers ─► MYSQL_VIA: the proxy ─┐
//	                                       ├─► PORT_MYSQL
//	migrate, readiness, verifier, loadgen ─┘
//
// What looks at the database, or makes it, is not to suffer from what the programs do. It is no layout: it is in the environment
// of those programs only, so `up` notices it as any other setting. The proxy must listen before `up`, which waits until the
// programs have reached the database.
func ReadMySQLVia(c *config.Set) string {
	via := c.String("MYSQL_VIA", "", "host:port where APIs and workers reach MySQL, a proxy that listens already; empty: at its own port")
	host, text, err := net.SplitHostPort(via)
	port, notNumber := strconv.Atoi(text)
	is := err == nil && notNumber == nil && host != "" && port >= 1 && port <= 65535 && !strings.ContainsAny(host, " ()@/?")
	c.Check(via == "" || is, "MYSQL_VIA=%q must be host:port (or empty: MySQL's own)", via)
	return via
}

// database is the address at which APIs and workers reach it.
func (s Settings) database() string {
	if s.MySQLVia != "" {
		return s.Server().AppDSNVia(s.MySQLVia)
	}
	return s.Server().AppDSN()
}
