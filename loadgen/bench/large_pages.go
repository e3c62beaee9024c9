package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Pages are those of InnoDB's buffer pool, for each payment of a load.
type Pages struct {
	Reads    float64 `json:"reads_per_payment"` // that were not in it and came from the disk
	Requests float64 `json:"requests_per_payment"`
	Written  float64 `json:"written_per_payment"`
	Created  float64 `json:"created_per_payment"`
}

// pagesStatus are the server's counters, in the order of the fields.
var pagesStatus = []string{"Innodb_buffer_pool_reads", "Innodb_buffer_pool_read_requests", "Innodb_pages_written", "Innodb_pages_created"}

// pages samples the counters through a run. The run counts all rows before and after its load, which reads every page there
// is: only what lies between the load's first and last moment is a payment's.
type pages struct {
	cancel  context.CancelFunc
	working sync.WaitGroup
	samples []sample
	err     error
}

type sample struct {
	at     time.Time
	values [4]float64
}

const samplePages = 100 * time.Millisecond

func followPages(ctx context.Context, db *sql.DB) *pages {
	p := &pages{}
	ctx, p.cancel = context.WithCancel(ctx)
	p.working.Go(func() {
		ticks := time.NewTicker(samplePages)
		defer ticks.Stop()
		for {
			s, err := readPages(ctx, db)
			if ctx.Err() == nil && err != nil {
				p.err = err
				return
			}
			if err == nil {
				p.samples = append(p.samples, s)
			}
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
		}
	})
	return p
}

func (p *pages) stop() {
	p.cancel()
	p.working.Wait()
}

func readPages(ctx context.Context, db *sql.DB) (s sample, err error) {
	rows, err := db.QueryContext(ctx, "SHOW GLOBAL STATUS WHERE Variable_name IN (?, ?, ?, ?)", pagesStatus[0], pagesStatus[1], pagesStatus[2], pagesStatus[3])
	if err != nil {
		return s, fmt.Errorf("count the server's pages: %w", err)
	}
	defer rows.Close()
	s.at = time.Now()
	for rows.Next() {
		var name string
		var value float64
		if err := rows.Scan(&name, &value); err != nil {
			return s, fmt.Errorf("count the server's pages: %w", err)
		}
		for i, n := range pagesStatus {
			if n == name {
				s.values[i] = value
			}
		}
	}
	return s, rows.Err()
}

// between is what a payment took from start to end.
func (p *pages) between(start, end time.Time, payments int64) (Pages, error) {
	if p.err != nil {
		return Pages{}, p.err
	}
	first, ok := p.at(start)
	last, also := p.at(end)
	if !ok || !also || payments == 0 {
		return Pages{}, errors.New("the server's pages were not counted through the whole load")
	}
	each := func(i int) float64 { return (last[i] - first[i]) / float64(payments) }
	return Pages{Reads: each(0), Requests: each(1), Written: each(2), Created: each(3)}, nil
}

// at is the counters at a moment, on the straight line between the samples around it.
func (p *pages) at(t time.Time) (values [4]float64, ok bool) {
	for i := 1; i < len(p.samples); i++ {
		a, b := p.samples[i-1], p.samples[i]
		if t.Before(a.at) || t.After(b.at) {
			continue
		}
		share := float64(t.Sub(a.at)) / float64(max(b.at.Sub(a.at), 1))
		for k := range values {
			values[k] = a.values[k] + share*(b.values[k]-a.values[k])
		}
		return values, true
	}
	return values, false
}
