package mysql

import (
	"context"
	"database/sql/driver"
	"testing"
	"testing/synctest"
	"time"
)

// late is a server of which each try to connect takes so long, and then ends: with a connection once its times are used up.
type late struct{ takes []time.Duration }

func (l *late) Connect(ctx context.Context) (driver.Conn, error) {
	if len(l.takes) == 0 {
		return nil, nil // a connection; what kind does not matter here
	}
	took := l.takes[0]
	l.takes = l.takes[1:]
	time.Sleep(took) // a process that stands still does not hear that its time is over
	<-ctx.Done()
	return nil, ctx.Err()
}

func (l *late) Driver() driver.Driver { return nil }

// Who was frozen while it connected has waited in vain, but not for the server: nobody else must be told that it is silent.
func TestConnect_AfterAStandstillOfOurOwn_TriesOnceMore(t *testing.T) {
	for name, c := range map[string]struct {
		takes  []time.Duration
		silent bool
	}{
		"the server is silent":             {[]time.Duration{0}, true},
		"we stood still":                   {[]time.Duration{time.Minute}, false},
		"and then the server was silent":   {[]time.Duration{time.Minute, 0}, true},
		"and stood still once again":       {[]time.Duration{time.Minute, time.Minute}, true},
		"a machine that is a little slow":  {[]time.Duration{4 * time.Second}, true},
		"nothing happened, and it answers": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := server{"a", 3 * time.Second, &silence{}, &late{c.takes}}
				_, err := s.Connect(t.Context())
				if told := s.silence.lasting() != nil; told != c.silent || (err != nil) != c.silent {
					t.Errorf("others are told that it is silent: %v, want %v (%v)", told, c.silent, err)
				}
			})
		})
	}
}
