package run

import (
	"context"
	"fmt"
	"time"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/scenario"
	"gazua.example/loadgen/verify"
)

// preflight asks each part once before anything is sent, so that a run does not begin that cannot be driven or judged.
// It returns where the database and the book stand: what is after that is the run's.
func preflight(ctx context.Context, s *Stack, c *client.Client, merchants []Merchant, database *verify.Database) (verify.Scope, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for i, merchant := range merchants {
		// No payment has the number 0: a system that is up says 404.
		answer := c.Read(&scenario.Payment{Merchant: i, TraceID: [2]uint64{1, 1}}, "0", 1)
		class, code := answer.Fault()
		switch {
		case answer.Class != "":
			return verify.Scope{}, fmt.Errorf("the target %s does not answer (%s): nothing was sent. `make up` brings the stack up, TARGET names another", s.Target, code)
		case answer.Status == 401 || answer.Status == 403:
			return verify.Scope{}, fmt.Errorf("the target %s refuses the API key of merchant %s: nothing was sent. MERCHANTS_FILE names the merchants", s.Target, merchant.Name)
		case answer.Status >= 500:
			return verify.Scope{}, fmt.Errorf("the target %s is not ready (%s %s): nothing was sent", s.Target, class, code)
		}
		if err := rightSystem(s.Target, answer, database.Legacy()); err != nil {
			return verify.Scope{}, err
		}
	}
	book := verify.Book{Admin: verify.Addresses(s.PGAdmin)}
	seq, err := book.Position(ctx)
	if err != nil {
		return verify.Scope{}, fmt.Errorf("the mock PG's book cannot be read, so the run could not be verified; nothing was sent (PG_ADMIN names its address): %w", err)
	}
	for _, err := range (verify.Statement{URL: verify.Addresses(s.PG)}).Lines(ctx, string(scenario.PG), "1970-01-01") { // a day without business
		if err != nil {
			return verify.Scope{}, fmt.Errorf("the mock PG's statements cannot be read, so the run could not be verified; nothing was sent (PG_URL names its address): %w", err)
		}
	}
	var offsets verify.KafkaPositions // before the newest payment, so that the messages of the run's payments are after them
	if s.Kafka != "" {
		if offsets, err = (verify.Kafka{Brokers: verify.Addresses(s.Kafka)}).Ends(ctx); err != nil {
			return verify.Scope{}, fmt.Errorf("the messages cannot be read, so the run could not be verified; nothing was sent: %w", err)
		}
	}
	id, err := database.NewestPayment(ctx)
	if err != nil {
		return verify.Scope{}, fmt.Errorf("the payment database cannot be read, so the run could not be verified; nothing was sent: %w", err)
	}
	if !database.Legacy() {
		id = max(id, verify.AboveLegacy)
	}
	if err := book.ForgetLatency(ctx); err != nil {
		return verify.Scope{}, fmt.Errorf("the mock PG does not start its latency figures anew; nothing was sent: %w", err)
	}
	return verify.Scope{FromID: id, FromSeq: seq, FromOffsets: offsets}, nil
}

// censusBound is above what counting ten million payments takes.
const censusBound = 10 * time.Minute

// takeCensus counts what there is before anything is sent, so that the verifier can tell whether something of it is lost.
func takeCensus(ctx context.Context, database *verify.Database) (*verify.Census, error) {
	ctx, cancel := context.WithTimeout(ctx, censusBound)
	defer cancel()
	census, err := database.Census(ctx)
	if err != nil {
		return nil, fmt.Errorf("what there is cannot be counted, so the run could not be verified; nothing was sent: %w", err)
	}
	return census, nil
}
