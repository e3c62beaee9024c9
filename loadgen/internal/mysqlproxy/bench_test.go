package mysqlproxy

import (
	"context"
	"database/sql"
	"testing"
)

// What the proxy costs a transaction in one packet, and eight of them at a time.
func BenchmarkCommit(b *testing.B) {
	w := start(b)
	for _, c := range []struct {
		name string
		db   *sql.DB
	}{{"direct", w.direct}, {"through the proxy", w.through("")}} {
		c.db.SetMaxIdleConns(16)
		for name, together := range map[string]int{"one": 1, "eight": 8} {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				if _, err := w.direct.Exec("TRUNCATE paid"); err != nil {
					b.Fatal(err)
				}
				ids := make(chan int)
				go func() {
					defer close(ids)
					for i := range b.N {
						ids <- i + 1
					}
				}()
				b.ResetTimer()
				done := make(chan error)
				for range together {
					go func() {
						var err error
						for id := range ids {
							if err == nil {
								err = onePacket(context.Background(), c.db, id)
							}
						}
						done <- err
					}()
				}
				for range together {
					if err := <-done; err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
