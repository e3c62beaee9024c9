package pgsim

import (
	"net/http"
	"time"
)

// addedPage is /stats/added.
type addedPage struct {
	Instance string `json:"instance,omitempty"`
	latencyFigures
	Mean    float64       `json:"mean_ms"`
	P90     float64       `json:"p90_ms"`
	P9999   float64       `json:"p9999_ms"`
	Buckets []addedBucket `json:"buckets"`
}

// addedBucket counts the answers that took this long or less.
type addedBucket struct {
	UpTo  float64 `json:"le_ms"`
	Count int64   `json:"count"`
}

func (s *Server) serveAdded(w http.ResponseWriter, r *http.Request) {
	switch format := r.FormValue("format"); format {
	case "", "json":
		page := s.stats.added.page()
		page.Instance = s.options.Instance
		writeJSON(w, page)
	case "hdr":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = s.stats.added.snapshot().PercentilesPrint(w, 5, 1e6) // in ms; the client has left: there is nobody to tell
	default:
		http.Error(w, "format must be json or hdr", http.StatusBadRequest)
	}
}

func (a *addedLatency) page() addedPage {
	total := a.snapshot()
	page := addedPage{
		latencyFigures: figuresOf(total), Mean: ms(int64(total.Mean())), P90: ms(total.ValueAtQuantile(90)), P9999: ms(total.ValueAtQuantile(99.99)),
	}
	sum, bars := int64(0), total.Distribution()
	for _, bound := range addedBounds {
		for len(bars) > 0 && (bars[0].To <= int64(bound) || bound == time.Duration(slowestAdded)) {
			sum, bars = sum+bars[0].Count, bars[1:]
		}
		page.Buckets = append(page.Buckets, addedBucket{ms(int64(bound)), sum})
	}
	return page
}
