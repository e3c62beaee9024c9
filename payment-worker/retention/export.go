package retention

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"gazua.example/payment-api/mysql"
)

// manifest is what a day's folder says of itself.
type manifest struct {
	Schema string          `json:"schema"`
	Day    string          `json:"day"` // UTC
	First  uint64          `json:"first_id,string"`
	Until  uint64          `json:"until_id,string"`
	Tables []exportedTable `json:"tables"`
}

type exportedTable struct {
	Name   string `json:"table"`
	File   string `json:"file"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"` // of the file
}

// withheld are columns that never leave the database: a payment-method token is a way to pay.
var withheld = map[string]bool{"token": true}

// export writes a day into a folder of its own: one gzipped file of JSON lines a table, and the manifest, whose name and
// hash it returns. The folder appears whole or not at all; a day that is exported again replaces what an earlier try left.
func (k *Keeper) export(ctx context.Context, d mysql.Day) (file, sum string, err error) {
	folder := filepath.Join(k.options.Dir, d.Name())
	building := folder + ".new"
	if err := os.RemoveAll(building); err != nil {
		return "", "", fmt.Errorf("export %s: %w", d.Name(), err)
	}
	if err := os.MkdirAll(building, 0o700); err != nil {
		return "", "", fmt.Errorf("export %s (ARCHIVE_DIR names another folder): %w", d.Name(), err)
	}
	m := manifest{Schema: "gazua.archive/1", Day: d.Date.Format("2006-01-02"), First: uint64(d.First), Until: uint64(d.Until)}
	for _, table := range k.archive.Tables() {
		t, err := k.exportTable(ctx, d, table, building)
		if err != nil {
			return "", "", fmt.Errorf("export %s of %s: %w", table, d.Name(), err)
		}
		m.Tables = append(m.Tables, t)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return "", "", err
	}
	if err := writeDurably(filepath.Join(building, "manifest.json"), func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return "", "", fmt.Errorf("export %s: %w", d.Name(), err)
	}
	if err := os.RemoveAll(folder); err != nil {
		return "", "", fmt.Errorf("export %s: %w", d.Name(), err)
	}
	if err := os.Rename(building, folder); err != nil {
		return "", "", fmt.Errorf("export %s: %w", d.Name(), err)
	}
	if err := syncFolder(k.options.Dir); err != nil {
		return "", "", fmt.Errorf("export %s: %w", d.Name(), err)
	}
	hashed := sha256.Sum256(text)
	return filepath.Join(folder, "manifest.json"), hex.EncodeToString(hashed[:]), nil
}

func (k *Keeper) exportTable(ctx context.Context, d mysql.Day, table, folder string) (exportedTable, error) {
	t := exportedTable{Name: table, File: table + ".ndjson.gz"}
	sum := sha256.New()
	err := writeDurably(filepath.Join(folder, t.File), func(w io.Writer) error {
		zipped := gzip.NewWriter(io.MultiWriter(w, sum))
		line := []byte{}
		err := k.archive.Rows(ctx, d, table, func(columns []*sql.ColumnType, values []sql.RawBytes) error {
			t.Rows++
			line = appendRow(line[:0], columns, values)
			_, err := zipped.Write(line)
			return err
		})
		if err != nil {
			return err
		}
		return zipped.Close()
	})
	t.SHA256 = hexOf(sum)
	return t, err
}

// appendRow writes a row as one JSON object: numbers as they are (ids as texts, since they are beyond what JSON's readers
// keep exactly), hashes as hex.
func appendRow(to []byte, columns []*sql.ColumnType, values []sql.RawBytes) []byte {
	to = append(to, '{')
	for i, c := range columns {
		if withheld[c.Name()] {
			continue
		}
		if len(to) > 1 {
			to = append(to, ',')
		}
		to = append(appendText(to, c.Name()), ':')
		switch kind := c.DatabaseTypeName(); {
		case values[i] == nil:
			to = append(to, "null"...)
		case kind == "BINARY" || kind == "VARBINARY":
			to = appendText(to, hex.EncodeToString(values[i]))
		case kind == "INT" || kind == "UNSIGNED INT" || kind == "TINYINT" || kind == "UNSIGNED TINYINT" || kind == "BIGINT":
			to = append(to, values[i]...)
		default:
			to = appendText(to, string(values[i]))
		}
	}
	return append(to, '}', '\n')
}

func appendText(to []byte, text string) []byte {
	quoted, _ := json.Marshal(text) // cannot fail: it is a string
	return append(to, quoted...)
}

// writeDurably writes a file that is on the disk when this returns.
func writeDurably(path string, write func(io.Writer) error) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}()
	buffered := bufio.NewWriterSize(file, 1<<20)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return file.Sync()
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	return folder.Sync()
}

func hexOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
