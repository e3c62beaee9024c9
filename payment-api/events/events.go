// Package events is the Kafka message between the API and the worker: topic, key, body and trace context. A message is a
// signal only: it names a payment that was accepted, and all that is true about the payment stands in the database. So a
// message may come twice, late or out of order.
package events

import (
	"encoding/json"
	"fmt"

	"github.com/segmentio/kafka-go"

	"gazua.example/payment-api/payment"
)

// Topics and the group that reads them.
const (
	Topic      = "payment.accepted"
	DeadLetter = "payment.accepted.dead" // what cannot be decoded or has no payment
	Group      = "payment-worker"
	Partitions = 12
)

// Headers that a message carries besides its trace context.
const (
	HeaderReason   = "reason"   // of a dead letter: why it can never be worked on
	HeaderFrom     = "from"     // of a dead letter: topic/partition/offset of the message that it was
	HeaderReplayed = "replayed" // of a message: which dead letter it was, PARTITION/OFFSET
)

// version of the body; a reader refuses one that it does not know.
const version = 1

type body struct {
	Version int        `json:"v"`
	Payment payment.ID `json:"payment_id,string"`
}

// Encode makes the message for an accepted payment; trace is the context that the outbox kept.
func Encode(id payment.ID, trace string) (kafka.Message, error) {
	value, err := json.Marshal(body{version, id})
	if err != nil {
		return kafka.Message{}, fmt.Errorf("encode the message of payment %d: %w", id, err)
	}
	m := kafka.Message{Topic: Topic, Key: []byte(id.String()), Value: value}
	var headers map[string]string
	if json.Unmarshal([]byte(trace), &headers) == nil { // without a trace a payment is settled just the same
		carrier := Carrier{&m}
		for key, value := range headers {
			carrier.Set(key, value)
		}
	}
	return m, nil
}

// Decode reads a message.
func Decode(m kafka.Message) (payment.ID, error) {
	var b body
	if err := json.Unmarshal(m.Value, &b); err != nil {
		return 0, fmt.Errorf("the message is not JSON of an accepted payment: %w", err)
	}
	if b.Version != version || b.Payment == 0 || b.Payment>>63 != 0 {
		return 0, fmt.Errorf("the message has version %d and payment %d; version %d with a payment's id (63 bits) is known here", b.Version, b.Payment, version)
	}
	return b.Payment, nil
}

// Carrier lets OpenTelemetry read and write a message's headers.
type Carrier struct{ Message *kafka.Message }

// Get implements propagation.TextMapCarrier.
func (c Carrier) Get(key string) string {
	for _, h := range c.Message.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// Set implements propagation.TextMapCarrier.
func (c Carrier) Set(key, value string) {
	for i, h := range c.Message.Headers {
		if h.Key == key {
			c.Message.Headers[i].Value = []byte(value)
			return
		}
	}
	c.Message.Headers = append(c.Message.Headers, kafka.Header{Key: key, Value: []byte(value)})
}

// Keys implements propagation.TextMapCarrier.
func (c Carrier) Keys() []string {
	keys := make([]string, len(c.Message.Headers))
	for i, h := range c.Message.Headers {
		keys[i] = h.Key
	}
	return keys
}
