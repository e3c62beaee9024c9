package chapter

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"
)

// Layout of a picture, in the units of its view box: names at the left, one time axis for all strips, values at the right.
const (
	width, plotLeft, plotRight = 920.0, 176.0, 836.0
	headHeight, rowHeight      = 68.0, 21.0
	barHeight                  = 13.0
	stripHeight, stripGap      = 74.0, 26.0
	axisHeight                 = 44.0
	letterWidth                = 7.0 // about
)

// style gives light and dark by the reader's setting; the names of the colours are those of a run's page.
const style = `<style>
.b{--card:#fff;--ink:#17202b;--quiet:#5b6775;--grid:#e2e6eb;--work:#1d6fd8;--good:#16845a;--bad:#c4271b;--late:#d9730d;fill:var(--card)}
@media (prefers-color-scheme:dark){.b{--card:#19212a;--ink:#e6ebf1;--quiet:#9aa7b5;--grid:#2f3a46;--work:#6cabff;--good:#4fc891;--bad:#ff8f86;--late:#ffa24f}}
text{font:12px system-ui,sans-serif;fill:var(--ink)} .title{font-size:16px;font-weight:600} .q{fill:var(--quiet)} .bad{fill:var(--bad)} .late{fill:var(--late)}
.grid{stroke:var(--grid)} .mark{stroke:var(--quiet);stroke-dasharray:3 3} .card{fill:var(--card)} .work{fill:var(--work)} .good{fill:var(--good);opacity:.75}
.badbar{fill:var(--bad)} .latebar{fill:var(--late)} .none{fill:none;stroke:var(--quiet);stroke-dasharray:4 3} .limit{stroke:var(--late);stroke-dasharray:2 3}
</style>`

// picture is an SVG that is being written.
type picture struct {
	strings.Builder
	t *timeline
	y float64 // where the next strip begins
}

// svg draws the timeline. The same timeline gives the same bytes.
func (t *timeline) svg() string {
	p := &picture{t: t, y: headHeight}
	height := headHeight + float64(len(t.Rows))*rowHeight + 2*(stripHeight+stripGap) + axisHeight
	fmt.Fprintf(p, `<svg xmlns="http://www.w3.org/2000/svg" class="b" viewBox="0 0 %g %g" role="img" aria-label="%s">%s`, width, height, escaped(t.Title), style)
	fmt.Fprintf(p, "\n<rect class=\"card\" width=\"%g\" height=\"%g\" rx=\"6\"/>\n", width, height)
	p.text(16, 26, "title", "start", t.Title)
	p.text(16, 46, "q", "start", t.Process+", "+t.end())
	bottom := height - axisHeight
	p.grid(bottom)
	p.rows()
	p.answers()
	p.ends()
	p.marks(bottom)
	p.text(plotLeft, height-10, "q", "start", "seconds since SIGTERM")
	p.WriteString("</svg>\n")
	return p.String()
}

// end is what became of the process.
func (t *timeline) end() string {
	if math.IsNaN(t.Ended) {
		return "which ended without a word"
	}
	return fmt.Sprintf("exit code %d after %s", t.Code, lasted(t.Ended))
}

func (p *picture) x(at float64) float64 {
	at = min(max(at, p.t.From), p.t.To)
	return plotLeft + (at-p.t.From)/(p.t.To-p.t.From)*(plotRight-plotLeft)
}

func (p *picture) grid(bottom float64) {
	for second := math.Ceil(p.t.From); second <= p.t.To; second++ {
		fmt.Fprintf(p, `<line class="grid" x1="%.1f" x2="%.1f" y1="%g" y2="%g"/>`, p.x(second), p.x(second), headHeight-4, bottom)
		p.text(p.x(second), bottom+16, "q", "middle", fmt.Sprintf("%g", second))
	}
	p.WriteString("\n")
}

// rows are the phases, one under another.
func (p *picture) rows() {
	for _, r := range p.t.Rows {
		middle := p.y + rowHeight/2
		p.text(plotLeft-8, middle+4, "", "end", r.Phase)
		switch {
		case math.IsNaN(r.From):
			said := "not reached"
			if r.Missing {
				said = "left out"
			}
			fmt.Fprintf(p, `<rect class="none" x="%.1f" y="%.1f" width="64" height="%g" rx="3"/>`, p.x(0), middle-barHeight/2, barHeight)
			p.text(p.x(0)+72, middle+4, "q", "start", said)
		default:
			class, said := "work", lasted(r.To-r.From)
			if r.Outcome != "done" {
				class, said = "badbar", fmt.Sprintf("%s: %s, left %s", said, r.Outcome, r.Left)
			}
			fmt.Fprintf(p, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%g" rx="2"/>`, class, p.x(r.From), middle-barHeight/2, max(p.x(r.To)-p.x(r.From), 2), barHeight)
			p.text(max(p.x(r.To), p.x(r.From)+2)+6, middle+4, "q", "start", said)
		}
		p.WriteString("\n")
		p.y += rowHeight
	}
}

// answers is the strip of requests: good ones a second, and above them those without a good answer.
func (p *picture) answers() {
	most, bad := 1, 0
	for _, b := range p.t.Bins {
		most = max(most, b.Good+b.Bad)
		bad += b.Bad
	}
	base := p.strip("answers a second", fmt.Sprintf("%.0f/s", float64(most)/binWidth))
	tall := func(n int) float64 { return stripHeight * float64(n) / float64(most) }
	for _, b := range p.t.Bins {
		left, wide := p.x(b.At), p.x(b.At+binWidth)-p.x(b.At)
		if b.Good > 0 {
			fmt.Fprintf(p, `<rect class="good" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, left, base-tall(b.Good), wide-0.5, tall(b.Good))
		}
		if b.Bad > 0 {
			fmt.Fprintf(p, `<rect class="badbar" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, left, base-tall(b.Good+b.Bad), wide-0.5, max(tall(b.Bad), 2))
		}
	}
	class := "q"
	if bad > 0 {
		class = "bad"
	}
	p.text(plotLeft-8, base-stripHeight+28, class, "end", fmt.Sprintf("%d without a good one", bad))
	p.WriteString("\n")
}

// ends is the strip of payments: of those planned in each bin, the longest until the end.
func (p *picture) ends() {
	most, late := p.t.Due*1.2, 0
	for _, b := range p.t.Bins {
		if !math.IsNaN(b.Slowest) {
			most = max(most, b.Slowest)
		}
		if b.Slowest > p.t.Due {
			late++
		}
	}
	base := p.strip("slowest until final", fmt.Sprintf("%.0f s", most))
	tall := func(s float64) float64 { return stripHeight * s / most }
	for _, b := range p.t.Bins {
		if math.IsNaN(b.Slowest) {
			continue
		}
		class := "good"
		if b.Slowest > p.t.Due {
			class = "latebar"
		}
		fmt.Fprintf(p, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, class, p.x(b.At), base-tall(b.Slowest), p.x(b.At+binWidth)-p.x(b.At)-0.5, max(tall(b.Slowest), 0.5))
	}
	fmt.Fprintf(p, `<line class="limit" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/>`, plotLeft, plotRight, base-tall(p.t.Due), base-tall(p.t.Due))
	p.text(plotRight+6, base-tall(p.t.Due)+4, "late", "start", fmt.Sprintf("%g s", p.t.Due))
	class := "q"
	if late > 0 {
		class = "late"
	}
	p.text(plotLeft-8, base-stripHeight+28, class, "end", "by the time they were sent")
	p.WriteString("\n")
}

// strip begins one, and gives its base line.
func (p *picture) strip(name, top string) float64 {
	p.y += stripGap
	base := p.y + stripHeight
	p.text(plotLeft-8, p.y+12, "", "end", name)
	p.text(plotRight+6, p.y+6, "q", "start", top)
	fmt.Fprintf(p, `<line class="grid" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/>`, plotLeft, plotRight, base, base)
	p.y = base
	return base
}

func (p *picture) marks(bottom float64) {
	for i, m := range p.t.Marks {
		if m.At < p.t.From || m.At > p.t.To {
			continue
		}
		y := bottom - 2*stripHeight - stripGap - 10
		if i == 0 { // the signal's name would run into the next one's
			y = headHeight - 6
		}
		fmt.Fprintf(p, `<line class="mark" x1="%.1f" x2="%.1f" y1="%g" y2="%g"/>`, p.x(m.At), p.x(m.At), headHeight-4, bottom)
		if i+1 < len(p.t.Marks) && p.x(p.t.Marks[i+1].At)-p.x(m.At) < letterWidth*float64(len(m.Text)) && i > 0 { // on its other side is room
			p.text(p.x(m.At)-3, y, "q", "end", m.Text)
		} else {
			p.text(p.x(m.At)+3, y, "q", "start", m.Text)
		}
	}
	p.WriteString("\n")
}

func (p *picture) text(x, y float64, class, anchor, text string) {
	if class != "" {
		class = ` class="` + class + `"`
	}
	fmt.Fprintf(p, `<text%s x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, x, y, anchor, escaped(text))
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder never fails
	return b.String()
}

// lasted is a number of seconds as people say it.
func lasted(seconds float64) string {
	switch ms := seconds * 1000; {
	case ms < 0.1:
		return "< 0.1 ms"
	case ms < 1:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return fmt.Sprintf("%.1f s", seconds)
	}
}
