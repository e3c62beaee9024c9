package bench

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Size of a chart, in the units of its view box, and the space for its axes.
const (
	chartWidth, chartHeight  = 560.0, 300.0
	left, right, top, bottom = 56.0, 96.0, 14.0, 34.0
)

// colour of a contestant, everywhere the same: an index into the page's palette.
var colour = map[string]int{Raw: 7, System: 0, Plain: 1, Legacy: 3, TelemetryOn: 4}

// chart draws payments/s over clients, both axes logarithmic, with the intervals as bars. A point whose cell is not good is
// hollow and names its verdict: also a picture shows no figure without it.
func (b *block) chart() template.HTML {
	low, high := b.span()
	if !(low > 0) {
		return ""
	}
	x := func(clients int) float64 {
		first, last := math.Log(float64(b.Clients[0])), math.Log(float64(b.Clients[len(b.Clients)-1]))
		return left + (math.Log(float64(clients))-first)/(last-first)*(chartWidth-left-right)
	}
	y := func(rate float64) float64 {
		return chartHeight - bottom - (math.Log(max(rate, low))-math.Log(low))/(math.Log(high)-math.Log(low))*(chartHeight-top-bottom)
	}
	var svg strings.Builder
	fmt.Fprintf(&svg, `<figure class="chart"><figcaption>%s: payments/s by clients</figcaption><svg viewBox="0 0 %g %g" role="img" aria-label="payments a second by clients">`, b.title(), chartWidth, chartHeight)
	for _, tick := range ticks(low, high) {
		fmt.Fprintf(&svg, `<line class="grid" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/><text class="tick" x="%g" y="%.1f" text-anchor="end">%s</text>`,
			left, chartWidth-right, y(tick), y(tick), left-6, y(tick)+4, label(tick))
	}
	for _, clients := range b.Clients {
		fmt.Fprintf(&svg, `<text class="tick" x="%.1f" y="%g" text-anchor="middle">%d</text>`, x(clients), chartHeight-bottom+18, clients)
	}
	for _, name := range b.Contestants {
		b.line(&svg, name, x, y)
	}
	svg.WriteString("</svg></figure>")
	return template.HTML(svg.String()) // numbers and names of this package only
}

// line is one contestant's.
func (b *block) line(svg *strings.Builder, name string, x func(int) float64, y func(float64) float64) {
	var points []string
	end, endY := 0.0, 0.0
	style := fmt.Sprintf(`style="--colour:var(--c%d)"`, colour[name])
	for _, clients := range b.Clients {
		c := b.cells[clients][name]
		if c == nil || !(c.Rate.Mean > 0) {
			continue
		}
		at, height := x(clients), y(c.Rate.Mean)
		points = append(points, fmt.Sprintf("%.1f,%.1f", at, height))
		if c.Rate.Low != nil {
			fmt.Fprintf(svg, `<line class="spread" %s x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, style, at, at, y(*c.Rate.Low), y(*c.Rate.High))
		}
		class := "point"
		if !c.good() {
			class = "point hollow"
			fmt.Fprintf(svg, `<text class="bad" x="%.1f" y="%.1f">%s</text>`, at+7, height-7, c.Verdict)
		}
		fmt.Fprintf(svg, `<circle class="%s" %s cx="%.1f" cy="%.1f" r="4"><title>%s, %d clients: %s/s %s</title></circle>`, class, style, at, height, name, clients, told(c.Rate), c.Verdict)
		end, endY = at, height
	}
	fmt.Fprintf(svg, `<polyline class="line" %s points="%s"/><text class="name" %s x="%.1f" y="%.1f">%s</text>`, style, strings.Join(points, " "), style, end+10, endY+4, name)
}

// span is the lowest and the highest rate, with room.
func (b *block) span() (low, high float64) {
	var rates []float64
	for _, byName := range b.cells {
		for _, c := range byName {
			if c.Rate.Mean > 0 {
				rates = append(rates, c.Rate.Mean)
			}
		}
	}
	if len(rates) == 0 {
		return 0, 0
	}
	return slices.Min(rates) * 0.7, slices.Max(rates) * 1.3
}

// ticks are 1, 2 and 5 times the powers of ten that lie in between.
func ticks(low, high float64) (all []float64) {
	for power := math.Pow(10, math.Floor(math.Log10(low))); power <= high; power *= 10 {
		for _, n := range []float64{1, 2, 5} {
			if v := n * power; v >= low && v <= high {
				all = append(all, v)
			}
		}
	}
	return all
}

// label of a tick, which is a round number.
func label(tick float64) string {
	if tick < 1000 {
		return strconv.FormatFloat(tick, 'g', -1, 64)
	}
	return short(tick)
}
