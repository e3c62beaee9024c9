// Package haproxy holds HAProxy's configuration as the stack runs it: two payment-api behind one port.
package haproxy

import (
	_ "embed" // the template beside this file
	"strings"
	"text/template"
)

//go:embed haproxy.cfg.tmpl
var text string

var configTemplate = template.Must(template.New("haproxy.cfg").Parse(text))

// Balancer fills haproxy.cfg.
type Balancer struct {
	Port      int
	StatsPort int
	Servers   []Server
}

// Server is one payment-api; its health is asked on its admin port.
type Server struct {
	Name            string
	Port, AdminPort int
}

// Config is the text of haproxy.cfg.
func (b Balancer) Config() string {
	var config strings.Builder
	if err := configTemplate.Execute(&config, b); err != nil {
		panic(err) // the template and the struct are both ours
	}
	return config.String()
}
