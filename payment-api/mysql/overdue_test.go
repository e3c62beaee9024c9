package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// late is a server to which nobody gets within the caller's time.
type late struct{}

func (late) Connect(context.Context) (driver.Conn, error) { return nil, os.ErrDeadlineExceeded }
func (late) Driver() driver.Driver                        { return nil }

// overdue is a context whose time is over and whose timer has not rung, as after the process was frozen.
type overdue struct{ context.Context }

func (o overdue) Deadline() (time.Time, bool) { return time.Now(), true }

// Who comes with a time that is over has not asked the server, and nobody else may be told that it is silent.
func TestConnect_OnlyWhoHadTimeKnowsThatAServerIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		patient, done := context.WithTimeout(t.Context(), time.Minute)
		defer done()
		gone, giveUp := context.WithCancel(t.Context())
		giveUp()
		for name, c := range map[string]struct {
			ctx    context.Context
			silent bool
		}{
			"no deadline":           {t.Context(), true},
			"time enough":           {patient, true},
			"gave up":               {gone, false},
			"overdue, and not told": {overdue{t.Context()}, false},
		} {
			s := server{"a", 3 * time.Second, &silence{}, late{}}
			_, err := s.Connect(c.ctx)
			if told := s.silence.lasting() != nil; told != c.silent || !c.silent && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: others are told that it is silent: %v, want %v (%v)", name, told, c.silent, err)
			}
		}
	})
}
