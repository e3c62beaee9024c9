package verify

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"
)

func TestDecodeMessage_WhatTheSystemWrites_IsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Uint64Range(1, 1<<63-1).Draw(t, "id")
		text := strconv.FormatUint(id, 10)
		for _, value := range []string{`{"v":1,"payment_id":"` + text + `"}`, `{"payment_id":"` + text + `","v":1,"more":[1]}`} {
			if got, err := decodeMessage([]byte(text), []byte(value)); err != nil || got != id {
				t.Fatalf("%s: %d, %v", value, got, err)
			}
		}
	})
}

func TestDecodeMessage_WhatIsNone_IsAnError(t *testing.T) {
	for _, of := range [][2]string{
		{"5", ""},
		{"5", "{"},
		{"5", "null"},
		{"5", `{"v":1}`},
		{"5", `{"v":2,"payment_id":"5"}`},
		{"5", `{"v":1,"payment_id":5}`},
		{"0", `{"v":1,"payment_id":"0"}`},
		{"05", `{"v":1,"payment_id":"05"}`},
		{"-5", `{"v":1,"payment_id":"-5"}`},
		{"", `{"v":1,"payment_id":"5"}`},
		{"9223372036854775808", `{"v":1,"payment_id":"9223372036854775808"}`},
		{"5", `{"v":1,"payment_id":"5"}{}`},
		{"6", `{"v":1,"payment_id":"5"}`},
	} {
		if id, err := decodeMessage([]byte(of[0]), []byte(of[1])); err == nil || id != 0 {
			t.Errorf("key %q value %s: %d, %v", of[0], of[1], id, err)
		}
	}
}

func FuzzDecodeMessage(f *testing.F) {
	f.Add("5", `{"v":1,"payment_id":"5"}`)
	f.Add("", `null`)
	f.Fuzz(func(t *testing.T, key, value string) {
		id, err := decodeMessage([]byte(key), []byte(value))
		if (err == nil) != (id != 0) || err == nil && strconv.FormatUint(id, 10) != key {
			t.Errorf("%d, %v", id, err)
		}
	})
}

func FuzzDecodeDeadLetter(f *testing.F) {
	f.Add("not JSON", "topic/3/14")
	f.Add(" ", "topic/-1/x")
	f.Fuzz(func(t *testing.T, reason, from string) {
		at, err := decodeDeadLetter("topic", []kgo.RecordHeader{{Key: "reason", Value: []byte(reason)}, {Key: "from", Value: []byte(from)}})
		if err != nil {
			return
		}
		again, err := decodeDeadLetter("topic", []kgo.RecordHeader{{Key: "from", Value: fmt.Appendf(nil, "topic/%s", at)}, {Key: "reason", Value: []byte("x")}})
		if err != nil || again != at || at.partition < 0 || at.offset < 0 {
			t.Errorf("%v, then %v, %v", at, again, err)
		}
	})
}
