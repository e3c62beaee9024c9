package mysql

import (
	"strings"

	"gazua.example/payment-api/payment"
)

// choice is what one column becomes in the rows of one UPDATE. Where all get the same it is just that, and so it is for a
// batch of one; else a CASE, which the server walks through for every row.
//
//	state = ?              state = CASE id WHEN ? THEN ? WHEN ? THEN ? END
type choice struct {
	column string
	value  string // what it becomes, with one placeholder
	head   string // of the CASE
	when   string
	keys   [][]any
	args   []any
}

// byID chooses by an id, a payment's or the row's own, which this table has in the column id.
func byID(id, column, value string) *choice {
	return &choice{column: column, value: value, head: "CASE " + id, when: " WHEN ? THEN "}
}

// byWork chooses by the piece of open work, of which a payment can have several.
func byWork(column, value string) *choice {
	return &choice{column: column, value: value, head: "CASE", when: " WHEN payment_id = ? AND cancellation_seq = ? THEN "}
}

func (c *choice) of(id, arg any) {
	c.keys, c.args = append(c.keys, []any{id}), append(c.args, arg)
}

func (c *choice) ofWork(w payment.WorkID, arg any) {
	c.keys, c.args = append(c.keys, []any{w.Payment, w.Cancellation}), append(c.args, arg)
}

// uniform says that all get the same value.
func (c *choice) uniform() bool {
	for _, arg := range c.args[1:] {
		if _, bytes := arg.([]byte); bytes || arg != c.args[0] {
			return false
		}
	}
	return true
}

// write appends the expression and its arguments.
func (c *choice) write(text *strings.Builder, args []any) []any {
	if c.uniform() {
		text.WriteString(c.value)
		return append(args, c.args[0])
	}
	text.WriteString(c.head)
	for i, keys := range c.keys {
		text.WriteString(c.when)
		text.WriteString(c.value)
		args = append(append(args, keys...), c.args[i])
	}
	text.WriteString(" END")
	return args
}

// assign is the columns' list of an UPDATE: a = …, b = ….
func assign(choices ...*choice) (string, []any) {
	return written(", ", choices, func(c *choice) string { return c.column + " = " })
}

// match is the same as a condition: a = … AND b = ….
func match(choices ...*choice) (string, []any) {
	return written(" AND ", choices, func(c *choice) string { return c.column + " = " })
}

// chosen is the values alone, for a SELECT.
func chosen(choices ...*choice) (string, []any) {
	return written(", ", choices, func(*choice) string { return "" })
}

func written(between string, choices []*choice, name func(*choice) string) (string, []any) {
	var text strings.Builder
	var args []any
	for i, c := range choices {
		if i > 0 {
			text.WriteString(between)
		}
		text.WriteString(name(c))
		args = c.write(&text, args)
	}
	return text.String(), args
}
