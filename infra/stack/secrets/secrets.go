// Package secrets makes the stack's passwords and keys at the first `up` and reads them ever after. They lie in files of
// mode 0600 in a folder of mode 0700, and are never printed.
package secrets

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gazua.example/infra/mysql"
)

const mysqlFile = "mysql.json"

// Ensure makes what is missing in dir and returns the database passwords. The merchants are called back below the
// address callbacks.
func Ensure(dir, callbacks string) (mysql.Passwords, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return mysql.Passwords{}, fmt.Errorf("make the secrets' folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return mysql.Passwords{}, fmt.Errorf("close the secrets' folder: %w", err)
	}
	if err := ensureMerchants(MerchantsFile(dir), callbacks); err != nil {
		return mysql.Passwords{}, err
	}
	passwords := filepath.Join(dir, mysqlFile)
	if _, err := os.Stat(passwords); errors.Is(err, os.ErrNotExist) {
		if err := write(passwords, NewPasswords()); err != nil {
			return mysql.Passwords{}, err
		}
	}
	return Passwords(dir)
}

// Passwords reads the database passwords that Ensure made.
func Passwords(dir string) (mysql.Passwords, error) {
	var p mysql.Passwords
	text, err := os.ReadFile(filepath.Join(dir, mysqlFile))
	if err != nil {
		return p, fmt.Errorf("read the database passwords: %w", err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("read %s: %w", mysqlFile, err)
	}
	return p, nil
}

// NewPasswords draws a password for each database user. They are hex, so they need no quoting in a DSN or in SQL.
func NewPasswords() mysql.Passwords {
	return mysql.Passwords{Root: hexKey(16), Admin: hexKey(16), App: hexKey(16), Verifier: hexKey(16)}
}

func hexKey(bytes int) string {
	key := make([]byte, bytes)
	rand.Read(key) // never fails (crypto/rand)
	return hex.EncodeToString(key)
}

// write puts a whole file in the place of the old one, if there is any, after it has reached the disk: a file cut short by
// a crash would lock everyone out of the database, or a merchant out of the API, for good.
func write(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", filepath.Base(path), err)
	}
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return os.Rename(path+".new", path)
}
