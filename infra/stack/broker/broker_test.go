package main_test

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"gazua.example/infra/stack/proc"
	"gazua.example/infra/stack/ready"
)

// broker is the real program on a free port.
type broker struct {
	spec proc.Spec
	addr string
}

func build(t *testing.T) broker {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "broker")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	env := []string{fmt.Sprintf("PORT=%d", port), "DATA_DIR=" + filepath.Join(dir, "data")}
	return broker{proc.Spec{Name: "broker", Path: path, Env: env, Log: filepath.Join(dir, "log")}, fmt.Sprintf("127.0.0.1:%d", port)}
}

func (b broker) start(ctx context.Context, t *testing.T) proc.Record {
	t.Helper()
	r, gone, err := proc.Start(b.spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Kill(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := ready.Wait(ctx, ready.Kafka(b.addr), gone); err != nil {
		t.Fatal(err)
	}
	return r
}

func (b broker) client(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(b.addr))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestBroker_KillKeepsEveryAcknowledgedRecord(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b := build(t)
	r := b.start(ctx, t)
	createTopic(ctx, t, b.client(t))
	producer := b.client(t, kgo.DefaultProduceTopic("t"), kgo.RecordRetries(0), kgo.DisableIdempotentWrite())
	var acked atomic.Int64
	killed := make(chan error, 1)
	go func() { // in the middle of the stream
		for acked.Load() < 300 {
			time.Sleep(time.Millisecond)
		}
		killed <- r.Kill(ctx)
	}()
	for i := 0; ; i++ {
		if producer.ProduceSync(ctx, kgo.StringRecord(fmt.Sprint(i))).FirstErr() != nil {
			break
		}
		acked.Add(1)
	}
	if err := <-killed; err != nil {
		t.Fatal(err)
	}
	again := b.start(ctx, t)
	want := int(acked.Load())
	seen := map[string]bool{}
	for consumer := b.client(t, kgo.ConsumeTopics("t")); len(seen) < want; {
		fetches := consumer.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("%d of %d acknowledged records are there", len(seen), want)
		}
		fetches.EachRecord(func(r *kgo.Record) { seen[string(r.Value)] = true })
	}
	for i := range want {
		if !seen[fmt.Sprint(i)] {
			t.Errorf("record %d was acknowledged and is lost", i)
		}
	}
	if killed, err := again.Stop(ctx, syscall.SIGTERM, 10*time.Second); err != nil || killed {
		t.Errorf("SIGTERM did not end it cleanly: killed=%v %v", killed, err)
	}
}

func createTopic(ctx context.Context, t *testing.T, client *kgo.Client) {
	t.Helper()
	request := kmsg.NewPtrCreateTopicsRequest()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = "t", 12, 1
	request.Topics = append(request.Topics, topic)
	if _, err := request.RequestWith(ctx, client); err != nil {
		t.Fatal(err)
	}
}
