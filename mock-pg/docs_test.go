package main

import (
	"os"
	"strings"
	"testing"

	"gazua.example/mock-pg/fault"
	"gazua.example/mock-pg/pgsim/script"
)

// The reference for users must not forget a fault or an operation.
func TestDocs_NameEveryFaultAndOperation(t *testing.T) {
	text, err := os.ReadFile("../docs/mock-pg.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range fault.Kinds() {
		if !strings.Contains(string(text), "\n| `"+kind.Name+"` |") {
			t.Errorf("docs/mock-pg.md has no row for the fault %s", kind.Name)
		}
	}
	for op := range script.Ops {
		if name := script.Op(op).String(); !strings.Contains(string(text), "/v1/"+name+"` |") {
			t.Errorf("docs/mock-pg.md has no row for the operation %s", name)
		}
	}
}
