package verify

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// Bounds of an export's file.
const (
	maxExportLine = 1 << 20
	maxTotals     = 10_000 // of one table: states and currencies are few
)

// errDamaged is of a file that is there and is not what it should be.
var errDamaged = errors.New("it is damaged")

// export is the file of one table of one day on its way.
type export struct {
	judge  *retentionJudge
	of     *archivedDay
	table  table
	rows   int64
	last   uint64
	sums   map[total]sums
	sought []uint64 // payments that were open at the start and must be here; sorted
}

// exportedRow is what is judged of a row, of whichever table.
type exportedRow struct {
	ID       string `json:"id"` // of a payment
	Payment  string `json:"payment_id"`
	State    string `json:"state"`
	Account  string `json:"account"`
	Currency string `json:"currency"`
	Amount   int64  `json:"amount"`
	Canceled int64  `json:"canceled_amount"`
}

// read goes through the file and returns its hash.
func (e *export) read(path string) (sum string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	raw := bufio.NewReaderSize(io.TeeReader(file, hash), 64<<10)
	zipped, err := gzip.NewReader(raw)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errDamaged, err)
	}
	lines := bufio.NewScanner(zipped)
	lines.Buffer(make([]byte, 64<<10), maxExportLine)
	for lines.Scan() {
		if err := e.line(lines.Bytes()); err != nil {
			return "", fmt.Errorf("%w: row %d: %w", errDamaged, e.rows, err)
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("%w: after row %d: %w", errDamaged, e.rows, err)
	}
	if _, err := io.Copy(io.Discard, raw); err != nil { // what follows belongs to the hash
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// line takes one row.
func (e *export) line(text []byte) error {
	row, id, err := decodeExported(text, e.table.name == "payment")
	e.rows++
	if err != nil {
		return err
	}
	e.judge.verdict.check(14, 1)
	e.judge.figures.Exported++
	payment := &Case{ID: id}
	switch {
	case id < e.of.first || id >= e.of.until:
		e.judge.verdict.violated(14, payment, "", "the export of %s of %s has it, which is not of that day", e.table.name, e.of.day)
	case id < e.last || id == e.last && e.table.name == "payment":
		return fmt.Errorf("payment %d follows %d", id, e.last)
	case e.table.name == "payment" && row.State != "PAID" && row.State != "FAILED":
		e.judge.verdict.violated(14, payment, "", "it is %s, not final, and was archived with %s", row.State, e.of.day)
	case e.table.name == "cancellation" && row.State != "SUCCEEDED" && row.State != "FAILED":
		e.judge.verdict.violated(14, payment, "", "a cancellation of it is %s, not final, and was archived with %s", row.State, e.of.day)
	}
	e.last = id
	if e.table.name == "payment" {
		e.seek(id)
	}
	return e.add(row)
}

// seek finds what was open at the start among the payments, which are sorted.
func (e *export) seek(id uint64) {
	for len(e.sought) > 0 && e.sought[0] < id {
		e.judge.gone(e.sought[0])
		e.sought = e.sought[1:]
	}
	if len(e.sought) > 0 && e.sought[0] == id {
		e.sought = e.sought[1:]
	}
}

// add counts a row as archive_total does.
func (e *export) add(row exportedRow) error {
	of := total{day: e.of.day, table: e.table.name}
	is := sums{rows: 1, amount: row.Amount}
	switch of.table {
	case "payment":
		of.state, of.currency, is.canceled = row.State, row.Currency, row.Canceled
	case "journal_entry":
		of.state, of.currency = row.Account, row.Currency
	case "payment_event":
		is.amount = 0
	default:
		of.state = row.State
	}
	was := e.sums[of]
	e.sums[of] = sums{was.rows + is.rows, was.amount + is.amount, was.canceled + is.canceled}
	if len(e.sums) > maxTotals {
		return fmt.Errorf("it has more than %d kinds of rows", maxTotals)
	}
	return nil
}

// judgeWhole compares the file with what is said of it.
func (e *export) judgeWhole(rows int64, wanted, sum string) {
	name := "the export of " + e.table.name + " of " + e.of.day
	if sum != wanted {
		e.judge.violated("%s has the SHA-256 %s, and its manifest says %s", name, sum, wanted)
	}
	if e.rows != rows {
		e.judge.violated("%s has %d rows, and its manifest says %d", name, e.rows, rows)
	}
	if e.table.name == "payment" {
		e.seek(nobody)
	}
	for of, is := range e.judge.totals {
		if of.day == e.of.day && of.table == e.table.name && e.sums[of] != is {
			e.judge.violated("%s has %s, and archive_total says %s for %q %s", name, e.sums[of], is, of.state, of.currency)
		}
	}
	for of, is := range e.sums {
		if _, known := e.judge.totals[of]; !known {
			e.judge.violated("%s has %s for %q %s, and archive_total has nothing", name, is, of.state, of.currency)
		}
	}
}

func (s sums) String() string {
	return fmt.Sprintf("%d rows, amounts of %d, %d canceled", s.rows, s.amount, s.canceled)
}

// decodeExported reads a row and which payment it is of.
func decodeExported(text []byte, payment bool) (row exportedRow, id uint64, err error) {
	if !bytes.HasPrefix(bytes.TrimLeft(text, " "), []byte("{")) {
		return row, 0, errors.New("it is no JSON object")
	}
	if err := json.Unmarshal(text, &row); err != nil {
		return row, 0, err
	}
	name := row.Payment
	if payment {
		name = row.ID
	}
	if id, err = strconv.ParseUint(name, 10, 64); err != nil {
		return row, 0, fmt.Errorf("it names payment %.40q", name)
	}
	return row, id, nil
}
