package consume

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/segmentio/kafka-go"
)

// MakeTopics makes the topics that are not there yet.
func MakeTopics(ctx context.Context, brokers []string, partitions, replicas int, topics ...string) error {
	transport := &kafka.Transport{DialTimeout: time.Second}
	defer transport.CloseIdleConnections() // or each try leaves a goroutine that asks for metadata for ever
	client := &kafka.Client{Addr: kafka.TCP(brokers...), Timeout: 5 * time.Second, Transport: transport}
	var wanted []kafka.TopicConfig
	for _, topic := range topics {
		wanted = append(wanted, kafka.TopicConfig{Topic: topic, NumPartitions: partitions, ReplicationFactor: replicas})
	}
	made, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: wanted})
	if err != nil {
		return fmt.Errorf("make the topics at %s: %w", brokers, err)
	}
	for topic, err := range made.Errors {
		if err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
			return fmt.Errorf("make the topic %s: %w", topic, err)
		}
	}
	return nil
}

// Reachable says whether one of the brokers takes connections.
func Reachable(ctx context.Context, brokers []string) error {
	var last error
	for _, broker := range brokers {
		dialer := net.Dialer{Timeout: time.Second}
		conn, err := dialer.DialContext(ctx, "tcp", broker)
		if err == nil {
			return conn.Close()
		}
		last = err
	}
	return fmt.Errorf("no broker answers: %w", last)
}
