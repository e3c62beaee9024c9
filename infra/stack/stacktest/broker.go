package stacktest

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kfake"
)

// StartBroker starts a Kafka-protocol broker inside the test on a free port, with its data in dir: stopped and started
// again in the same dir it still has its topics, records and commits. As the stack's broker it makes no topic by itself.
func StartBroker(dir string) (addr string, stop func(), err error) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DataDir(dir))
	if err != nil {
		return "", nil, fmt.Errorf("start the broker: %w", err)
	}
	return cluster.ListenAddrs()[0], cluster.Close, nil
}
