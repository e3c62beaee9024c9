package e2e_test

import (
	"encoding/hex"
	"strings"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// span is one that arrived at the collector.
type span struct {
	service, name string
	kind          otlp.Span_SpanKind
	id, parent    string
	links         []string // span ids, of this trace or another
	attributes    map[string]string
	failed        bool
}

// trace is the spans of one trace that have arrived so far.
type trace []span

// exported reads the spans of a trace out of what the programs have exported.
func exported(t *testing.T, id string) trace {
	t.Helper()
	var all trace
	for _, body := range system.traces.all() {
		if !strings.HasSuffix(body.where, "/v1/traces") {
			continue
		}
		var request collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body.text, &request); err != nil {
			t.Fatalf("%s is no export of spans: %v", body.where, err)
		}
		for _, resource := range request.ResourceSpans {
			service := attributesOf(resource.Resource.Attributes)["service.name"]
			for _, scope := range resource.ScopeSpans {
				for _, s := range scope.Spans {
					if hex.EncodeToString(s.TraceId) == id {
						all = append(all, spanOf(service, s))
					}
				}
			}
		}
	}
	return all
}

func spanOf(service string, s *otlp.Span) span {
	one := span{
		service: service, name: s.Name, kind: s.Kind, id: hex.EncodeToString(s.SpanId), parent: hex.EncodeToString(s.ParentSpanId),
		attributes: attributesOf(s.Attributes), failed: s.Status.GetCode() == otlp.Status_STATUS_CODE_ERROR,
	}
	for _, link := range s.Links {
		one.links = append(one.links, hex.EncodeToString(link.SpanId))
	}
	return one
}

func attributesOf(list []*common.KeyValue) map[string]string {
	attributes := map[string]string{}
	for _, a := range list {
		text := a.Value.GetStringValue()
		if _, is := a.Value.GetValue().(*common.AnyValue_StringValue); !is {
			text = strings.TrimSpace(a.Value.String()[strings.Index(a.Value.String(), ":")+1:])
		}
		attributes[a.Key] = text
	}
	return attributes
}

// all finds the spans of a name below a parent; an empty parent: below any.
func (tr trace) all(name, parent string) (found trace) {
	for _, s := range tr {
		if s.name == name && (parent == "" || s.parent == parent) {
			found = append(found, s)
		}
	}
	return found
}

// one is the only span of its name below a parent.
func (tr trace) one(t *testing.T, name, parent string, kind otlp.Span_SpanKind) span {
	t.Helper()
	found := tr.all(name, parent)
	if len(found) != 1 {
		t.Fatalf("%d spans %q below %s, want 1; the trace has %s", len(found), name, parent, tr)
	}
	if found[0].kind != kind {
		t.Errorf("%q is %s, want %s", name, found[0].kind, kind)
	}
	return found[0]
}

func (tr trace) String() string {
	var lines strings.Builder
	for _, s := range tr {
		lines.WriteString("\n  " + s.service + " " + s.name + " " + s.id + " below " + s.parent)
	}
	return lines.String()
}

// has checks attributes; an empty value: there is one.
func (s span) has(t *testing.T, want map[string]string) {
	t.Helper()
	for key, value := range want {
		got, is := s.attributes[key]
		if !is || value != "" && got != value {
			t.Errorf("%s: %s is %q, want %q", s.name, key, got, value)
		}
	}
}
