package payment

import (
	"encoding/json"
	"fmt"
	"strings"
)

// StatesDoc is docs/states.md, made from the tables of transitions; a test holds the file against it.
func StatesDoc() string {
	var doc strings.Builder
	doc.WriteString("# States\n\nMade by `payment-api states` from the tables in payment-api/payment/states.go; a test fails when the two differ.\n" +
		"Outside, UNDOING, REVIEW and a leg or refund that is PENDING or UNKNOWN show as PROCESSING.\n")
	write(&doc, "A payment", PaymentMoves, func(s State) bool { return s.Final() })
	write(&doc, "A leg", LegMoves, func(LegState) bool { return false })
	write(&doc, "A cancellation", CancellationMoves, func(s CancellationState) bool { return s.Final() })
	write(&doc, "A refund of a cancellation", RefundMoves, func(s RefundState) bool { return s != RefundPending })
	return doc.String()
}

// StatesJSON is the tables as data, for those who keep their own and want to compare.
func StatesJSON() []byte {
	tables, err := json.Marshal(map[string][][2]string{
		"payment": pairs(PaymentMoves), "leg": pairs(LegMoves), "cancellation": pairs(CancellationMoves), "refund": pairs(RefundMoves),
	})
	if err != nil {
		panic(fmt.Sprintf("encode the states: %v", err)) // texts only
	}
	return append(tables, '\n')
}

func pairs[S ~string](moves []Move[S]) [][2]string {
	list := make([][2]string, len(moves))
	for i, m := range moves {
		list[i] = [2]string{string(m.From), string(m.To)}
	}
	return list
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
