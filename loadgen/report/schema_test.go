package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
)

func resultSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("result.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("result.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func asJSON(t *testing.T, r *Result) map[string]any {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return document.(map[string]any)
}

// full is a result in which no field is left out.
func full() *Result {
	r := example()
	r.System = Legacy
	r.Tag, r.Command, r.Pressure, r.Monitor = "nightly", []string{"loadgen", "run"}, &Pressure{CPU: 0.5}, &Monitor{CPU: 1}
	r.Host = Host{
		Name: "vm", OS: "linux/amd64", Kernel: "6.1", CPU: "some", Cores: 2, BedCPUs: "0", Memory: 1 << 34, Commit: "0123456789ab", Modified: true,
		Versions: map[string]string{"go": "go1.26"},
	}
	r.Stack = []Process{{Name: "payment-api-1", PID: 7, SHA256: "00", CPUs: "0-1", Settings: map[string]string{"GROUP_MAX": "64"}}}
	r.Hold(scenario.Default().Gate)
	r.Conservation.Mismatches = []string{"a is 1, b is 2"}
	r.Conclude(nil)
	return r
}

func TestSchema_HoldsWhatResultsHave(t *testing.T) {
	schema := resultSchema(t)
	for name, r := range map[string]*Result{
		"full":                   full(),
		"written before it runs": {Schema: Schema, Verdict: Unfinished, Model: "open", Host: Host{Versions: map[string]string{}}},
		"nothing went wrong":     {Schema: Schema, Verdict: Pass, Model: "closed", Host: Host{Versions: map[string]string{}}, Faults: []record.Group{}},
	} {
		if err := schema.Validate(asJSON(t, r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A field that the schema does not know, or of another type, is found wherever it is.
func TestSchema_RefusesWhatItDoesNotKnow(t *testing.T) {
	schema := resultSchema(t)
	for name, spoil := range map[string]func(r map[string]any){
		"a field more":        func(r map[string]any) { r["colour"] = "red" },
		"a field more, deep":  func(r map[string]any) { r["counts"].(map[string]any)["probes"].(map[string]any)["lost"] = 1 },
		"a field less":        func(r map[string]any) { delete(r, "counts") },
		"another schema":      func(r map[string]any) { r["schema"] = "gazua.result/3" },
		"another system":      func(r map[string]any) { r["system"] = "future" },
		"another verdict":     func(r map[string]any) { r["verdict"] = "MAYBE" },
		"a text for a number": func(r map[string]any) { r["rate_per_s"] = "300" },
		"a trace that is none": func(r map[string]any) {
			r["faults"].([]any)[0].(map[string]any)["sample"].(map[string]any)["trace_id"] = "x"
		},
		"a share above 1":       func(r map[string]any) { r["efficiency"].(map[string]any)["bed_cpu_share"] = 20 },
		"a bound nobody knows":  func(r map[string]any) { r["gate"].([]any)[0].(map[string]any)["name"] = "mood" },
		"a process without pid": func(r map[string]any) { delete(r["stack"].([]any)[0].(map[string]any), "pid") },
	} {
		r := asJSON(t, full())
		spoil(r)
		if err := schema.Validate(r); err == nil {
			t.Errorf("%s: taken for a result", name)
		}
	}
}

// Whoever reads a result finds each field explained.
func TestSchema_DescribesEveryField(t *testing.T) {
	var walk func(path string, node any)
	walk = func(path string, node any) {
		object, ok := node.(map[string]any)
		if !ok {
			return
		}
		properties, _ := object["properties"].(map[string]any)
		for name, field := range properties {
			f := field.(map[string]any)
			if f["description"] == nil && f["const"] == nil && f["$ref"] == nil {
				t.Errorf("%s.%s is not described", path, name)
			}
			walk(path+"."+name, f)
		}
		walk(path+"[]", object["items"])
	}
	var schema map[string]any
	if err := json.Unmarshal(JSONSchema, &schema); err != nil {
		t.Fatal(err)
	}
	walk("result", schema)
	for name, definition := range schema["$defs"].(map[string]any) {
		walk(name, definition)
	}
}

func TestLoad_OtherSchema_IsRefusedWithOneSentence(t *testing.T) {
	for text, want := range map[string]string{
		`{"schema":"gazua.result/99"}`:                           `has schema "gazua.result/99"`,
		`{"schema":"gazua.result/1","counts":{"planned":"old"}}`: "older loadgen",
		`{`: "result.json",
	} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "result.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(folder); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", text, err)
		}
	}
}

// FuzzDecodeResult: what is read can be written, and means the same.
func FuzzDecodeResult(f *testing.F) {
	for _, r := range []*Result{full(), {Schema: Schema}} {
		text, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"schema":"gazua.result/1"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := decodeResult(text)
		if err != nil {
			return
		}
		written, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeResult(written)
		if err != nil {
			t.Fatal(err)
		}
		if rewritten, _ := json.Marshal(again); !bytes.Equal(written, rewritten) {
			t.Errorf("%s became %s", written, rewritten)
		}
	})
}
