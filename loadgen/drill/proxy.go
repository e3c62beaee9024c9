package drill

import (
	"context"
	"fmt"

	"gazua.example/loadgen/internal/mysqlproxy"
)

// mysqlProxy stands between the programs and MySQL.
type mysqlProxy struct {
	*mysqlproxy.Proxy
	cut int64 // when a script last asked for cuts
}

// startProxy starts one before target. It ends with Close only: the programs need it while they are told to end.
func startProxy(ctx context.Context, target string) (*mysqlProxy, error) {
	proxy, err := mysqlproxy.Start(context.WithoutCancel(ctx), "127.0.0.1:0", target, 11)
	if err != nil {
		return nil, err
	}
	return &mysqlProxy{Proxy: proxy}, nil
}

// Close ends it.
func (p *mysqlProxy) Close() error {
	p.Proxy.Close()
	return nil
}

// The sides of a COMMIT on which a connection is cut.
const (
	before = mysqlproxy.Before
	after  = mysqlproxy.After
)

// CutCommits cuts the connections of the next n COMMITs, whoever sends them.
func (s *site) CutCommits(n int, how mysqlproxy.Way) Act {
	return func(context.Context) error {
		s.MySQL.cut = s.MySQL.Counts().Cut()
		s.MySQL.CutNext(n, how)
		return nil
	}
}

// AllCut passes when that many have been cut since then.
func (s *site) AllCut(n int) Act {
	return func(context.Context) error {
		if cut := s.MySQL.Counts().Cut() - s.MySQL.cut; cut < int64(n) {
			return fmt.Errorf("%d of %d COMMITs are cut", cut, n)
		}
		return nil
	}
}
