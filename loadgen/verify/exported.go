package verify

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// day is the open files of an export, by table, each at its next row.
type day map[string]*exportFile

func openDay(folder string) (day, error) {
	files := day{}
	for _, t := range tables {
		file, err := openExport(filepath.Join(folder, t.name+".ndjson.gz"))
		if err != nil {
			return files, err
		}
		files[t.name] = file
	}
	return files, nil
}

func (d day) close() {
	for _, file := range d {
		file.file.Close()
	}
}

// exportFile is one table of an export; head is nil at its end.
type exportFile struct {
	file  *os.File
	lines *bufio.Scanner
	head  *exportedPayment
	last  uint64
}

func openExport(path string) (*exportFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	zipped, err := gzip.NewReader(bufio.NewReaderSize(file, 64<<10))
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	f := &exportFile{file: file, lines: bufio.NewScanner(zipped)}
	f.lines.Buffer(make([]byte, 64<<10), maxExportLine)
	if err := f.next(); err != nil {
		file.Close()
		return nil, err
	}
	return f, nil
}

func (f *exportFile) next() error {
	f.head = nil
	if !f.lines.Scan() {
		if err := f.lines.Err(); err != nil {
			return fmt.Errorf("%w: %w", errDamaged, err)
		}
		return nil
	}
	row, err := decodeExportedPayment(f.lines.Bytes())
	if err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	if row.id() < f.last {
		return fmt.Errorf("%w: payment %d follows %d", errDamaged, row.id(), f.last)
	}
	f.head, f.last = &row, row.id()
	return nil
}

// exportedPayment is a row of whichever table.
type exportedPayment struct {
	ID           uint64    `json:"id,string"`
	Payment      uint64    `json:"payment_id,string"`
	Seq          uint32    `json:"seq"`
	Merchant     uint32    `json:"merchant_id"`
	Order        string    `json:"order_id"`
	Amount       int64     `json:"amount"`
	Canceled     int64     `json:"canceled_amount"`
	Currency     string    `json:"currency"`
	Mode         string    `json:"mode"`
	State        string    `json:"state"`
	Version      uint32    `json:"version"`
	Reason       string    `json:"reason"`
	KeyHash      string    `json:"key_hash"`
	Means        string    `json:"means"`
	Reference    string    `json:"reference"`
	Transaction  string    `json:"transaction_id"`
	Cancellation uint32    `json:"cancellation_seq"`
	Leg          uint8     `json:"leg_seq"`
	From         string    `json:"from_state"`
	To           string    `json:"to_state"`
	Cause        string    `json:"cause"`
	States       string    `json:"legs"`
	At           time.Time `json:"at"`
	Posting      uint32    `json:"posting"`
	Account      string    `json:"account"`
	Day          time.Time `json:"business_day"`
	BookedAt     time.Time `json:"booked_at"`
}

func decodeExportedPayment(text []byte) (row exportedPayment, err error) {
	if err := json.Unmarshal(text, &row); err != nil {
		return row, err
	}
	if row.id() == 0 || row.ID != 0 && row.Payment != 0 {
		return row, fmt.Errorf("it names payment %d and is of payment %d: one of them", row.ID, row.Payment)
	}
	return row, nil
}

func (e *exportedPayment) id() uint64 { return cmp.Or(e.ID, e.Payment) }

// hash is what the key is stored by; zero for what is none, which no key has.
func (e *exportedPayment) hash() (h Hash) {
	if text, err := hex.DecodeString(e.KeyHash); err == nil {
		copy(h[:], text)
	}
	return h
}

func (e *exportedPayment) payment() *Payment {
	return &Payment{
		ID: e.ID, Merchant: e.Merchant, Order: e.Order, Amount: e.Amount, Canceled: e.Canceled, Currency: e.Currency, Mode: e.Mode, State: e.State,
		Version: e.Version, Reason: e.Reason, KeyHash: e.hash(), Swept: true,
	}
}

// hang adds a row of another table to its payment.
func (e *exportedPayment) hang(table string, found page) {
	p := found.of(e.Payment)
	switch table {
	case "payment_leg":
		p.Legs = append(p.Legs, Leg{uint8(e.Seq), e.Means, e.Amount, e.State, e.Reference, e.Transaction})
	case "payment_event":
		p.Events = append(p.Events, Event{Seq: e.Seq, Cancellation: e.Cancellation, From: e.From, To: e.To, Cause: e.Cause, States: e.States, At: e.At})
	case "cancellation":
		p.Cancellations = append(p.Cancellations, &Cancellation{Seq: e.Seq, State: e.State, Version: e.Version, Amount: e.Amount, KeyHash: e.hash()})
	case "refund":
		of := found.cancellation(e.Payment, e.Cancellation)
		of.Refunds = append(of.Refunds, Refund{e.Leg, e.Means, e.Amount, e.State, e.Reference, e.Transaction})
	case "journal_entry":
		p.Entries = append(p.Entries, LedgerEntry{e.Posting, e.Account, e.Amount, e.Currency, e.Reference, e.Day, e.BookedAt})
	}
}
