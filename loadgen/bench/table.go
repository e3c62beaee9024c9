package bench

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// table is figures in rows and columns, the same for the text and the page.
type table struct {
	Title string
	Note  string
	Head  []string
	Rows  [][]string
}

// block is all cells of one mode and one number of legs.
type block struct {
	Mode        string
	Legs        int
	Clients     []int
	Contestants []string
	cells       map[int]map[string]*Cell
}

// blocks sorts the grid for people. The contestants stand in the order of the design: the ceiling first.
func blocks(cells []*Cell) (all []*block) {
	for _, c := range cells {
		at := slices.IndexFunc(all, func(b *block) bool { return b.Mode == c.Mode && b.Legs == c.Legs })
		if at < 0 {
			all = append(all, &block{Mode: c.Mode, Legs: c.Legs, cells: map[int]map[string]*Cell{}})
			at = len(all) - 1
		}
		b := all[at]
		if b.cells[c.Clients] == nil {
			b.cells[c.Clients] = map[string]*Cell{}
			b.Clients = append(b.Clients, c.Clients)
		}
		b.cells[c.Clients][c.Contestant] = c
		if !slices.Contains(b.Contestants, c.Contestant) {
			b.Contestants = append(b.Contestants, c.Contestant)
		}
	}
	order := []string{Raw, System, TelemetryOn, Plain, Legacy}
	for _, b := range all {
		slices.Sort(b.Clients)
		slices.SortFunc(b.Contestants, func(x, y string) int { return slices.Index(order, x) - slices.Index(order, y) })
	}
	return all
}

func (b *block) title() string {
	mode := map[string]string{Sync: "synchronous", Async: "asynchronous (to its end)"}[b.Mode]
	return fmt.Sprintf("%s, %s", mode, map[bool]string{true: "1 leg (card)", false: "3 legs (coupon, points, card)"}[b.Legs == 1])
}

// tables of a section's cells: rate, latency, CPU.
func (r *Report) tables(cells []*Cell) (all []table) {
	for _, b := range blocks(cells) {
		all = append(all, b.byClients("payments/s: "+b.title(), "mean ± half of the 95 % interval, and the verdict of all repeats", func(c *Cell) string {
			return told(c.Rate) + " " + c.Verdict
		}, r), b.byClients("p50 / p99 in ms: "+b.title(), "of the repeats, the mean", func(c *Cell) string {
			return c.marked(short(c.P50.Mean) + " / " + short(c.P99.Mean))
		}, r), b.cpu())
	}
	return all
}

// byClients is a table with a row for each number of clients and a column for each contestant.
func (b *block) byClients(title, note string, figure func(*Cell) string, r *Report) table {
	t := table{Title: title, Note: note, Head: append([]string{"clients"}, b.Contestants...)}
	withLegacy := b.Mode == Async && r.Contestants[Legacy] != "" && b.Clients[0] > 0
	if withLegacy {
		t.Head = append(t.Head, Legacy)
	}
	for _, clients := range b.Clients {
		row := []string{strconv.Itoa(clients)}
		if clients == 0 {
			row[0] = "open"
		}
		for _, name := range b.Contestants {
			c := b.cells[clients][name]
			if c == nil {
				row = append(row, "–")
				continue
			}
			text := figure(c)
			if clients == 0 {
				text += fmt.Sprintf(" (at %.0f/s)", c.Place.Rate)
			}
			row = append(row, text)
		}
		if withLegacy {
			row = append(row, "none") // it has no asynchronous payments
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// cpu has a row for each contestant and number of clients, and a column for each program.
func (b *block) cpu() table {
	var programs []string
	for _, clients := range b.Clients {
		for _, c := range b.cells[clients] {
			for _, p := range slices.Sorted(maps.Keys(c.CPU)) {
				if !slices.Contains(programs, p) {
					programs = append(programs, p)
				}
			}
		}
	}
	order := []string{"mysql", "payment-api", "payment-worker", "broker", "haproxy", "mock-pg", "loadgen", "monitor", "client"}
	place := func(p string) int {
		if at := slices.Index(order, p); at >= 0 {
			return at
		}
		return len(order)
	}
	slices.SortFunc(programs, func(x, y string) int { return place(x) - place(y) })
	t := table{
		Title: "CPU-µs a payment: " + b.title(), Note: "user and system, each program with all its processes; system: all but mock-pg, loadgen and its monitor; client writes the raw rows",
		Head: append([]string{"clients", "contestant", "system"}, programs...),
	}
	for _, clients := range b.Clients {
		for _, name := range b.Contestants {
			c := b.cells[clients][name]
			if c == nil || len(c.CPU) == 0 {
				continue
			}
			row := []string{strconv.Itoa(clients), c.marked(name), told(c.System)}
			if clients == 0 {
				row[0] = "open"
			}
			for _, p := range programs {
				if f, ok := c.CPU[p]; ok {
					row = append(row, told(f))
				} else {
					row = append(row, "–")
				}
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// marked puts the verdict of a cell that is not good behind a figure of it.
func (c *Cell) marked(text string) string {
	if c.good() {
		return text
	}
	return text + " " + c.Verdict
}

// told is a figure with half of its interval: 1,264 ±110.
func told(f Figure) string {
	if f.N == 0 {
		return "–"
	}
	if half := f.half(); !math.IsNaN(half) {
		return short(f.Mean) + " ±" + short(half)
	}
	return short(f.Mean)
}

// short has three digits at least, with commas between thousands.
func short(v float64) string {
	switch a := math.Abs(v); {
	case a < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a < 1000:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	whole := strconv.FormatInt(int64(math.Round(v)), 10)
	for at := len(whole) - 3; at > 0 && whole[at-1] != '-'; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	return whole
}
