package payment

import (
	"fmt"
	"strings"
)

// StatesDoc is docs/states.md, made from the tables of transitions; a test holds the file against it.
func StatesDoc() string {
	var doc strings.Builder
	doc.WriteString("# States\n\nMade by `payment-api states` from the tables in payment-api/payment/states.go; a test fails when the two differ.\n" +
		"Outside, UNDOING, REVIEW and a leg that is PENDING or UNKNOWN show as PROCESSING.\n")
	write(&doc, "A payment", PaymentMoves, func(s State) bool { return s.Final() })
	write(&doc, "A leg", LegMoves, func(LegState) bool { return false })
	return doc.String()
}

func write[S ~string](doc *strings.Builder, title string, moves []Move[S], final func(S) bool) {
	name := func(s S) string {
		if s == "" {
			return "[*]"
		}
		return string(s)
	}
	fmt.Fprintf(doc, "\n## %s\n\n```mermaid\nstateDiagram-v2\n", title)
	ended := map[S]bool{}
	for _, m := range moves {
		if m.From != m.To {
			fmt.Fprintf(doc, "    %s --> %s\n", name(m.From), name(m.To))
		}
		if final(m.To) && !ended[m.To] {
			ended[m.To] = true
			fmt.Fprintf(doc, "    %s --> [*]\n", name(m.To))
		}
	}
	doc.WriteString("```\n\n| from | to | when |\n|---|---|---|\n")
	for _, m := range moves {
		fmt.Fprintf(doc, "| %s | %s | %s |\n", name(m.From), name(m.To), m.When)
	}
}
