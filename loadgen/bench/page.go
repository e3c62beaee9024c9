package bench

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
)

// The page is one file that needs no network and no script: the charts are drawn here. Its colours are those of a run's page.

//go:embed page.html
var pageText string

var pageLayout = template.Must(template.New("bench").Funcs(template.FuncMap{
	"lower": strings.ToLower,
	"bad":   func(text string) bool { return strings.Contains(text, fail) || strings.Contains(text, invalid) },
}).Parse(pageText))

// section of the page.
type pageSection struct {
	Title, Asks string
	Charts      []template.HTML
	Tables      []table
	Lines       []string
}

// WritePage writes bench.html beside bench.json.
func (r *Report) WritePage() (string, error) {
	view := struct {
		*Report
		Who      []string
		Aimed    table
		Sections []pageSection
	}{Report: r, Who: r.known()}
	if len(r.Aims) > 0 {
		view.Aimed = r.aimTable()
	}
	for _, name := range Sections {
		cells := r.section(name)
		if len(cells) == 0 {
			continue
		}
		s := pageSection{Title: titles[name][0], Asks: titles[name][1], Tables: r.tables(cells), Lines: backlogs(cells)}
		if t := r.ratioTable(name); len(t.Rows) > 0 {
			s.Tables = append(s.Tables, t)
		}
		if name == Grid {
			for _, b := range blocks(cells) {
				if len(b.Clients) > 1 {
					s.Charts = append(s.Charts, b.chart())
				}
			}
		}
		view.Sections = append(view.Sections, s)
	}
	var text bytes.Buffer
	if err := pageLayout.Execute(&text, view); err != nil {
		return "", fmt.Errorf("write the page of the bench: %w", err)
	}
	path := filepath.Join(r.Folder, "bench.html")
	if err := os.WriteFile(path+".new", text.Bytes(), 0o644); err != nil {
		return "", fmt.Errorf("write the page of the bench: %w", err)
	}
	return path, os.Rename(path+".new", path)
}
