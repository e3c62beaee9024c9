package verify

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRetention_DayArchivedInTheRun_PassesAndCounts(t *testing.T) {
	p := newPast(t)
	v, err := p.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	if v.Verdict != "PASS" {
		t.Fatalf("%+v", v.Invariants)
	}
	r := v.Retention
	if r.Days < 4 || r.Archived != 1 || r.Exports != 1 || r.NotChecked != "" || r.Exported != 10+10+38+9+9+18 || v.invariant(14).Checked < 2*r.Exported {
		t.Errorf("%+v, %d checked", r, v.invariant(14).Checked)
	}
}

// What a healthy system may do between the start and the end.
func TestRetention_WhatIsAllowed_IsNoViolation(t *testing.T) {
	for name, plant := range map[string]func(p *past){
		"a payment of a day that is over is canceled": func(p *past) {
			p.between = func(db *sql.DB) {
				p.exec(db, "UPDATE payment SET canceled_amount = canceled_amount + 1 WHERE id = ?", secondDay+1)
				p.exec(db, "INSERT INTO cancellation (payment_id, seq, state, version, amount, key_hash, created_at) VALUES (?, 2, 'SUCCEEDED', 1, 1, REPEAT('k', 32), NOW(6))", secondDay+1)
				p.exec(db, "INSERT INTO payment_event (payment_id, seq, cancellation_seq, from_state, to_state, cause, legs, actor, at) VALUES (?, 5, 2, '', 'SUCCEEDED', '', '', '', NOW(6))", secondDay+1)
			}
		},
		"what was open is final when it is archived": func(p *past) {
			p.before = func(db *sql.DB) {
				p.exec(db, "UPDATE payment SET state = 'PROCESSING' WHERE id = ?", firstDay+2)
				p.exec(db, "INSERT INTO open_payment (payment_id, due_at) VALUES (?, NOW(6))", firstDay+2)
			}
			p.between = func(db *sql.DB) {
				p.exec(db, "UPDATE payment SET state = 'PAID' WHERE id = ?", firstDay+2)
				p.exec(db, "DELETE FROM open_payment")
			}
		},
		"a day is on its way and may come back": func(p *past) {
			p.after = func(db *sql.DB) {
				p.exec(db, "INSERT INTO archive_day (day, first_id, until_id, step) VALUES ('2026-03-02', ?, ?, 'EXCHANGING')", secondDay, lastDay)
				p.exec(db, "CREATE TABLE archive_payment_20260302 LIKE payment")
				p.exec(db, "ALTER TABLE archive_payment_20260302 REMOVE PARTITIONING")
				p.exec(db, "ALTER TABLE payment EXCHANGE PARTITION p20260302 WITH TABLE archive_payment_20260302 WITHOUT VALIDATION")
				p.t.Cleanup(func() { _, _ = db.Exec("DROP TABLE archive_payment_20260302") })
			}
		},
		"the day had left before the run, and its export is gone": func(p *past) {
			live := p.also
			p.also = func(t *testing.T, db *sql.DB) {
				live(t, db)
				p.takesCensus()
				_ = os.RemoveAll(p.archive)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPast(t)
			plant(p)
			v, err := p.verify(t)
			if err != nil {
				t.Fatal(err)
			}
			if v.Violated(14) != 0 || v.Retention.NotChecked != "" {
				t.Errorf("%+v, %+v", v.Retention, v.invariant(14).Offenders)
			}
		})
	}
}

func TestRetention_ExportsOnAnotherMachine_AreSaidToBeUnchecked(t *testing.T) {
	p := newPast(t)
	p.after = func(*sql.DB) { p.archive = filepath.Join(t.TempDir(), "nowhere") }
	v, err := p.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	if v.Violations() != 0 || v.Retention.Exports != 0 || !strings.Contains(v.Retention.NotChecked, "nowhere") {
		t.Errorf("%+v", v.Retention)
	}
}

// opened is a payment that was open at the start, and still is.
func opened(p *past) {
	p.before = func(db *sql.DB) {
		p.exec(db, "UPDATE payment SET state = 'REVIEW' WHERE id = ?", firstDay+2)
		p.exec(db, "INSERT INTO open_payment (payment_id) VALUES (?)", firstDay+2)
	}
}

// after is a statement after the archiving.
func after(query string, args ...any) func(p *past) {
	return func(p *past) { p.after = func(db *sql.DB) { p.exec(db, query, args...) } }
}

// forged is an export that is changed, and signed again.
func forged(table string, change func(lines []string) []string) func(p *past) {
	return func(p *past) { p.after = func(db *sql.DB) { p.forges(db, table, change) } }
}

// torn is a file of the export that is changed, and nothing else.
func torn(name string, change func(text []byte) []byte) func(p *past) {
	return func(p *past) {
		p.after = func(*sql.DB) {
			text, _ := os.ReadFile(p.file(name))
			_ = os.WriteFile(p.file(name), change(text), 0o600)
		}
	}
}

var retentionBugs = []struct {
	name    string
	payment uint64 // that is to be named; 0: none
	what    string
	plant   func(p *past)
}{
	{"a day is dropped with a payment in REVIEW", firstDay + 2, "neither live nor archived", func(p *past) {
		opened(p)
		after("DELETE FROM archive_day")(p)
	}},
	{"a day is dropped and nothing is said", 0, "10 rows of payment of 2026-03-01 are gone", func(p *past) {
		p.after = func(db *sql.DB) { p.exec(db, "DELETE FROM archive_day"); p.exec(db, "DELETE FROM archive_total") }
	}},
	{"a payment in REVIEW is archived", firstDay + 2, "is REVIEW, not final", opened},
	{"a payment in REVIEW is archived: the totals", 0, "1 rows of payment that are REVIEW", opened},
	{"a payment that is open in no list is archived", firstDay + 5, "is PROCESSING, not final", func(p *past) {
		p.between = func(db *sql.DB) { p.exec(db, "UPDATE payment SET state = 'PROCESSING' WHERE id = ?", firstDay+5) }
	}},
	{"a cancellation that is not final is archived", firstDay + 6, "a cancellation of it is PROCESSING", func(p *past) {
		p.between = func(db *sql.DB) {
			p.exec(db, "UPDATE cancellation SET state = 'PROCESSING' WHERE payment_id = ?", firstDay+6)
		}
	}},
	{"what was open is not in the export", firstDay + 2, "neither live nor archived", func(p *past) {
		opened(p)
		p.between = func(db *sql.DB) { p.exec(db, "DELETE FROM payment WHERE id = ?", firstDay+2) }
	}},
	{"the last that was open is not in the export", firstDay + 9, "neither live nor archived", func(p *past) {
		p.before = func(db *sql.DB) { p.exec(db, "INSERT INTO open_payment (payment_id) VALUES (?)", firstDay+9) }
		p.between = func(db *sql.DB) { p.exec(db, "DELETE FROM payment WHERE id = ?", firstDay+9) }
	}},
	{"what was open vanishes from a live day", secondDay + 2, "neither live nor archived", func(p *past) {
		p.before = func(db *sql.DB) { p.exec(db, "UPDATE payment SET state = 'UNDOING' WHERE id = ?", secondDay+2) }
		after("DELETE FROM payment WHERE id = ?", secondDay+2)(p)
	}},
	{"a row of a child table vanishes", 0, "1 rows of journal_entry of 2026-03-02 are gone", after("DELETE FROM journal_entry WHERE payment_id = ? LIMIT 1", secondDay+2)},
	{"a row of today vanishes", 0, "rows of payment_event of ids from 3000", after("DELETE FROM payment_event WHERE payment_id = ?", firstID+paid<<22)},
	{"an amount of a day that is over changes", 0, "amounts in payment of 2026-03-02", after("UPDATE payment SET amount = amount + 1 WHERE id = ?", secondDay+2)},
	{"a payment is added to a day that is over", 0, "has 1 rows more", after(`INSERT INTO payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at)
		VALUES (2500, 1, 'new', 1, 'KRW', 'SYNC', 'PAID', 1, REPEAT('k', 32), NOW(6))`)},
	{"an archived day is still there", 0, "has 1 rows more", after(`INSERT INTO payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at)
		VALUES (1001, 1, 'new', 1, 'KRW', 'SYNC', 'PAID', 1, REPEAT('k', 32), NOW(6))`)},
	{"a total one too high", 0, "archive_total says", after("UPDATE archive_total SET row_count = row_count + 1 WHERE table_name = 'refund'")},
	{"a total one too low", 0, "1 rows of payment_event of 2026-03-01 are gone", after("UPDATE archive_total SET row_count = row_count - 1 WHERE table_name = 'payment_event'")},
	{"an amount one off in the totals", 0, "archive_total says", after("UPDATE archive_total SET amount = amount + 1 WHERE table_name = 'journal_entry' LIMIT 1")},
	{"what was canceled one off in the totals", 0, "archive_total says", after("UPDATE archive_total SET canceled = canceled + 1 WHERE table_name = 'payment' AND state = 'PAID'")},
	{"totals of another state", 0, "archive_total has nothing", after("UPDATE archive_total SET state = 'FAILED' WHERE table_name = 'payment_leg'")},
	{"totals of a day that nobody archived", 0, "does not say that this day was archived", after("INSERT INTO archive_total (day, table_name, row_count) VALUES ('2025-01-01', 'payment', 1)")},
	{"an export without the manifest", 0, "its export is not there", func(p *past) { p.after = func(*sql.DB) { _ = os.Remove(p.file("manifest.json")) } }},
	{"an export with a row too few", 0, "archive_total says", forged("payment_leg", func(lines []string) []string { return lines[1:] })},
	{"an export with a row twice", 0, "follows", forged("payment", func(lines []string) []string { return slices.Insert(lines, 1, lines[0]) })},
	{"an export with an amount that is another", 0, "archive_total says", forged("refund", func(lines []string) []string {
		lines[0] = strings.Replace(lines[0], `"amount":4`, `"amount":5`, 1)
		return lines
	})},
	{"an export with another day's payment", secondDay + 1, "not of that day", forged("payment", func(lines []string) []string {
		lines[9] = strings.Replace(lines[9], `"1009"`, `"2001"`, 1)
		return lines
	})},
	{"an export that is not JSON", 0, "no JSON object", forged("payment_event", func(lines []string) []string { lines[4] = "oops\n"; return lines })},
	{"an export whose row names nothing", 0, "names payment", forged("payment_event", func(lines []string) []string { lines[4] = "{}\n"; return lines })},
	{"a file with another hash", 0, "and its manifest says", func(p *past) {
		p.after = func(*sql.DB) {
			p.writes(p.file("refund.ndjson.gz"), strings.Join(p.reads(p.file("refund.ndjson.gz")), "")+" ")
		}
	}},
	{"a file with more behind it", 0, "it is damaged", torn("refund.ndjson.gz", func(text []byte) []byte { return append(text, 0) })},
	{"a file that is cut short", 0, "unexpected EOF", torn("payment.ndjson.gz", func(text []byte) []byte { return text[:len(text)-9] })},
	{"a file that is no gzip", 0, "it is damaged", torn("payment.ndjson.gz", func([]byte) []byte { return []byte("oops oops oops") })},
	{"a file that is not there", 0, "no such file", func(p *past) { p.after = func(*sql.DB) { _ = os.Remove(p.file("cancellation.ndjson.gz")) } }},
	{"a manifest with another hash", 0, "archive_day says", torn("manifest.json", func(text []byte) []byte { return append(text, ' ') })},
	{"a manifest that is not JSON", 0, "no JSON of a manifest", torn("manifest.json", func([]byte) []byte { return []byte("{") })},
	{"a manifest of another format", 0, "its schema", func(p *past) {
		p.after = func(db *sql.DB) { m := p.manifest(); m.Schema = "x"; p.signs(db, m) }
	}},
	{"a manifest of other ids", 0, "ids from 1 to 2001", func(p *past) {
		p.after = func(db *sql.DB) { m := p.manifest(); m.Until++; p.signs(db, m) }
	}},
	{"a manifest without a table", 0, "has no table refund", func(p *past) {
		p.after = func(db *sql.DB) {
			m := p.manifest()
			m.Tables = slices.DeleteFunc(m.Tables, func(e manifestTable) bool { return e.Name == "refund" })
			p.signs(db, m)
		}
	}},
	{"a manifest with another number of rows", 0, "and its manifest says", func(p *past) {
		p.after = func(db *sql.DB) { m := p.manifest(); m.Tables[0].Rows++; p.signs(db, m) }
	}},
	{"a manifest that names a file elsewhere", 0, "not one of its folder", func(p *past) {
		p.after = func(db *sql.DB) { m := p.manifest(); m.Tables[0].File = "../payment.ndjson.gz"; p.signs(db, m) }
	}},
}

func TestRetention_PlantedBug_IsCaughtAndNamed(t *testing.T) {
	for _, b := range retentionBugs {
		t.Run(b.name, func(t *testing.T) {
			p := newPast(t)
			b.plant(p)
			v, err := p.verify(t)
			if err != nil {
				t.Fatal(err)
			}
			i := v.invariant(14)
			if v.Verdict != "FAIL" || !slices.ContainsFunc(i.Offenders, func(o Offender) bool { return o.id == b.payment && strings.Contains(o.What, b.what) }) {
				t.Fatalf("not caught: %d violations, %+v", i.Violated, i.Offenders)
			}
		})
	}
}

func TestCensus_TooMuchIsOpen_IsAnError(t *testing.T) {
	p := newPast(t)
	p.before = func(db *sql.DB) {
		p.exec(db, "INSERT INTO open_payment (payment_id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001) SELECT /*+ SET_VAR(cte_max_recursion_depth = 2000) */ a.i * 10000 + b.i FROM n a JOIN n b LIMIT 100001")
		if _, err := census(t); err == nil || !strings.Contains(err.Error(), "100000") {
			t.Errorf("%v", err)
		}
		p.exec(db, "DELETE FROM open_payment")
	}
	if _, err := p.verify(t); err != nil {
		t.Error(err)
	}
}

func FuzzDecodeExported(f *testing.F) {
	f.Add([]byte(`{"id":"5","state":"PAID","currency":"KRW","amount":5}`), true)
	f.Add([]byte(`{"payment_id":"5","seq":1}`), false)
	f.Fuzz(func(t *testing.T, text []byte, payment bool) {
		row, id, err := decodeExported(text, payment)
		if err == nil && id == 0 && row.ID != "0" && row.Payment != "0" && strings.Trim(row.ID+row.Payment, "0") != "" {
			t.Errorf("%q names nothing: %+v", text, row)
		}
	})
}

func FuzzDecodeManifest(f *testing.F) {
	f.Add([]byte(`{"schema":"gazua.archive/1","day":"2026-03-01","first_id":"1","until_id":"2","tables":[{"table":"payment","file":"payment.ndjson.gz"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := decodeManifest(text)
		for _, of := range m.Tables {
			if err == nil && strings.ContainsAny(of.File, "/") {
				t.Errorf("it leads elsewhere: %q", of.File)
			}
		}
	})
}
