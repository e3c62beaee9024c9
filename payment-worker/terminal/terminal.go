// Package terminal prints what the verbs find: a table for people, JSON for machines. Much of it came from outside (keys,
// reasons, what a merchant's server said), so nothing is printed that a terminal or a log could take for a command: what
// is not a visible character appears as its escape, in JSON too.
package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxCell bounds a cell of a table, in characters; JSON has all.
const maxCell = 80

// Plain is text with everything invisible escaped as Go would: \n, \x1b, \u202e. A backslash is doubled, so that what looks
// like an escape was one.
func Plain(text string) string {
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// Table prints rows below a header, in columns.
func Table(w io.Writer, header []string, rows [][]string) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, "none")
		return err
	}
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, strings.Join(header, "\t"))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = fit(Plain(cell))
		}
		fmt.Fprintln(columns, strings.Join(cells, "\t"))
	}
	return columns.Flush()
}

func fit(cell string) string {
	if cell == "" {
		return "-"
	}
	if utf8.RuneCountInString(cell) <= maxCell {
		return cell
	}
	return string([]rune(cell)[:maxCell-1]) + "…"
}

// JSON prints a value on one line.
func JSON(w io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode as JSON: %w", err)
	}
	_, err = w.Write(append(visible(text), '\n'))
	return err
}

// visible escapes what encoding/json lets through and a terminal may obey: DEL, C1 controls, marks that turn the direction
// of writing. Between strings JSON is ASCII, so each of these stands in one.
func visible(text []byte) []byte {
	plain := make([]byte, 0, len(text))
	for _, r := range string(text) {
		switch {
		case r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r):
			plain = utf8.AppendRune(plain, r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			plain = fmt.Appendf(plain, `\u%04x\u%04x`, high, low)
		default:
			plain = fmt.Appendf(plain, `\u%04x`, r)
		}
	}
	return plain
}

// Age is a duration to the second.
func Age(d time.Duration) string { return d.Round(time.Second).String() }
