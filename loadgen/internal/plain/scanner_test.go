package plain

import (
	"encoding/json"
	"testing"
	"time"
)

type sample struct {
	Text   string    `json:"text"`
	Number int64     `json:"number"`
	Small  int       `json:"small"`
	Size   uint64    `json:"size"`
	Set    bool      `json:"set"`
	At     time.Time `json:"at"`
}

var words = WordList("PAID")

func (v *sample) field(s *Scanner, name string) (uint32, bool) {
	switch name {
	case "text":
		return 1, s.Text(&v.Text, words)
	case "number":
		return 2, s.Number(&v.Number)
	case "small":
		return 4, s.Integer(&v.Small)
	case "size":
		return 8, s.Unsigned(&v.Size)
	case "set":
		return 16, s.True(&v.Set)
	case "at":
		return 32, s.Time(&v.At)
	}
	return 0, false
}

func TestObject_PlainLine_IsRead(t *testing.T) {
	var got sample
	at := time.Date(2026, 11, 23, 4, 5, 6, 789_000_000, time.UTC)
	line := `{"text":"PAID","number":-12,"small":3,"size":0,"set":true,"at":"2026-11-23T04:05:06.789Z"}` + "\n"
	if !Object([]byte(line), got.field) || got != (sample{"PAID", -12, 3, 0, true, at}) {
		t.Errorf("read %+v", got)
	}
}

func TestObject_WhateverElse_IsLeftToAnother(t *testing.T) {
	for _, line := range []string{
		``, `{`, `{}`, `[]`, ` {"small":1}`, `{"small":1} `, `{"small":1}}`, `{"small":1,}`, `{"small":1` + "\n", `{"small" :1}`, `{"small":1,"small":1}`,
		`{"other":1}`, `{"Small":1}`, `{"small":1.0}`, `{"small":1e3}`, `{"small":01}`, `{"small":-0}`, `{"small":-}`, `{"number":1234567890123456789}`,
		`{"size":-1}`, `{"set":false}`, `{"set":1}`, `{"text":"a\n"}`, "{\"text\":\"\xff\"}", `{"text":"é"}`, `{"text":null}`, `{"text":"a`,
		`{"at":"2026-11-23"}`, `{"at":"2026-11-23T04:05:06+09:00"}`, `{"at":"2026-11-23T04:05:06,5Z"}`, `{"at":"2026-11-23T4:05:06.5Z"}`, `{"at":"2026-13-23T04:05:06Z"}`,
	} {
		var got sample
		if Object([]byte(line), got.field) {
			t.Errorf("%q was taken as %+v", line, got)
		}
	}
}

func FuzzObject(f *testing.F) {
	f.Add([]byte(`{"text":"PAID","number":-12,"small":3,"size":0,"set":true,"at":"2026-11-23T04:05:06.789Z"}`))
	f.Add([]byte(`{"at":"2026-11-23T24:05:06.Z"}`))
	f.Add([]byte(`{"at":"0000-01-01T00:00:00Z","size":999999999999999999}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var own, theirs sample
		if !Object(line, own.field) {
			return
		}
		if err := json.Unmarshal(line, &theirs); err != nil || own != theirs {
			t.Fatalf("%q is read as %+v, and by encoding/json as %+v, %v", line, own, theirs, err)
		}
	})
}
