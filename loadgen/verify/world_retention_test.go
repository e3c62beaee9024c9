package verify

import (
	"compress/gzip"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gazua.example/loadgen/internal/testdb"
)

// past is a world with two days that were over when the run began; during the run the first is archived.
type past struct {
	*world
	t       *testing.T
	until   uint64           // the first id that is not of the first day
	before  func(db *sql.DB) // the census
	between func(db *sql.DB) // the census and the archiving
	after   func(db *sql.DB)
}

const (
	firstDay  = uint64(1_000) // ids from here on
	secondDay = uint64(2_000)
	lastDay   = uint64(3_000) // the first id that is of neither
	firstName = "20260301"
)

func newPast(t *testing.T) *past {
	t.Helper()
	w := newWorld()
	nothing := func(*sql.DB) {}
	p := &past{world: w, t: t, until: secondDay, before: nothing, between: nothing, after: nothing}
	w.archive = t.TempDir()
	for i := range uint64(10) {
		p.old(firstDay+i, i == 3)
		p.old(secondDay+i, i == 3)
	}
	w.also = p.live
	return p
}

// old is a payment of the past with all that can hang on one; it is PAID and canceled in part, or FAILED.
func (p *past) old(id uint64, failed bool) {
	reference := fmt.Sprintf("%d.1", id)
	of := &Payment{
		ID: id, Merchant: 1, Order: fmt.Sprintf("old-%d", id), Amount: 10 + int64(id%7), Canceled: 4, Currency: "KRW", Mode: "SYNC", State: "PAID", Version: 4, KeyHash: hashKey("/", reference),
		Legs: []Leg{{Seq: 1, Means: "PG", Amount: 10 + int64(id%7), State: "CAPTURED", Reference: reference}},
		Events: []Event{
			{Seq: 1, To: "PROCESSING", States: "PENDING", At: p.now},
			{Seq: 2, From: "PROCESSING", To: "PAID", States: "CAPTURED", At: p.now},
			{Seq: 3, Cancellation: 1, To: "PROCESSING", States: "PENDING", At: p.now},
			{Seq: 4, Cancellation: 1, From: "PROCESSING", To: "SUCCEEDED", States: "REFUNDED", At: p.now},
		},
		Cancellations: []*Cancellation{{Seq: 1, State: "SUCCEEDED", Version: 2, Amount: 4, Refunds: []Refund{{Leg: 1, Means: "PG", Amount: 4, State: "REFUNDED", Reference: reference + ".1"}}}},
		Entries:       []LedgerEntry{{0, "receivable:PG", 10, "KRW", reference, p.now, p.now}, {0, payable, -10, "KRW", reference, p.now, p.now}},
	}
	if failed {
		of.State, of.Canceled, of.Version, of.Events[1].To, of.Events, of.Cancellations, of.Entries = "FAILED", 0, 2, "FAILED", of.Events[:2], nil, nil
	}
	p.payments = append(p.payments, of)
}

// live is what happens between the rows' being there and the verdict.
func (p *past) live(t *testing.T, db *sql.DB) {
	t.Helper()
	testdb.Cut(t, db, map[string]uint64{"p" + firstName: p.until, "p20260302": p.until + lastDay - secondDay})
	p.before(db)
	p.takesCensus()
	p.between(db)
	p.archives(db)
	p.after(db)
}

// takesCensus is what the run does before it sends anything.
func (p *past) takesCensus() {
	p.t.Helper()
	var err error
	if p.scope.Census, err = census(p.t); err != nil {
		p.t.Fatal(err)
	}
}

func census(t *testing.T) (*Census, error) {
	t.Helper()
	database, err := OpenDatabase(t.Context(), testdb.Verifier(t))
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	return database.Census(t.Context())
}

func (p *past) exec(db *sql.DB, query string, args ...any) {
	p.t.Helper()
	insert(p.t, db, query, args...)
}

// archives takes the first day out, as the system says that it does.
func (p *past) archives(db *sql.DB) {
	p.t.Helper()
	folder := filepath.Join(p.archive, firstName)
	if err := os.Mkdir(folder, 0o700); err != nil {
		p.t.Fatal(err)
	}
	m := manifest{Schema: manifestSchema, Day: "2026-03-01", First: 1, Until: p.until}
	p.exec(db, "INSERT INTO archive_day (day, first_id, until_id, step) VALUES ('2026-03-01', 1, ?, 'DONE')", p.until)
	for _, table := range tables {
		lines, rows := p.rowsOf(db, table)
		sum := p.writes(filepath.Join(folder, table.name+".ndjson.gz"), lines)
		m.Tables = append(m.Tables, manifestTable{table.name, table.name + ".ndjson.gz", rows, sum})
		groups := map[string]string{
			"payment": "state, currency, COUNT(*), SUM(amount), SUM(canceled_amount)", "payment_event": "'', '', COUNT(*), 0, 0",
			"journal_entry": "account, currency, COUNT(*), SUM(amount), 0",
		}
		group := groups[table.name]
		if group == "" {
			group = "state, '', COUNT(*), SUM(amount), 0"
		}
		p.exec(db, "INSERT INTO archive_total SELECT '2026-03-01', ?, "+group+" FROM "+table.name+" PARTITION (p"+firstName+") GROUP BY 3, 4", table.name)
		p.exec(db, "ALTER TABLE "+table.name+" DROP PARTITION p"+firstName)
	}
	p.signs(db, m)
}

// signs writes the manifest and notes its hash.
func (p *past) signs(db *sql.DB, m manifest) {
	p.t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(p.file("manifest.json"), text, 0o600); err != nil {
		p.t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	p.exec(db, "UPDATE archive_day SET sha256 = ?", hex.EncodeToString(sum[:]))
}

func (p *past) file(name string) string { return filepath.Join(p.archive, firstName, name) }

func (p *past) manifest() (m manifest) {
	p.t.Helper()
	text, err := os.ReadFile(p.file("manifest.json"))
	if err != nil {
		p.t.Fatal(err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		p.t.Fatal(err)
	}
	return m
}

// forges changes the lines of a table's export, and what the manifest and archive_day say of it with them.
func (p *past) forges(db *sql.DB, table string, change func(lines []string) []string) {
	p.t.Helper()
	m := p.manifest()
	for i := range m.Tables {
		of := &m.Tables[i]
		if of.Name != table {
			continue
		}
		lines := change(p.reads(p.file(of.File)))
		of.Rows, of.SHA256 = int64(len(lines)), p.writes(p.file(of.File), strings.Join(lines, ""))
	}
	p.signs(db, m)
}

// rowsOf is a table's first day as JSON lines: numbers as they are, ids and all else as texts.
func (p *past) rowsOf(db *sql.DB, table table) (lines string, count int64) {
	p.t.Helper()
	rows, err := db.QueryContext(p.t.Context(), "SELECT * FROM "+table.name+" PARTITION (p"+firstName+") ORDER BY 1, 2")
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	columns, _ := rows.ColumnTypes()
	for rows.Next() {
		values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			p.t.Fatal(err)
		}
		row := map[string]any{}
		for i, c := range columns {
			switch c.DatabaseTypeName() {
			case "BIGINT", "INT", "UNSIGNED INT", "UNSIGNED TINYINT":
				row[c.Name()] = json.Number(values[i])
			case "DATETIME":
				row[c.Name()] = strings.Replace(string(values[i]), " ", "T", 1) + "Z"
			case "DATE":
				row[c.Name()] = string(values[i]) + "T00:00:00Z"
			case "BINARY":
				row[c.Name()] = hex.EncodeToString(values[i])
			default:
				row[c.Name()] = string(values[i])
			}
			if values[i] == nil {
				row[c.Name()] = nil
			}
		}
		text, err := json.Marshal(row)
		if err != nil {
			p.t.Fatal(err)
		}
		lines += string(text) + "\n"
		count++
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	return lines, count
}

func (p *past) writes(path, lines string) (sum string) {
	p.t.Helper()
	var text strings.Builder
	zipped := gzip.NewWriter(&text)
	_, _ = zipped.Write([]byte(lines))
	_ = zipped.Close()
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		p.t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(hash[:])
}

func (p *past) reads(path string) []string {
	p.t.Helper()
	file, err := os.Open(path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer file.Close()
	zipped, err := gzip.NewReader(file)
	if err != nil {
		p.t.Fatal(err)
	}
	var text strings.Builder
	if _, err := io.Copy(&text, zipped); err != nil {
		p.t.Fatal(err)
	}
	return strings.SplitAfter(strings.TrimSuffix(text.String(), "\n"), "\n")
}
