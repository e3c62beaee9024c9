package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// promise is openapi.yaml, read for comparing: OpenAPI 3.1's schemas are JSON Schema 2020-12.
type promise struct {
	file       any
	compiler   *jsonschema.Compiler
	operations map[string]*operation // "POST /v1/payments"
	problem    *jsonschema.Schema
}

type operation struct {
	name      string // as its key
	path      *regexp.Regexp
	secured   bool
	body      *jsonschema.Schema // nil: none
	query     map[string]*jsonschema.Schema
	headers   map[string]*jsonschema.Schema // required ones of the request
	responses map[int]response
}

type response struct {
	bodies  map[string]*jsonschema.Schema // by content type
	headers map[string]promisedHeader
}

type promisedHeader struct {
	required bool
	value    *jsonschema.Schema
}

const fileName = "openapi.json"

var readPromise = sync.OnceValue(func() *promise {
	var yamls any
	if err := yaml.Unmarshal(openAPIFile, &yamls); err != nil {
		panic(err)
	}
	text, err := json.Marshal(yamls)
	if err != nil {
		panic(err)
	}
	p := &promise{compiler: jsonschema.NewCompiler(), operations: map[string]*operation{}}
	if p.file, err = jsonschema.UnmarshalJSON(bytes.NewReader(text)); err != nil {
		panic(err)
	}
	p.compiler.DefaultDraft(jsonschema.Draft2020)
	p.compiler.AssertFormat()
	if err := p.compiler.AddResource(fileName, p.file); err != nil {
		panic(err)
	}
	p.problem = p.schema("/components/schemas/Problem")
	for _, path := range p.names("/paths") {
		at := "/paths/" + escape(path)
		for _, method := range p.names(at) {
			if method != "parameters" {
				p.readOperation(strings.ToUpper(method), path, at, at+"/"+method)
			}
		}
	}
	return p
})

func (p *promise) readOperation(method, path, parent, at string) {
	o := &operation{
		name: method + " " + path, secured: true, query: map[string]*jsonschema.Schema{}, headers: map[string]*jsonschema.Schema{}, responses: map[int]response{},
		path: regexp.MustCompile("^" + regexp.MustCompile(`\\{[a-z]+\\}`).ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$"),
	}
	if node, _ := p.find(at + "/security"); node != nil {
		o.secured = len(node.([]any)) > 0
	}
	for _, list := range []string{parent + "/parameters", at + "/parameters"} {
		for i := range p.length(list) {
			node, where := p.find(list + "/" + strconv.Itoa(i))
			parameter := node.(map[string]any)
			switch name := parameter["name"].(string); parameter["in"] {
			case "query":
				o.query[name] = p.schema(where + "/schema")
			case "header":
				if parameter["required"] == true {
					o.headers[name] = p.schema(where + "/schema")
				}
			}
		}
	}
	if node, where := p.find(at + "/requestBody"); node != nil {
		o.body = p.schema(where + "/content/application~1json/schema")
	}
	for _, status := range p.names(at + "/responses") {
		number, err := strconv.Atoi(status)
		if err != nil {
			panic(o.name + ": status " + status)
		}
		_, where := p.find(at + "/responses/" + status)
		r := response{bodies: map[string]*jsonschema.Schema{}, headers: map[string]promisedHeader{}}
		for _, kind := range p.names(where + "/content") {
			r.bodies[kind] = p.schema(where + "/content/" + escape(kind) + "/schema")
		}
		for _, name := range p.names(where + "/headers") {
			node, header := p.find(where + "/headers/" + name)
			r.headers[name] = promisedHeader{node.(map[string]any)["required"] == true, p.schema(header + "/schema")}
		}
		o.responses[number] = r
	}
	p.operations[o.name] = o
}

// find follows a JSON pointer, through references, and says where it ended.
func (p *promise) find(pointer string) (node any, where string) {
	node = p.file
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		name := strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch n := node.(type) {
		case map[string]any:
			node = n[name]
		case []any:
			i, _ := strconv.Atoi(name)
			node = n[i]
		}
		where += "/" + part
		if n, ok := node.(map[string]any); ok {
			if ref, ok := n["$ref"].(string); ok {
				node, where = p.find(strings.TrimPrefix(ref, "#"))
			}
		}
		if node == nil {
			return nil, where
		}
	}
	return node, where
}

func (p *promise) names(pointer string) (names []string) {
	node, _ := p.find(pointer)
	members, _ := node.(map[string]any)
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (p *promise) length(pointer string) int {
	node, _ := p.find(pointer)
	list, _ := node.([]any)
	return len(list)
}

func (p *promise) schema(pointer string) *jsonschema.Schema {
	return p.compiler.MustCompile(fileName + "#" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(pointer))
}

func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

// of finds the operation of a request; nil: the file has none.
func (p *promise) of(method, path string) *operation {
	for _, o := range p.operations {
		if m, _, _ := strings.Cut(o.name, " "); m == method && o.path.MatchString(path) {
			return o
		}
	}
	return nil
}

// check says what in an answer is not as the file promises, and what in a request that was granted is not as it asks.
func (p *promise) check(request *http.Request, sent []byte, status int, header http.Header, body []byte) (*operation, error) {
	o := p.of(request.Method, request.URL.EscapedPath())
	if o == nil || status == http.StatusMethodNotAllowed { // an address or method that is none
		return nil, valid(p.problem, "application/problem+json", header.Get("Content-Type"), body)
	}
	r, known := o.responses[status]
	if !known {
		return o, fmt.Errorf("status %d is not in the file", status)
	}
	kind := header.Get("Content-Type")
	schema := r.bodies[kind]
	if schema == nil {
		return o, fmt.Errorf("content type %q is not in the file", kind)
	}
	if err := valid(schema, kind, kind, body); err != nil {
		return o, err
	}
	for name, h := range r.headers {
		if value := header.Get(name); value != "" || h.required {
			if err := validText(h.value, value); err != nil {
				return o, fmt.Errorf("header %s %q: %w", name, value, err)
			}
		}
	}
	for _, name := range []string{"Location", "Retry-After", "Preference-Applied", "Idempotent-Replayed"} {
		if _, known := r.headers[name]; !known && header.Get(name) != "" {
			return o, fmt.Errorf("header %s is not in the file", name)
		}
	}
	if status < 300 {
		return o, o.asks(request, sent)
	}
	return o, nil
}

// asks says what in a request is not as the file asks.
func (o *operation) asks(request *http.Request, sent []byte) error {
	for name, schema := range o.headers {
		if err := validText(schema, request.Header.Get(name)); err != nil {
			return fmt.Errorf("granted, but header %s: %w", name, err)
		}
	}
	for name, values := range request.URL.Query() {
		if o.query[name] == nil || len(values) != 1 {
			return fmt.Errorf("granted, but parameter %s is not in the file", name)
		}
		if err := validText(o.query[name], values[0]); err != nil {
			return fmt.Errorf("granted, but parameter %s: %w", name, err)
		}
	}
	if o.body == nil {
		return nil
	}
	if err := valid(o.body, "application/json", "application/json", sent); err != nil {
		return fmt.Errorf("granted, but the body: %w", err)
	}
	return nil
}

func valid(schema *jsonschema.Schema, want, kind string, body []byte) error {
	if kind != want {
		return fmt.Errorf("content type %q, want %q", kind, want)
	}
	if !strings.HasSuffix(kind, "json") {
		return schema.Validate(string(body))
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the body %q: %w", body, err)
	}
	return schema.Validate(value)
}

// validText takes a text for a number where it is one and may be.
func validText(schema *jsonschema.Schema, text string) error {
	err := schema.Validate(text)
	if number, isNone := strconv.Atoi(text); err != nil && isNone == nil {
		return schema.Validate(number)
	}
	return err
}

// witness holds every answer that a test gets against the file, and remembers which were seen.
type witness struct {
	t     *testing.T
	inner *http.Transport
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		sent, _ = io.ReadAll(r.Body)
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	answer, err := w.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(body))
	if r.Method != http.MethodHead {
		w.saw(r, sent, answer.StatusCode, answer.Header, body)
	}
	return answer, err
}

func (w *witness) saw(r *http.Request, sent []byte, status int, header http.Header, body []byte) {
	o, err := readPromise().check(r, sent, status, header, body)
	if err != nil {
		w.t.Errorf("openapi.yaml and the door differ: %s %s was answered %d %s: %v", r.Method, r.URL, status, body, err)
	}
	if o != nil {
		seen.add(fmt.Sprintf("%s %d", o.name, status))
	}
}

// CloseIdleConnections is what http.Client looks for.
func (w *witness) CloseIdleConnections() { w.inner.CloseIdleConnections() }

// seen is every operation and status that some test of this package produced.
var seen sightings

type sightings struct {
	mu  sync.Mutex
	all map[string]bool
}

func (s *sightings) add(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]bool{}
	}
	s.all[what] = true
}

// missing lists what the file promises and no test has seen.
func (s *sightings) missing() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range readPromise().operations {
		for status := range o.responses {
			if what := fmt.Sprintf("%s %d", o.name, status); !s.all[what] {
				list = append(list, what)
			}
		}
	}
	slices.Sort(list)
	return list
}
