package consume

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"
)

const commitEvery = 250 * time.Millisecond

// committer writes the watermarks that moved.
type committer struct {
	generation *kafka.Generation
	topic      string
	marks      map[int]*watermark
	written    map[int]int64
	log        *slog.Logger
}

func (c *committer) until(ctx context.Context) {
	for wait(ctx, commitEvery) == nil {
		if err := c.now(); err != nil && !errors.Is(err, kafka.ErrGenerationEnded) {
			c.log.Warn("consume: commit", "error", err.Error()) // the next one carries these too
		}
	}
}

// last is the commit behind which no other comes.
func (c *committer) last() error {
	err := c.now()
	if err != nil {
		c.log.Warn("consume: the last commit", "error", err.Error())
	}
	return err
}

func (c *committer) now() error {
	moved := map[int]int64{}
	for partition, mark := range c.marks {
		if next := mark.commit(); next > c.written[partition] {
			moved[partition] = next
		}
	}
	if len(moved) == 0 {
		return nil
	}
	if err := c.generation.CommitOffsets(map[string]map[int]int64{c.topic: moved}); err != nil {
		return fmt.Errorf("commit the offsets of %d partitions: %w", len(moved), err)
	}
	for partition, next := range moved {
		c.written[partition] = next
	}
	return nil
}
