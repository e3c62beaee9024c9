package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// messageVersion is the one that is known here.
const messageVersion = 1

// decodeMessage reads which payment a message is about: its key is the payment's id, and its value {"v":1,"payment_id":"id"}
// perhaps with members that are not known here.
func decodeMessage(key, value []byte) (payment uint64, err error) {
	var body struct {
		Version int    `json:"v"`
		Payment string `json:"payment_id"`
	}
	if err := json.Unmarshal(value, &body); err != nil {
		return 0, fmt.Errorf("its value is no JSON of a message: %w", err)
	}
	if body.Version != messageVersion {
		return 0, fmt.Errorf("its value has version %d; %d is known", body.Version, messageVersion)
	}
	payment, err = parseID(body.Payment)
	if err != nil {
		return 0, fmt.Errorf("its value names payment %.40q: %w", body.Payment, err)
	}
	if string(key) != body.Payment {
		return 0, fmt.Errorf("its value names payment %s, and its key is %.40q", body.Payment, key)
	}
	return payment, nil
}

// parseID reads an id as the system writes it: decimal, 63 bits, no zero before it.
func parseID(text string) (uint64, error) {
	id, err := strconv.ParseUint(text, 10, 63)
	if err != nil || id == 0 || strconv.FormatUint(id, 10) != text {
		return 0, errors.New("that is no payment's id")
	}
	return id, nil
}

// place is where a record lies.
type place struct {
	partition int32
	offset    int64
}

func placeOf(r *kgo.Record) place { return place{r.Partition, r.Offset} }

func (p place) String() string { return fmt.Sprintf("%d/%d", p.partition, p.offset) }

func (p place) before(q place) bool {
	return p.partition < q.partition || p.partition == q.partition && p.offset < q.offset
}

// decodeDeadLetter reads what a dead letter says of itself: the record of the topic that it was, and why it was put aside.
func decodeDeadLetter(topic string, headers []kgo.RecordHeader) (from place, err error) {
	reason, origin := "", ""
	for _, h := range headers {
		switch h.Key {
		case "reason":
			reason = string(h.Value)
		case "from":
			origin = string(h.Value)
		}
	}
	if strings.TrimSpace(reason) == "" {
		return from, errors.New("it does not say why it was put aside")
	}
	rest, found := strings.CutPrefix(origin, topic+"/")
	first, second, split := strings.Cut(rest, "/")
	partition, err1 := strconv.ParseUint(first, 10, 31)
	offset, err2 := strconv.ParseUint(second, 10, 63)
	if !found || !split || err1 != nil || err2 != nil {
		return from, fmt.Errorf("it does not say which record of %s it was: %.80q", topic, origin)
	}
	return place{int32(partition), int64(offset)}, nil
}
