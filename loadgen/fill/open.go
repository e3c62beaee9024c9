package fill

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-sql-driver/mysql"

	"gazua.example/infra/stack/folder"
	"gazua.example/infra/stack/secrets"
)

// longestSocket is what the path of a unix socket may have, on every system.
const longestSocket = 100

// Open connects to the database of a stack on this machine as its root, who alone may loosen the server: through the server's
// socket, which is the only door that the stack leaves open for root.
func Open(stackFile string) (db *sql.DB, end func(), err error) {
	path, err := filepath.Abs(filepath.Dir(stackFile))
	if err != nil {
		return nil, nil, err
	}
	stack := folder.Folder(path)
	passwords, err := secrets.Passwords(stack.Secrets())
	if err != nil {
		return nil, nil, fmt.Errorf("%w: a fill needs a stack on this machine (--stack names its stack.env)", err)
	}
	socket := filepath.Join(stack.Data(), "mysql", "mysql.sock")
	if _, err := os.Stat(socket); err != nil {
		return nil, nil, fmt.Errorf("MySQL does not run in %s: %w", stack, err)
	}
	socket, unlink, err := short(socket)
	if err != nil {
		return nil, nil, err
	}
	db, end, err = connect(socket, passwords.Root, unlink)
	if err != nil {
		return nil, nil, fmt.Errorf("reach the database of %s: %w", stack, err)
	}
	return db, end, nil
}

// connect opens the database through a socket, whose path is removed with it.
func connect(socket, password string, unlink func()) (db *sql.DB, end func(), err error) {
	config := mysql.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr, config.DBName = "root", password, "unix", socket, "payment"
	config.InterpolateParams = true
	config.Timeout = 10 * time.Second
	connector, err := mysql.NewConnector(config)
	if err != nil {
		unlink()
		return nil, nil, err
	}
	db = sql.OpenDB(connector)
	end = func() { _ = db.Close(); unlink() }
	if err := db.Ping(); err != nil {
		end()
		return nil, nil, err
	}
	return db, end, nil
}

// short is another path to a socket whose own is too long for the kernel.
func short(socket string) (path string, end func(), err error) {
	if len(socket) <= longestSocket {
		return socket, func() {}, nil
	}
	room, err := os.MkdirTemp("", "gazua-fill-")
	if err != nil {
		return "", nil, fmt.Errorf("make a short path to %s: %w", socket, err)
	}
	link := filepath.Join(room, "s")
	if err := os.Symlink(filepath.Dir(socket), link); err != nil {
		return "", nil, errors.Join(fmt.Errorf("make a short path to %s: %w", socket, err), os.RemoveAll(room))
	}
	return filepath.Join(link, filepath.Base(socket)), func() { _ = os.RemoveAll(room) }, nil
}
