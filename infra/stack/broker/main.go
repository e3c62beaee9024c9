// Command broker is the stack's Kafka-protocol broker: one process, no JVM. A record is on disk before it is acknowledged,
// so topics, records and commits survive SIGTERM and kill -9. It makes no topic by itself: a client that names a topic
// which nobody made shall be told. It proves nothing about the loss of a broker: it has no replicas.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"

	"gazua.example/infra/config"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	c := config.New("broker", "A durable Kafka-protocol broker on 127.0.0.1.", os.LookupEnv)
	port := c.Int("PORT", 19092, 1, 65535, "port to listen on")
	dir := c.String("DATA_DIR", "data", "folder of topics, records and commits")
	if len(os.Args) > 1 {
		c.Help(os.Stdout)
		return nil
	}
	if err := c.Err(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	cluster, err := kfake.NewCluster(
		kfake.Ports(port), kfake.DataDir(dir), kfake.SyncWrites(),
		kfake.WithLogger(kfake.BasicLogger(os.Stderr, kfake.LogLevelWarn)),
	)
	if err != nil {
		return fmt.Errorf("start the broker on port %d: %w", port, err)
	}
	fmt.Fprintf(os.Stderr, "broker listens on 127.0.0.1:%d, data in %s\n", port, dir)
	<-ctx.Done()
	cluster.Close()
	fmt.Fprintln(os.Stderr, "broker stopped")
	return nil
}
