package raw

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Ids are as the system makes them: 41 bits of milliseconds since 2026-01-01, 10 of the node, 12 of a sequence.
const (
	millisecondShift, nodeShift = 22, 12
	lastNode                    = 1<<10 - 1
	sequences                   = 1 << nodeShift
)

var idEpoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ids are those of one node, each above the one before.
type ids struct{ node, last uint64 }

func (n *ids) next() uint64 {
	id := uint64(time.Since(idEpoch).Milliseconds())<<millisecondShift | n.node<<nodeShift
	if id <= n.last {
		id = n.last + 1
		if id%sequences == 0 { // this millisecond has no more
			id = (n.last>>millisecondShift+1)<<millisecondShift | n.node<<nodeShift
		}
	}
	n.last = id
	return id
}

// paid is one payment, as its rows have it.
type paid struct {
	id, merchant uint64
	order        string
	amount       uint64
	key, request [64]byte // hex
	legs         []leg
	booked       string
}

type leg struct {
	means, token string
	amount       uint64
}

// rows writes the statements of batches. What differs between two payments is drawn; lengths are those of the real rows.
type rows struct {
	async  bool
	legs   int
	run    string
	number int
	chance *rand.ChaCha8
	text   bytes.Buffer
}

func newRows(o Options, writer uint64) *rows {
	now := uint64(time.Now().UnixNano())
	seed := [32]byte{}
	for i := range 8 {
		seed[i], seed[8+i] = byte(now>>(8*i)), byte(writer>>(8*i))
	}
	r := &rows{async: o.Async, legs: o.Legs, chance: rand.NewChaCha8(seed)}
	r.run = fmt.Sprintf("bench-%010x-", r.chance.Uint64()&(1<<40-1))
	return r
}

func (r *rows) draw(from *ids, members int) []paid {
	batch := make([]paid, members)
	booked := "'" + time.Now().UTC().Format("2006-01-02 15:04:05.000000") + "'"
	for i := range batch {
		p := &batch[i]
		p.id, p.merchant, p.order, p.amount, p.booked = from.next(), 1+r.chance.Uint64()%2, r.run+strconv.Itoa(r.number), 1_000+r.chance.Uint64()%99_000, booked
		r.hash(&p.key)
		r.hash(&p.request)
		p.legs = r.split(p.amount)
		r.number++
	}
	return batch
}

func (r *rows) hash(to *[64]byte) {
	var b [32]byte
	_, _ = r.chance.Read(b[:]) // never fails
	hex.Encode(to[:], b[:])
}

func (r *rows) split(amount uint64) []leg {
	token := func(outcome string) string {
		return "gz1;seed=" + strconv.FormatUint(r.chance.Uint64()|1<<63, 10) + ";" + outcome
	}
	const held = "reserve=ok@fixed/0s;confirm=ok@fixed/0s"
	if r.legs == 1 {
		return []leg{{"PG", token("charge=ok@fixed/0s"), amount}}
	}
	third := amount / 3
	return []leg{{"COUPON", token(held), third / 2}, {"POINT", token(held), third}, {"PG", token("charge=ok@fixed/0s"), amount - third - third/2}}
}

// values writes rows with commas between them.
func (r *rows) values(head string, batch []paid, row func(*paid)) {
	r.text.WriteString(head)
	for i := range batch {
		if i > 0 {
			r.text.WriteByte(',')
		}
		row(&batch[i])
	}
}

func (r *rows) put(parts ...any) {
	for _, part := range parts {
		switch v := part.(type) {
		case string:
			r.text.WriteString(v)
		case uint64:
			r.text.Write(strconv.AppendUint(r.text.AvailableBuffer(), v, 10))
		case int:
			r.text.Write(strconv.AppendInt(r.text.AvailableBuffer(), int64(v), 10))
		case *[64]byte:
			r.text.WriteString("x'")
			r.text.Write(v[:])
			r.text.WriteByte('\'')
		}
	}
}

// byKey is the batch in the order of its keys, in which the index takes them best, and locks never cross.
func byKey(batch []paid) []paid {
	return slices.SortedFunc(slices.Values(batch), func(a, b paid) int {
		if a.merchant != b.merchant {
			return int(a.merchant) - int(b.merchant)
		}
		return bytes.Compare(a.key[:], b.key[:])
	})
}

func byOrder(batch []paid) []paid {
	return slices.SortedFunc(slices.Values(batch), func(a, b paid) int {
		if a.merchant != b.merchant {
			return int(a.merchant) - int(b.merchant)
		}
		return strings.Compare(a.order, b.order)
	})
}
