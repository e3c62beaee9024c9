package verify

import (
	"context"
	"database/sql"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/metrics"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gazua.example/loadgen/internal/testdb"
)

var (
	payments = flag.Int("payments", 0, "payments of TestVerify_AMillion, which is skipped without")
	profile  = flag.String("profile", "", "file for the CPU profile of TestVerify_AMillion, of the verification alone")
)

// TestVerify_AMillion measures a verification with a real database:
//
//	go test ./verify -run TestVerify_AMillion -payments=1000000 -timeout=1h -v
//
// The journal is a file, the books and statements come over HTTP, the rows from MySQL. What the process holds beside the
// verifier is one world of the generator, and the servers' buffers.
func TestVerify_AMillion(t *testing.T) {
	if *payments == 0 {
		t.Skip("it measures: say how many -payments")
	}
	m := manyOf(*payments)
	admin, dsn := testdb.Open(t)
	begin := time.Now()
	load(t, admin, m)
	t.Logf("%d payments in MySQL after %.0f s", m.payments(), time.Since(begin).Seconds())
	database, err := OpenDatabase(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	// What is served is made before, so that the verifier's time is its own.
	folder := t.TempDir()
	book := httptest.NewServer(prepared(t, filepath.Join(folder, "book"), m.serveBook))
	defer book.Close()
	statement := httptest.NewServer(prepared(t, filepath.Join(folder, "statement"), m.serveStatement))
	defer statement.Close()
	from := Sources{
		Journal: m.writeJournal(t), Database: database,
		Book: Book{Admin: []string{book.URL}}, Statement: Statement{URL: []string{statement.URL}},
	}
	info, err := os.Stat(from.Journal)
	if err != nil {
		t.Fatal(err)
	}
	if *profile != "" {
		file, err := os.Create(*profile)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			t.Fatal(err)
		}
		defer pprof.StopCPUProfile()
	}
	before := cpu()
	var v *Verdict
	heap := highest("/memory/classes/heap/objects:bytes", func() { v, err = Verify(t.Context(), from, Scope{FromID: firstID - 1}) })
	if err != nil {
		t.Fatal(err)
	}
	mustPass(t, v, m)
	t.Logf("payments=%d journal=%dMiB took=%.1fs cpu=%.1fs payments_per_s=%.0f heap_peak=%.0fMiB rss_peak=%s spilled=%dMiB violations=%d",
		v.Payments, info.Size()>>20, v.Took, cpu()-before, float64(v.Payments)/v.Took, float64(heap)/(1<<20), status("VmHWM"), v.SpilledBytes>>20, v.Violations())
}

// load writes all worlds' rows, many in one statement.
func load(t *testing.T, admin *sql.DB, m many) {
	t.Helper()
	rows := &batches{db: admin, waiting: map[string]*batch{}}
	for w := range m.each() {
		w.fill(t, rows)
	}
	for query, b := range rows.waiting {
		if err := rows.flush(t.Context(), query, b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := admin.ExecContext(t.Context(), "ANALYZE TABLE payment, payment_leg, payment_event, journal_entry"); err != nil {
		t.Fatal(err)
	}
}

// batches makes one statement of many that insert a row into the same table.
type batches struct {
	db      *sql.DB
	waiting map[string]*batch
}

type batch struct {
	rows int
	args []any
}

const batchRows = 1_000

func (b *batches) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	of := b.waiting[query]
	if of == nil {
		of = &batch{}
		b.waiting[query] = of
	}
	of.rows++
	of.args = append(of.args, args...)
	if of.rows < batchRows {
		return nil, nil
	}
	return nil, b.flush(ctx, query, of)
}

func (b *batches) flush(ctx context.Context, query string, of *batch) error {
	if of.rows == 0 {
		return nil
	}
	head, row, _ := strings.Cut(query, "VALUES ")
	_, err := b.db.ExecContext(ctx, head+"VALUES "+strings.Repeat(","+row, of.rows)[1:], of.args...)
	of.rows, of.args = 0, of.args[:0]
	return err
}

// prepared writes each answer into a file at first, and serves that.
func prepared(t *testing.T, path string, made http.HandlerFunc) http.HandlerFunc {
	write := func(name string, r *http.Request) {
		file, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		made(toFile{file}, r)
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	file := func(r *http.Request) string {
		return path + strings.NewReplacer("/", "-", "?", "-").Replace(r.URL.RequestURI())
	}
	for _, address := range []string{
		"/position", "/book?from=0", "/pg/v1/statement?date=2026-11-23", "/point/v1/statement?date=2026-11-23", "/coupon/v1/statement?date=2026-11-23",
	} {
		r := httptest.NewRequest(http.MethodGet, address, nil)
		if strings.Contains(path, "statement") == strings.Contains(address, "statement") {
			write(file(r), r)
		}
	}
	return func(out http.ResponseWriter, r *http.Request) { http.ServeFile(out, r, file(r)) }
}

type toFile struct{ *os.File }

func (toFile) Header() http.Header { return http.Header{} }
func (toFile) WriteHeader(int)     {}

// metric is one of the runtime's.
func metric(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// highest samples a metric while something is done.
func highest(name string, do func()) uint64 {
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		highest := uint64(0)
		for tick := time.NewTicker(2 * time.Millisecond); ; {
			highest = max(highest, metric(name))
			select {
			case <-tick.C:
			case <-done:
				tick.Stop()
				most <- highest
				return
			}
		}
	}()
	do()
	close(done)
	return <-most
}

// status is a line of the process's status, such as VmHWM, the most that it ever had resident.
func status(name string) string {
	text, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(text), name+":")
	line, _, _ := strings.Cut(rest, "\n")
	kib, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(line), " kB"))
	return strconv.Itoa(kib>>10) + "MiB"
}

// cpu is what the process has used, in seconds.
func cpu() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
