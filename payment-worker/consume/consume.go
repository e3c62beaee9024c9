// Package consume reads the messages of accepted payments and has each settled.
//
//	group ─► generation ─► a reader a partition ─┐
//	                                             ├─► bounded pool ─► settle ─► watermark ─► commit
//	                       a reader a partition ─┘
//
// The offset follows the work, as a contiguous watermark a partition: one call that hangs holds back its partition's
// commit, never the work of its neighbours. A rebalance or a crash repeats what was not committed; that is harmless,
// since a message is only a signal and the claim of a payment a compare-and-set.
package consume

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
)

// Bounds of the consumer.
const (
	retryWait   = 500 * time.Millisecond // between two tries of what failed for a passing reason
	pausedWait  = 200 * time.Millisecond // between two looks at a breaker that is open
	drainWithin = 4 * time.Second        // at the end of a generation; below the rebalance time-out
	maxAhead    = 10_000                 // how far a partition runs ahead of a message that hangs; a crash repeats as many
	fetchBytes  = 1 << 20                // with 10 MiB and short waits kafka-go runs into i/o time-outs on a backlog
	fetchWait   = 500 * time.Millisecond
)

// Options say where to read and how much at a time.
type Options struct {
	Brokers []string
	Topic   string
	Group   string
	Workers int // messages worked on at one time, all partitions together
}

// Handler works on one message. An error means: try again, the reason passes. What can never work it puts elsewhere.
type Handler interface {
	Handle(ctx context.Context, m kafka.Message) error
	// Paused says that fetching more makes no sense now.
	Paused() bool
}

// Consumer is one member of the group.
type Consumer struct {
	options     Options
	config      kafka.ConsumerGroupConfig
	handler     Handler
	places      chan struct{}
	joined      atomic.Bool
	working     sync.WaitGroup // generations and messages
	uncommitted error          // of the last commit of a generation; they come one after another, and Run reads it behind all
	drain       time.Duration
	log         *slog.Logger

	marks atomic.Pointer[map[int]*watermark] // of the partitions that this member has; nil: none
}

// New makes a member; Run joins. Until then nothing is opened, and nothing is to be closed.
func New(o Options, h Handler, log *slog.Logger) (*Consumer, error) {
	config := kafka.ConsumerGroupConfig{
		ID: o.Group, Brokers: o.Brokers, Topics: []string{o.Topic},
		SessionTimeout: 8 * time.Second, RebalanceTimeout: 8 * time.Second,
		// By its next heartbeat a member learns that another one left or came. Until then all partitions of that one wait, and
		// in the end everybody's: a worker that is replaced holds up asynchronous payments for as long.
		HeartbeatInterval: 500 * time.Millisecond,
		JoinGroupBackoff:  time.Second, StartOffset: kafka.FirstOffset, Timeout: 3 * time.Second,
		// Whoever joined before the broker told of the topic's partitions has none; it must not stay so.
		WatchPartitionChanges: true, PartitionWatchInterval: 2 * time.Second,
	}
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("make the consumer group %s: %w", o.Group, err)
	}
	return &Consumer{options: o, config: config, handler: h, places: make(chan struct{}, o.Workers), drain: drainWithin, log: log}, nil
}

// Joined says that this member has its partitions.
func (c *Consumer) Joined() bool { return c.joined.Load() }

// InHand is how many messages are being worked on.
func (c *Consumer) InHand() int { return len(c.places) }

// Run consumes until ctx ends. Then it reads no more, finishes what it has in hand, commits that, and leaves the group. What
// takes longer than a generation may last at its end is finished all the same, after the group was left: its message comes
// again to somebody else, who finds the payment taken.
//
// The error says that offsets are not committed, although their work is done: those messages come again.
func (c *Consumer) Run(ctx context.Context) error {
	group, err := kafka.NewConsumerGroup(c.config)
	if err != nil {
		return fmt.Errorf("make the consumer group %s: %w", c.options.Group, err)
	}
	for ctx.Err() == nil {
		generation, err := group.Next(ctx)
		if err != nil {
			if ctx.Err() == nil {
				c.log.Warn("consume: join the group", "error", err.Error())
			}
			continue
		}
		c.serve(generation)
	}
	// Close ends the generation, waits for it, and only then leaves (kafka-go sends LeaveGroup itself; whether it arrived it
	// does not say: without it the session runs out, in 8 s). A generation that ended by itself would first join the next one,
	// and everybody would rebalance twice.
	_ = group.Close() // it has no error to tell
	c.working.Wait()
	if c.uncommitted != nil {
		return fmt.Errorf("%w; those messages come again to others, who find their payments taken", c.uncommitted)
	}
	return nil
}

// serve starts the readers of one generation. The generation ends for all when one of its functions returns, so none
// does before it has to.
func (c *Consumer) serve(generation *kafka.Generation) {
	assigned := generation.Assignments[c.options.Topic]
	c.log.Info("consume: generation", "id", generation.ID, "partitions", len(assigned))
	marks := map[int]*watermark{}
	for _, a := range assigned {
		marks[a.ID] = newWatermark(max(a.Offset, 0)) // FirstOffset is -2: nothing committed yet
	}
	c.working.Add(1)
	generation.Start(func(ended context.Context) {
		defer c.working.Done()
		c.joined.Store(true)
		defer c.joined.Store(false)
		c.marks.Store(&marks)
		defer c.marks.Store(nil)
		ctx, cancel := context.WithCancel(ended)
		defer cancel()
		var readers, work sync.WaitGroup
		for _, a := range assigned {
			readers.Go(func() { c.read(ctx, a, marks[a.ID], &work) })
		}
		commits := &committer{generation: generation, topic: c.options.Topic, marks: marks, log: c.log, written: map[int]int64{}}
		commits.until(ctx)
		readers.Wait()
		waitAtMost(&work, c.drain)
		c.uncommitted = commits.last()
	})
}

// read feeds the pool from one partition until ctx ends.
func (c *Consumer) read(ctx context.Context, a kafka.PartitionAssignment, mark *watermark, work *sync.WaitGroup) {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: c.options.Brokers, Topic: c.options.Topic, Partition: a.ID, MaxBytes: fetchBytes, MaxWait: fetchWait,
	})
	defer func() { _ = reader.Close() }()
	if err := reader.SetOffset(a.Offset); err != nil {
		c.log.Error("consume: set the offset", "partition", a.ID, "offset", a.Offset, "error", err.Error())
		return
	}
	for ctx.Err() == nil {
		if c.handler.Paused() || mark.ahead() >= maxAhead {
			_ = wait(ctx, pausedWait) // the loop sees the end
			continue
		}
		m, err := reader.ReadMessage(ctx)
		if err != nil {
			if ctx.Err() == nil {
				c.log.Warn("consume: read", "partition", a.ID, "error", err.Error())
				_ = wait(ctx, retryWait)
			}
			continue
		}
		select {
		case c.places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		mark.begin(m.Offset)
		measures().read(ctx, m.Topic)
		c.working.Add(1)
		work.Go(func() {
			defer c.working.Done()
			defer func() { <-c.places }()
			if c.persist(ctx, m) {
				mark.end(m.Offset)
			}
		})
	}
}

// persist works on one message until it is done; false: the generation ended before, and the message comes again to
// whoever has the partition next. Work that is begun is finished: a payment is not dropped half way.
func (c *Consumer) persist(ctx context.Context, m kafka.Message) bool {
	for {
		err := c.handler.Handle(context.WithoutCancel(ctx), m)
		if err == nil {
			return true
		}
		c.log.Warn("consume: try again", "partition", m.Partition, "offset", m.Offset, "error", err.Error())
		if wait(ctx, retryWait) != nil {
			return false
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// waitAtMost waits for the work, or for the time to be up; what is left then comes again to somebody else.
func waitAtMost(work *sync.WaitGroup, most time.Duration) {
	all := make(chan struct{})
	go func() { work.Wait(); close(all) }()
	select {
	case <-all:
	case <-time.After(most):
	}
}
