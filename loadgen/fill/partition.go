package fill

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// cut are the tables with a partition a day; retention takes a day out of all of them, so all must have it.
var cut = []string{"payment", "payment_leg", "payment_event", "cancellation", "refund", "journal_entry"}

// border is where a partition ends.
type border struct {
	name  string
	until uint64
}

// noBorder is that of a partition that takes everything. The system has none; a test's database may.
const noBorder = math.MaxUint64

func (b border) String() string {
	if b.until == noBorder {
		return "PARTITION " + b.name + " VALUES LESS THAN MAXVALUE"
	}
	return fmt.Sprintf("PARTITION %s VALUES LESS THAN (%d)", b.name, b.until)
}

// makePartitions makes the days that have none: the system makes those to come only, and what is older lies in the first of
// them. Names and borders are the system's: p20261123 ends where the ids of the 24th begin, UTC.
func makePartitions(ctx context.Context, db *sql.DB, start, end time.Time) error {
	var wanted []border
	for at := start.Truncate(day).Add(-day); at.Before(end); at = at.Add(day) { // the day before too: it ends where ours begin
		if until := firstID(at.Add(day)); until > 1 {
			wanted = append(wanted, border{"p" + at.Format("20060102"), until})
		}
	}
	for _, table := range cut {
		there, err := borders(ctx, db, table)
		if err != nil {
			return err
		}
		for _, statement := range splits(table, there, wanted) {
			if _, err := db.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("make partitions of %s for the past days: %w", table, err)
			}
		}
	}
	return nil
}

// splits are the statements that give a table the wanted borders. A partition without a day's rows splits at once; one with
// rows is copied.
func splits(table string, there, wanted []border) (statements []string) {
	for i, whole := range there {
		var parts []border
		for _, b := range wanted {
			if above := i == 0 || b.until > there[i-1].until; above && b.until < whole.until {
				parts = append(parts, b)
			}
		}
		if len(parts) == 0 {
			continue
		}
		slices.SortFunc(parts, func(a, b border) int { return cmp.Compare(a.until, b.until) })
		var text []string
		for _, b := range append(parts, whole) {
			text = append(text, b.String())
		}
		statements = append(statements, "ALTER TABLE "+table+" REORGANIZE PARTITION "+whole.name+" INTO ("+strings.Join(text, ", ")+")")
	}
	return statements
}

func borders(ctx context.Context, db *sql.DB, table string) (found []border, err error) {
	rows, err := db.QueryContext(ctx, `SELECT partition_name, IF(partition_description = 'MAXVALUE', ~0, CAST(partition_description AS UNSIGNED)) FROM information_schema.partitions
		WHERE table_schema = DATABASE() AND table_name = ? AND partition_name IS NOT NULL ORDER BY partition_ordinal_position`, table)
	if err != nil {
		return nil, fmt.Errorf("read the partitions of %s: %w", table, err)
	}
	defer rows.Close()
	for rows.Next() {
		var b border
		if err := rows.Scan(&b.name, &b.until); err != nil {
			return nil, fmt.Errorf("read the partitions of %s: %w", table, err)
		}
		found = append(found, b)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("there is no partitioned table %s: `payment-api migrate` makes it (`make up` does)", table)
	}
	return found, rows.Err()
}
