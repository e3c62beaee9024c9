// Draws the charts of the page. All of them over time share one axis and one cursor, and carry the same marks. Colours are
// the page's own variables, so a change of the theme draws anew.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const colour = name => getComputedStyle(root).getPropertyValue(name).trim();
  const palette = n => colour("--c" + (n % 10));
  const height = 210;
  const times = data.groups.flatMap(g => g.charts).filter(c => !c.curve && c.x.length);
  const span = [0, Math.max(1, ...times.map(c => c.x[c.x.length - 1]))];
  const drawn = [];

  // What a person reads at a glance: 12,345 · 123 · 1.23 · 0.0123
  const figure = v => {
    if (v == null) return "–";
    const size = Math.abs(v);
    if (size >= 1000) return Math.round(v).toLocaleString("en-US");
    if (size >= 100 || Number.isInteger(v)) return String(Math.round(v));
    return String(Number(v.toPrecision(3)));
  };
  const clock = s => s < 60 ? figure(Math.round(s * 10) / 10) + " s" : Math.floor(s / 60) + ":" + String(Math.floor(s % 60)).padStart(2, "0");
  const percentile = p => String(Number(p.toFixed(p < 99 ? 1 : p < 99.9 ? 2 : p < 99.99 ? 3 : 4)));

  // Stages are thin lines, what was broken is a band with its words.
  const marks = u => {
    const { ctx } = u, box = u.bbox, ratio = devicePixelRatio;
    ctx.save();
    ctx.beginPath(); ctx.rect(box.left, box.top, box.width, box.height); ctx.clip();
    for (const m of data.markers || []) {
      const from = u.valToPos(m.t, "x", true), to = m.until && m.kind !== "stage" ? u.valToPos(m.until, "x", true) : from;
      const fault = m.kind === "fault", shade = colour(fault ? "--mark" : "--stage");
      ctx.globalAlpha = fault ? 0.12 : 0.08;
      ctx.fillStyle = shade;
      if (to > from) ctx.fillRect(from, box.top, to - from, box.height);
      ctx.globalAlpha = fault ? 0.9 : 0.55;
      ctx.strokeStyle = shade; ctx.lineWidth = ratio; ctx.setLineDash(fault ? [] : [3 * ratio, 3 * ratio]);
      ctx.beginPath(); ctx.moveTo(from, box.top); ctx.lineTo(from, box.top + box.height); ctx.stroke();
    }
    ctx.restore();
  };

  // The lines of a logarithmic axis: 1, 10, 100 …, and no more of them than there is room for.
  const decades = (u, axis, low, high) => {
    const from = Math.round(Math.log10(low)), to = Math.round(Math.log10(high)), step = Math.ceil((to - from) / 5) || 1, list = [];
    for (let k = from; k <= to; k += step) list.push(Math.pow(10, k));
    return list;
  };

  // A value between two that are missing has no line; it is shown as a point.
  const alone = values => values.flatMap((v, i) => v != null && values[i - 1] == null && values[i + 1] == null ? [i] : []);

  const axes = chart => {
    const look = { stroke: colour("--quiet"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { stroke: colour("--grid"), width: 1 }, font: "12px system-ui, sans-serif" };
    return [
      { ...look, space: 70, values: (u, list) => list.map(v => v == null ? "" : chart.curve ? percentile(100 - 100 / Math.pow(2, v)) : clock(v)),
        splits: chart.curve ? () => [0, 1, 3.3219, 6.6439, 9.9658, 13.2877, 16.6096] : undefined },
      { ...look, size: 58, ...(chart.log ? { splits: decades, filter: (u, list) => list } : {}), values: (u, list) => list.map(v => v == null ? "" : figure(v)) },
    ];
  };

  const build = (chart, place) => {
    const card = document.createElement("div");
    card.className = "chart"; card.id = chart.id;
    const title = document.createElement("h3");
    title.append(chart.title);
    const unit = document.createElement("span");
    unit.className = "unit"; unit.textContent = chart.unit;
    title.append(unit);
    const legend = document.createElement("div"), canvas = document.createElement("div");
    legend.className = "legend";
    card.append(title, legend, canvas);
    place.append(card);

    const shade = n => palette(chart.series[n].colour ?? n);
    const x = chart.curve ? chart.x.map(p => Math.log2(100 / (100 - p))) : chart.x;
    const options = () => ({
      width: Math.max(240, card.clientWidth - 28), height, padding: [8, 10, -8, 0], axes: axes(chart), legend: { show: false },
      cursor: { sync: chart.curve ? undefined : { key: "time", setSeries: false }, drag: { x: !chart.curve, y: false }, points: { size: 6 } },
      scales: {
        x: { time: false, range: chart.curve ? undefined : (u, low, high) => zoom || span },
        y: chart.log ? { distr: 3, range: (u, low, high) => low == null ? [1, 10] : [Math.pow(10, Math.floor(Math.log10(low))), Math.pow(10, Math.ceil(Math.log10(high * 1.001)))] }
                     : { range: (u, low, high) => low == null ? [0, 1] : [Math.min(0, low), high > 0 ? high * 1.08 : 1] },
      },
      series: [{}, ...chart.series.map((s, n) => ({
        label: s.name, stroke: shade(n), width: 1.6, dash: s.dash ? [5, 4] : undefined, fill: s.fill ? shade(n) + "22" : undefined,
        points: { show: true, size: 4, filter: () => alone(s.values) }, spanGaps: false, show: shown[n],
      }))],
      hooks: {
        drawAxes: chart.curve ? [] : [marks],
        setCursor: [u => tell(u.cursor.idx)],
        setSelect: [u => {
          if (u.select.width < 8) return;
          zoom = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
          redraw();
        }],
      },
    });
    const shown = chart.series.map(() => true), values = [];
    chart.series.forEach((s, n) => {
      const entry = document.createElement("button"), swatch = document.createElement("i"), value = document.createElement("b");
      entry.type = "button"; entry.setAttribute("aria-pressed", "true");
      if (s.dash) swatch.className = "dash";
      entry.append(swatch, s.name + " ", value);
      entry.onclick = () => { shown[n] = !shown[n]; entry.setAttribute("aria-pressed", shown[n]); plot.setSeries(n + 1, { show: shown[n] }); };
      legend.append(entry);
      values.push([swatch, value]);
    });
    const tell = at => values.forEach(([, value], n) => { value.textContent = at == null ? "" : figure(chart.series[n].values[at]); });
    let plot;
    const draw = () => {
      if (plot) plot.destroy();
      values.forEach(([swatch], n) => { swatch.style.setProperty("--colour", shade(n)); swatch.style.background = shade(n); });
      plot = new uPlot(options(), [x, ...chart.series.map(s => s.values)], canvas);
      plot.over.ondblclick = () => { zoom = null; redraw(); };
    };
    drawn.push(draw);
  };

  let zoom = null;
  const redraw = () => drawn.forEach(draw => draw());
  const place = document.getElementById("charts");
  data.groups.forEach((group, n) => {
    const section = document.createElement("section"), heading = document.createElement("h2"), grid = document.createElement("div");
    heading.textContent = group.name; grid.className = "grid";
    section.append(heading);
    if (n === 0) {
      const note = document.createElement("p");
      note.className = "note";
      note.textContent = "One time axis, one cursor: drag to zoom into all of them, double-click to see the whole again; a click on a name hides its line.";
      section.append(note);
    }
    section.append(grid); place.append(section);
    group.charts.forEach(chart => build(chart, grid));
  });

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = name => { root.dataset.theme = name; redraw(); };
  document.getElementById("theme").onclick = () => theme(root.dataset.theme === "dark" ? "light" : "dark");
  dark.onchange = () => theme(dark.matches ? "dark" : "light");
  let resized;
  addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(redraw, 120); });
  theme(dark.matches ? "dark" : "light");
})();
