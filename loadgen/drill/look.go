package drill

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver of what looks into the database

	"gazua.example/infra/lifecycle"
)

// every passes when all of these do.
func every(looks ...Act) Act {
	return func(ctx context.Context) error {
		for _, look := range looks {
			if err := look(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// Said passes when a process has written this text since Seen: of a server that does not log as our programs do.
func (s *site) Said(name, text string) Act {
	return func(context.Context) error {
		file, err := os.Open(s.log(name))
		if err != nil {
			return err
		}
		defer file.Close()
		if _, err := file.Seek(s.seen[name], io.SeekStart); err != nil {
			return err
		}
		said, err := io.ReadAll(io.LimitReader(file, 16<<20))
		if err == nil && !strings.Contains(string(said), text) {
			err = errNotLogged
		}
		return err
	}
}

// hand is the open work that a process holds by its lease, as the database says.
type hand struct {
	owner string
	dsn   string
	work  []string // of open_payment, "(payment_id,cancellation_seq)"
}

func (s *site) hand(name string) *hand { return &hand{owner: name, dsn: s.variables["MYSQL_DSN"]} }

// errNothing: a break that meets nothing shows nothing.
var errNothing = errors.New("it has nothing in hand")

// Take notes what the process holds now. To hold nothing is an error.
func (h *hand) Take(ctx context.Context) error {
	h.work = nil
	return h.read(func(db *sql.DB) error {
		rows, err := db.QueryContext(ctx, "SELECT payment_id, cancellation_seq FROM open_payment WHERE owner = ? AND lease_until > UTC_TIMESTAMP(6)", h.owner)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var payment, seq uint64
			if err := rows.Scan(&payment, &seq); err != nil {
				return err
			}
			h.work = append(h.work, fmt.Sprintf("(%d,%d)", payment, seq))
		}
		if err := rows.Err(); err != nil || len(h.work) > 0 {
			return err
		}
		return fmt.Errorf("%s: %w", h.owner, errNothing)
	})
}

// Freeze pauses the process at a moment at which it has something in hand: between two pieces of work it is let go again.
func (h *hand) Freeze(pause, resume Act) Act {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, observeBound)
		defer cancel()
		for {
			if err := pause(ctx); err != nil {
				return err
			}
			err := h.Take(ctx)
			if !errors.Is(err, errNothing) {
				return err
			}
			if err := errors.Join(resume(ctx), lifecycle.Pause(ctx, lookEvery)); err != nil {
				return fmt.Errorf("%s had nothing in hand for %s: %w", h.owner, observeBound, err)
			}
		}
	}
}

// lookEvery keeps looks into the database apart: it has other things to do.
const lookEvery = 200 * time.Millisecond

// Empty passes when others have ended all of it.
func (h *hand) Empty(ctx context.Context) error {
	return h.read(func(db *sql.DB) error {
		var open int
		err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM open_payment WHERE (payment_id, cancellation_seq) IN ("+strings.Join(h.work, ",")+")").Scan(&open)
		if err != nil || open == 0 {
			return err
		}
		_ = lifecycle.Pause(ctx, lookEvery) // who is asked to end says so himself
		return fmt.Errorf("of %d pieces of work that %s had in hand %d are open", len(h.work), h.owner, open)
	})
}

// read lends a connection of the verifier's, who may only read.
func (h *hand) read(do func(*sql.DB) error) error {
	db, err := sql.Open("mysql", h.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(db)
}
