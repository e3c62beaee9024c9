package main

import (
	"fmt"
	"slices"
)

// figures are the repeats of one measurement.
type figures []float64

func (f figures) median() float64 {
	sorted := slices.Sorted(slices.Values(f))
	return sorted[len(sorted)/2]
}

// String is the median with the spread: 35.1 [34.0…36.9].
func (f figures) String() string {
	if len(f) == 0 {
		return "–"
	}
	digits := 1
	if f.median() >= 1000 {
		digits = 0
	}
	return fmt.Sprintf("%.*f [%.*f…%.*f]", digits, f.median(), digits, slices.Min(f), digits, slices.Max(f))
}

// table gathers figures by row and column, and prints them in the order in which they first came.
type table struct {
	rows, columns []string
	cells         map[[2]string]figures
}

func (t *table) add(row, column string, value float64) {
	if t.cells == nil {
		t.cells = map[[2]string]figures{}
	}
	if !slices.Contains(t.rows, row) {
		t.rows = append(t.rows, row)
	}
	if !slices.Contains(t.columns, column) {
		t.columns = append(t.columns, column)
	}
	t.cells[[2]string{row, column}] = append(t.cells[[2]string{row, column}], value)
}

// print writes the table as Markdown, which is what docs/measurements takes.
func (t *table) print(title string) {
	fmt.Printf("\n%s\n\n| |", title)
	for _, c := range t.columns {
		fmt.Printf(" %s |", c)
	}
	fmt.Print("\n|---|")
	for range t.columns {
		fmt.Print("---|")
	}
	fmt.Println()
	for _, r := range t.rows {
		fmt.Printf("| %s |", r)
		for _, c := range t.columns {
			fmt.Printf(" %s |", t.cells[[2]string{r, c}])
		}
		fmt.Println()
	}
}
