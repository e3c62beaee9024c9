// Package page writes a run as one HTML file that needs no network and no other file: verdict, figures, invariants with
// their offenders, and charts over one time axis, with the marks of what was done to the system meanwhile.
//
//	a run's folder ─► gather.go: what the page shows ─► page.html: everything but the pictures, readable without scripts
//	                       └─► charts.go: series as data ─► charts.js: drawn by uPlot, in the colours of the reader's theme
package page

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"path/filepath"

	"gazua.example/loadgen/report"
)

// FileName is the page's name in a run's folder.
const FileName = "report.html"

//go:embed assets
var assets embed.FS

var layout = template.Must(template.New("page.html").Funcs(forPeople).ParseFS(assets, "assets/page.html"))

// Write makes the page of a run's folder and returns its path. What a run does not have (a monitor, a verdict in detail) is
// left out of the page, and the page says so.
func Write(folder string) (string, error) {
	result, err := report.Load(folder)
	if err != nil {
		return "", err
	}
	text, err := render(folder, result)
	if err != nil {
		return "", fmt.Errorf("write the page of %s: %w", folder, err)
	}
	path := filepath.Join(folder, FileName)
	if err := os.WriteFile(path+".new", text, 0o644); err != nil {
		return "", fmt.Errorf("write the page of %s: %w", folder, err)
	}
	return path, os.Rename(path+".new", path)
}

func render(folder string, result *report.Result) ([]byte, error) {
	view, err := gather(folder, result)
	if err != nil {
		return nil, err
	}
	charts, err := json.Marshal(view.Charts) // escapes <, > and &, so it cannot end its script element
	if err != nil {
		return nil, err
	}
	view.Data = template.JS(charts)
	for _, a := range []struct {
		name string
		css  *template.CSS
		js   *template.JS
	}{
		{"uplot/uPlot.min.css", &view.Styles.Library, nil},
		{"page.css", &view.Styles.Page, nil},
		{"uplot/uPlot.iife.min.js", nil, &view.Scripts.Library},
		{"charts.js", nil, &view.Scripts.Charts},
	} {
		text, err := assets.ReadFile("assets/" + a.name)
		if err != nil {
			return nil, err
		}
		if a.css != nil {
			*a.css = template.CSS(text)
		} else {
			*a.js = template.JS(text)
		}
	}
	var page bytes.Buffer
	if err := layout.Execute(&page, view); err != nil {
		return nil, err
	}
	return page.Bytes(), nil
}
