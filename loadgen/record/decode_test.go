package record

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// plainEntry draws what the journal writes of payments: all its fields but the header's.
func plainEntry(t *rapid.T) Entry {
	word := rapid.SampledFrom([]string{"", "PAID", "x", "timeout", "order-already-paid", "run-1-77", "123456789.1"})
	signed := rapid.Int64Range(-1_000_000_000_000_000, 1_000_000_000_000_000)
	small := rapid.IntRange(-3, 3_000_000)
	e := Entry{
		Kind:   rapid.SampledFrom([]string{"p", "u", "a", "g", "f", "x", "xg", "xf", "c", "cg", "cf", "w"}).Draw(t, "kind"),
		Number: rapid.IntRange(0, 100_000_000).Draw(t, "number"), Cancel: rapid.IntRange(0, 5).Draw(t, "cancel"),
		At: signed.Draw(t, "at"), Order: word.Draw(t, "order"), Merchant: rapid.Uint32().Draw(t, "merchant"), Amount: signed.Draw(t, "amount"),
		Currency: word.Draw(t, "currency"), What: word.Draw(t, "what"), Key: word.Draw(t, "key"), Async: rapid.Bool().Draw(t, "async"),
		Sent: signed.Draw(t, "sent"), Done: signed.Draw(t, "done"), Status: small.Draw(t, "status"), Class: word.Draw(t, "class"),
		Problem: word.Draw(t, "problem"), ID: word.Draw(t, "id"), Seq: small.Draw(t, "seq"), State: word.Draw(t, "state"),
		Hash: word.Draw(t, "hash"), Replayed: rapid.Bool().Draw(t, "replayed"), Revision: small.Draw(t, "revision"), Signed: rapid.Bool().Draw(t, "signed"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "legs") {
		e.Legs = append(e.Legs, Leg{Means: word.Draw(t, "means"), Amount: signed.Draw(t, "leg")})
	}
	return e
}

// A field that is added to the journal must be added to decodeOwn too, or reading it takes many times as long.
func TestDecodeOwn_WhatTheJournalWrites_IsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := plainEntry(t)
		line := appendEntry(nil, &want)
		var got Entry
		if !decodeOwn(line, &got) {
			t.Fatalf("%s: left to encoding/json", line)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: read as %+v", line, got)
		}
	})
	// Each field of Entry by itself, so that one that is new is not forgotten above.
	fields := reflect.TypeFor[Entry]()
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Field(i).Tag.Get("json"), ",")
		if name == "v" || name == "run" || name == "start" {
			continue // of the one header
		}
		var e Entry
		fill(reflect.ValueOf(&e).Elem().Field(i))
		if e.Kind == "" {
			e.Kind = "a"
		}
		var got Entry
		if line := appendEntry(nil, &e); !strings.Contains(string(line), `"`+name+`":`) || !decodeOwn(line, &got) || !reflect.DeepEqual(got, e) {
			t.Errorf("field %s: decodeOwn does not read %s", name, line)
		}
	}
}

// fill sets a field to something that is not its zero.
func fill(field reflect.Value) {
	switch field.Kind() {
	case reflect.String:
		field.SetString("x")
	case reflect.Bool:
		field.SetBool(true)
	case reflect.Uint32:
		field.SetUint(7)
	case reflect.Slice:
		field.Set(reflect.MakeSlice(field.Type(), 1, 1))
		fill(field.Index(0))
	case reflect.Struct:
		fill(field.Field(0))
	default:
		field.SetInt(7)
	}
}

// What decodeOwn takes, encoding/json must take for the same.
func FuzzDecodeOwn(f *testing.F) {
	for _, line := range []string{
		`{"k":"p","n":3,"at":5,"o":"r-3","m":7,"amt":700,"cur":"KRW","legs":[{"w":"PG","amt":600},{"w":"POINT","amt":100}],"key":"k","async":true}` + "\n",
		`{"k":"a","n":3,"s":-1,"d":2,"st":201,"id":"9","b":"PAID","h":"00ff","rep":true}`,
		`{"k":"w","n":0,"x":"payment.paid","id":"9","ver":3,"ok":true,"cs":1}`,
		`{"k":"a","n":007}`, `{"k":"a","n":-0}`, `{"k":"a","k":"g"}`, `{"k":"a","K":"g"}`, `{"k":"a","m":-1}`, `{"m":-0}`, `{"k":"a","m":4294967296}`,
		`{"k":"a","at":9223372036854775807}`, `{"k":"a","at":99999999999999999999}`, `{"k":"a","async":false}`, `{"k":"a","legs":[]}`, `{"k":"a","legs":null}`,
		`{"k":"a"} `, `{"k":"a"}}`, `{"k":"a"}` + "\n\n", `{"k":"a",}`, `{}`, `{"k":"\u0061"}`, "{\"k\":\"\xff\"}", `{"k":"é"}`, `{"k":"a"`, ``,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var own Entry
		if !decodeOwn(line, &own) {
			return
		}
		any, err := decodeAny(line)
		if err != nil || !reflect.DeepEqual(own, any) {
			t.Fatalf("%q is read as %+v, and by encoding/json as %+v, %v", line, own, any, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	line := []byte(`{"k":"a","n":3,"o":"20261123-soak-3","amt":700,"cur":"KRW","s":1234567,"d":1239567,"st":201,"id":"4611686018427387904","b":"PAID","h":"00ff00ff00ff00ff"}` + "\n")
	b.Run("own", func(b *testing.B) {
		for b.Loop() {
			if _, err := Decode(line); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("any", func(b *testing.B) {
		for b.Loop() {
			if _, err := decodeAny(line); err != nil {
				b.Fatal(err)
			}
		}
	})
}
