// Package mysql holds MySQL's configuration as the stack runs it: my.cnf and the statements that make the users.
package mysql

import (
	_ "embed" // the templates beside this file
	"strings"
	"text/template"
)

//go:embed my.cnf.tmpl
var serverText string

//go:embed init.sql.tmpl
var initText string

var (
	serverTemplate = template.Must(template.New("my.cnf").Parse(serverText))
	initTemplate   = template.Must(template.New("init.sql").Parse(initText))
)

// Server fills my.cnf.
type Server struct {
	Port          int
	DataDir       string
	InitFile      string
	Root          string // of the unpacked packages; empty: an installed server, which knows its own folders
	User          string // "root" when started as root: mysqld wants that said
	Durable       bool   // every commit is on disk before it is answered
	BufferPoolMiB int
	RedoLogMiB    int
}

// Passwords fills init.sql, which the server executes at every start: the secrets file always wins, and of the rights that
// an older data directory knows nothing is left.
type Passwords struct{ Root, Admin, App, Verifier string }

// Config is the text of my.cnf.
func (s Server) Config() string { return render(serverTemplate, s) }

// InitSQL is the text of the init file, a statement a line as the server wants it.
func (p Passwords) InitSQL() string { return render(initTemplate, p) }

func render(t *template.Template, value any) string {
	var text strings.Builder
	if err := t.Execute(&text, value); err != nil {
		panic(err) // the template and the struct are both ours
	}
	return text.String()
}
