// Package retention looks after the partitions: it makes those of the days to come.
package retention

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"gazua.example/payment-api/mysql"
)

// every is how often we look; what is there already costs a read only.
const every = time.Hour

// Run makes partitions until ctx ends. There are seven days of them, so a failure is a warning and the next look is soon
// enough.
func Run(ctx context.Context, db *sql.DB, log *slog.Logger) {
	for {
		made, err := mysql.MakePartitions(ctx, db, time.Now())
		switch {
		case err != nil && ctx.Err() == nil:
			log.Warn("partitions", "error", err.Error())
		case made > 0:
			log.Info("partitions", "made", made)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
	}
}
