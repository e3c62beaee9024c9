package mysqlproxy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	mysql "github.com/go-sql-driver/mysql"
)

// The promise of the package: the client sees the same, the database does not.
func TestCut_BreaksTheConnectionOnThatSideOfTheCommit(t *testing.T) {
	w := start(t)
	for name, commit := range map[string]func(context.Context, *sql.DB, int) error{"in steps": steps, "in one packet": onePacket} {
		for how, committed := range map[Way]bool{Before: false, After: true} {
			t.Run(name+" "+how.String(), func(t *testing.T) {
				db, id, before := w.through(""), w.next(), w.proxy.Counts()
				w.proxy.CutNext(1, how)
				if err := commit(t.Context(), db, id); !broke(err) {
					t.Errorf("the client is told %v", err)
				}
				if w.there(id) != committed {
					t.Errorf("the row is there: %t, want %t", !committed, committed)
				}
				now := w.proxy.Counts()
				if now.Before-before.Before != int64(of(!committed)) || now.After-before.After != int64(of(committed)) || now.Commits-before.Commits != 1 {
					t.Errorf("counted %+v, before %+v", now, before)
				}
				if id = w.next(); commit(t.Context(), db, id) != nil || !w.there(id) {
					t.Error("the next one is broken, too")
				}
			})
		}
	}
}

func of(is bool) int {
	if is {
		return 1
	}
	return 0
}

// What MySQL refuses was not committed: its client must hear that, and the cut is still to come.
func TestCut_After_ARefusedCommit_IsAnswered(t *testing.T) {
	w := start(t)
	db, id := w.through(""), w.next()
	if err := onePacket(t.Context(), db, id); err != nil {
		t.Fatal(err)
	}
	w.proxy.CutNext(1, After)
	var said *mysql.MySQLError
	if err := onePacket(t.Context(), db, id); !errors.As(err, &said) || said.Number != 1062 {
		t.Errorf("the client is told %v", err)
	}
	if c := w.proxy.Counts(); c.Spared != 1 || c.Cut() != 0 {
		t.Errorf("%+v", c)
	}
	if n := 0; db.QueryRow("SELECT 7").Scan(&n) != nil || n != 7 {
		t.Errorf("the next answer is %d", n)
	}
	if id = w.next(); !broke(onePacket(t.Context(), db, id)) || !w.there(id) {
		t.Error("the next commit was not cut after it")
	}
}

// An answer with rows in it ends where the COMMIT's OK is.
func TestCut_After_ATransactionThatReads(t *testing.T) {
	w := start(t)
	db, id := w.through(""), w.next()
	w.proxy.CutNext(1, After)
	rows, err := db.Query("START TRANSACTION; SELECT id, size, 'x', NULL FROM paid; SELECT 1 FROM DUAL WHERE 1 = 0; "+
		"INSERT INTO paid (id) VALUES (?); SELECT REPEAT('y', 300000); COMMIT", id)
	if err == nil {
		err = errors.Join(rows.Err(), rows.Close())
	}
	if !broke(err) || !w.there(id) || w.proxy.Counts().After != 1 {
		t.Errorf("%v, %+v", err, w.proxy.Counts())
	}
}

// Texts and answers that need several packets, one of them of exactly a packet's size.
func TestCut_PacketsOf16MiB(t *testing.T) {
	w := start(t)
	db := w.through("&maxAllowedPacket=67108864")
	text := func(id, length int) string { // of that length
		head, end := fmt.Sprintf("START TRANSACTION; INSERT INTO paid VALUES (%d, LENGTH('", id), "'));\nCOMMIT"
		return head + strings.Repeat("x", length-len(head)-len(end)) + end
	}
	for _, length := range []int{maxPayload - 1, maxPayload + 1, maxPayload + 3, 2*maxPayload - 1, 20 << 20} { // the first: with its 0x03 exactly one packet, and an empty one
		for _, how := range []Way{0, Before, After} {
			id := w.next()
			if how != 0 {
				w.proxy.CutNext(1, how)
			}
			_, err := db.Exec(text(id, length))
			if broke(err) != (how != 0) || w.there(id) != (how != Before) {
				t.Errorf("%d bytes, cut %s: %v, there: %t", length, how, err, w.there(id))
			}
		}
	}
	var back string
	if err := db.QueryRow("SELECT REPEAT('z', 20000000)").Scan(&back); err != nil || len(back) != 20000000 || strings.Trim(back, "z") != "" {
		t.Errorf("an answer of 20 MB came as %d bytes, %v", len(back), err)
	}
	if c := w.proxy.Counts(); c.Before != 5 || c.After != 5 || c.Commits != 15 {
		t.Errorf("%+v", c)
	}
}

// Under load the sums agree: what clients were not told, what was cut, what is there.
func TestCut_EveryFourth_UnderLoad_TheSumsAgree(t *testing.T) {
	w := start(t)
	db := w.through("")
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	w.proxy.Cut(4, Either)
	const clients, each = 8, 50
	var broken atomic.Int64
	var group sync.WaitGroup
	for c := range clients {
		group.Go(func() {
			for i := range each {
				commit := []func(context.Context, *sql.DB, int) error{steps, onePacket}[i%2]
				switch err := commit(t.Context(), db, c*each+i+1); {
				case broke(err):
					broken.Add(1)
				case err != nil:
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	c := w.proxy.Counts()
	if c.Commits != clients*each || c.Cut() != clients*each/4 || broken.Load() != c.Cut() || c.Before == 0 || c.After == 0 {
		t.Errorf("%d clients saw a broken connection; %+v", broken.Load(), c)
	}
	if rows := w.number("SELECT COUNT(*) FROM paid"); int64(rows) != clients*each-c.Before {
		t.Errorf("%d rows of %d, %d were cut before", rows, clients*each, c.Before)
	}
	w.proxy.Heal()
	for range 20 {
		if err := onePacket(t.Context(), db, 1000+w.next()); err != nil {
			t.Fatalf("after it healed: %v", err)
		}
	}
}

// What cannot be read is passed on, and told of.
func TestCut_TLSAndCompression_ArePassedOnUncut(t *testing.T) {
	w := start(t)
	w.proxy.Cut(1, Before)
	for n, how := range []string{"&compress=true", "&tls=skip-verify"} {
		if id := w.next(); onePacket(t.Context(), w.through(how), id) != nil || !w.there(id) {
			t.Errorf("%s: broken", how)
		}
		if c := w.proxy.Counts(); c.Blind != int64(n+1) || c.Cut() != 0 {
			t.Errorf("%s: %+v", how, c)
		}
	}
}
