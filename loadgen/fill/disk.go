package fill

import (
	"context"
	"database/sql"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// What a fill needs on the disk, with room to spare: a million payments were 884 bytes each, and logs come on top.
const (
	bytesAPayment = 1_200
	bytesOfLogs   = 2 << 30
)

// room refuses a fill for which the disk has no room: a server whose disk is full stops in the middle of everything. Of a
// server elsewhere nothing is known.
func room(ctx context.Context, db *sql.DB, payments int64) error {
	var folder string
	if err := db.QueryRowContext(ctx, "SELECT @@datadir").Scan(&folder); err != nil {
		return fmt.Errorf("read where the server keeps its data: %w", err)
	}
	if _, err := os.Stat(folder); err != nil {
		return nil
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(folder, &disk); err != nil {
		return fmt.Errorf("read what is free on the disk of %s: %w", folder, err)
	}
	return enough(folder, int64(disk.Bavail*uint64(disk.Bsize)), payments)
}

func enough(folder string, free, payments int64) error {
	if needs := payments*bytesAPayment + bytesOfLogs; payments > 0 && free < needs {
		return fmt.Errorf("%d more payments need %.1f GiB, and %s has %.1f GiB free", payments, float64(needs)/(1<<30), folder, float64(free)/(1<<30))
	}
	return nil
}
