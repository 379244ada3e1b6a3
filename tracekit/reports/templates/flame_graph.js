// Draws each .flame of the page with d3-flame-graph; lets keys, a search and a finger move in it.
"use strict";
(() => {
  const OWN = "#f3b562", LIBRARY = "#9fc5e8", PYTHON = "#c9c9c9", SAME = [217, 217, 217];
  const GREW = [240, 101, 90], SHRANK = [92, 152, 245], FOUND = "#e879f9";
  const WHOSE = { own: OWN, library: LIBRARY, python: PYTHON };
  const ROW = 20;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  function mixed(change) {
    const end = change > 0 ? GREW : SHRANK, share = Math.min(1, Math.abs(change));
    return `rgb(${SAME.map((from, i) => Math.round(from + (end[i] - from) * share)).join()})`;
  }

  function nested(rows) {
    const frames = rows.map(([, name, place, whose, value, change, text]) =>
      ({ name, place, whose, value, change, text, children: [] }));
    rows.forEach(([caller], i) => { if (caller >= 0) frames[caller].children.push(frames[i]); });
    return frames[0];
  }

  class Flame {
    constructor(element) {
      const part = (name) => element.querySelector(`.flame-${name}`);
      this.chartElement = part("chart");
      this.detail = part("detail");
      this.matches = part("matches");
      this.search = part("search");
      this.differential = element.hasAttribute("data-differential");
      this.data = nested(JSON.parse(part("data").textContent));
      element.hidden = false;
      this.search.addEventListener("input", () => this.find(this.search.value.trim()));
      this.search.addEventListener("keydown", (event) => {
        if (event.key === "Enter") { event.preventDefault(); this.goTo(this.largestFound()); }
      });
      part("reset").addEventListener("click", () => this.reset());
      this.chartElement.addEventListener("keydown", (event) => this.key(event));
      this.chartElement.addEventListener("focus", () => this.point(this.current || this.root(), false));
      new ResizeObserver(() => this.fit()).observe(this.chartElement);
    }

    fit() {
      const width = Math.floor(this.chartElement.clientWidth);
      if (width < 1 || width === this.width) return;
      this.width = width;
      if (this.chart) { this.chart.width(width).update(); this.point(this.current, false); }
      else this.draw(width);
    }

    draw(width) {
      this.found = [];
      this.chart = d3FlameGraph.flamegraph()
        .width(width).cellHeight(ROW).inverted(true).minFrameSize(1).resetHeightOnZoom(true)
        .transitionDuration(calm ? 0 : 200)
        .setColorMapper((d) => d.highlight ? FOUND
          : this.differential ? mixed(d.data.change) : WHOSE[d.data.whose])
        .setLabelHandler((d) => this.told(d))
        .setDetailsHandler((text) => this.tell(text))
        .setSearchMatch((d, term) => `${d.data.name} ${d.data.place}`.toLowerCase().includes(term))
        .setSearchHandler((found) => { this.found = found; })
        .onClick((d) => this.point(d));
      d3FlameGraph.select(this.chartElement).datum(this.data).call(this.chart);
      this.tell(null);
    }

    root() { return d3FlameGraph.select(this.chartElement).datum(); }

    share(value) { return `${(100 * value / Math.max(1, this.data.value)).toFixed(1)}%`; }

    told(d) {
      const { name, place, value, text } = d.data;
      const where = place && !name.endsWith(place) ? `, ${place}` : "";
      return `${name}${where}: ${text}, ${this.share(value)}`;
    }

    tell(text) {
      const at = this.current || this.root();
      this.detail.textContent = text || this.told(at);
    }

    // The frame that keys start from.
    point(d, scroll = true) {
      if (!this.chart || !d) return;
      this.current = d;
      d3FlameGraph.select(this.chartElement).selectAll("g.frame").classed("current", (one) => one === d);
      this.tell(null);
      const frame = this.chartElement.querySelector("g.current");
      if (frame && scroll) frame.scrollIntoView({ block: "nearest" });
    }

    goTo(d) {
      if (!d) return;
      this.chart.zoomTo(d);
      this.point(d);
    }

    reset() {
      this.search.value = "";
      this.find("");
      this.goTo(this.root());
    }

    find(term) {
      if (!this.chart) return;
      if (!term) {
        this.found = [];
        this.chart.clear();
        this.matches.textContent = "";
      } else {
        this.chart.search(term.toLowerCase());
        const within = new Set(this.found);
        const outermost = this.found.filter((d) => !d.ancestors().slice(1).some((up) => within.has(up)));
        const bytes = outermost.reduce((sum, d) => sum + d.data.value, 0);
        const calls = this.found.length === 1 ? "1 call" : `${this.found.length} calls`;
        this.matches.textContent = this.found.length ? `${calls}, ${this.share(bytes)}` : "nothing found";
      }
      this.point(this.current, false);
    }

    largestFound() {
      return this.found.reduce((best, d) => !best || d.data.value > best.data.value ? d : best, null);
    }

    // Frames of the current one's row that can be seen, from left to right.
    row() {
      return this.root().descendants()
        .filter((d) => d.depth === this.current.depth && (d.x1 - d.x0) * this.width > 1)
        .sort((one, other) => one.x0 - other.x0);
    }

    key(event) {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const d = this.current || this.root();
      const go = {
        ArrowUp: () => this.point(d.parent || d),
        ArrowDown: () => this.point((d.children || [])
          .reduce((best, one) => !best || one.value > best.value ? one : best, null) || d),
        ArrowLeft: () => { const row = this.row(); this.point(row[row.indexOf(d) - 1] || d); },
        ArrowRight: () => { const row = this.row(); this.point(row[row.indexOf(d) + 1] || d); },
        Enter: () => this.goTo(d),
        " ": () => this.goTo(d),
        Home: () => this.goTo(this.root()),
        Escape: () => this.reset(),
        "/": () => this.search.focus(),
      }[event.key];
      if (go) { event.preventDefault(); go(); }
    }
  }

  document.querySelectorAll(".flame").forEach((element) => new Flame(element));
})();
