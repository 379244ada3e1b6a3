// A table of any length, with elements only for the rows on the screen. Browsers limit an element's
// height, so the scroll position is scaled beyond MAX_PIXELS.
const ROW = 26;
const MAX_PIXELS = 8_000_000;
const SAMPLED_ROWS = 40;
const CHARACTER_PIXELS = 7.4;
const WIDE = /[\u1100-\u115f\u2e80-\uffe6]/g; // twice as wide as a letter

export class RecordTable {
  #store = null;
  #widths = [];
  #numeric = []; // for each column: whether the sampled values are numbers
  #active = 0;
  #asked = false;
  #pool = [];

  constructor(element) {
    this.element = element;
    this.spacer = element.querySelector(".spacer");
    this.body = element.querySelector(".rows");
    this.head = document.createElement("div");
    this.head.className = "row head";
    this.head.setAttribute("role", "row");
    element.prepend(this.head);
    element.addEventListener("scroll", () => this.refresh(), { passive: true });
    element.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("click", (event) => this.#click(event));
    element.addEventListener("pointerover", ({ target }) => {
      if (target.matches(".row > span")) target.title = target.textContent;
    });
    new ResizeObserver(() => this.refresh()).observe(element);
  }

  show(store) {
    this.#store = store;
    this.#active = 0;
    this.#widths = [];
    this.element.hidden = false;
    this.element.scrollTop = 0;
    this.refresh();
  }

  // Draw again before the next frame.
  refresh() {
    if (this.#asked || !this.#store) return;
    this.#asked = true;
    requestAnimationFrame(() => { this.#asked = false; this.#draw(); });
  }

  get #view() { return Math.max(ROW, this.element.clientHeight - ROW); }
  get #total() { return this.#store.rows * ROW; }
  get #height() { return Math.min(this.#total, MAX_PIXELS); }
  get #scale() {
    const room = this.#height - this.#view;
    return room > 0 ? (this.#total - this.#view) / room : 1;
  }

  #draw() {
    const rows = this.#store.rows;
    if (rows && !this.#widths.length) this.#measure();
    this.head.hidden = rows === 0;
    this.element.setAttribute("aria-rowcount", String(rows + 1));
    this.spacer.style.height = `${this.#height + ROW}px`;
    const scrolled = this.element.scrollTop;
    const top = scrolled * this.#scale;
    const first = Math.floor(top / ROW);
    const count = Math.min(Math.ceil(this.#view / ROW) + 1, rows - first);
    for (let i = 0; i < Math.max(count, this.#pool.length); i++) {
      const line = this.#line(i);
      line.hidden = i >= count;
      if (!line.hidden) this.#fill(line, first + i, scrolled + (first + i) * ROW - top + ROW);
    }
  }

  #line(i) {
    if (!this.#pool[i]) {
      const line = document.createElement("div");
      line.setAttribute("role", "row");
      this.#pool[i] = this.body.appendChild(line);
    }
    return this.#pool[i];
  }

  #fill(line, row, y) {
    line.style.transform = `translateY(${y}px)`;
    line.className = row === this.#active ? "row active" : "row";
    line.id = `row-${row}`;
    line.setAttribute("aria-rowindex", String(row + 2));
    if (line.shown === this.#store && line.row === row) return;
    const fields = this.#store.record(row);
    if (line.shown === this.#store && line.childElementCount === fields.length) {
      fields.forEach(([, kind, text], column) => this.#change(line.children[column], kind, text, column));
    } else {
      line.replaceChildren(...fields.map(([, kind, text], column) => this.#cell("gridcell", kind, text, column)));
    }
    line.shown = this.#store;
    line.row = row;
  }

  // Reusing cells is faster than making new ones.
  #change(cell, kind, text, column) {
    const name = this.#numeric[column] ? `${kind} right` : kind;
    if (cell.className !== name) cell.className = name;
    if (cell.textContent !== text) cell.textContent = text;
  }

  #cell(role, kind, text, column) {
    const cell = document.createElement("span");
    cell.setAttribute("role", role);
    this.#change(cell, kind, text, column);
    cell.style.width = `${this.#widths[column]}px`;
    return cell;
  }

  #measure() {
    const sampled = Math.min(this.#store.rows, SAMPLED_ROWS);
    const names = this.#store.record(0).map(([name]) => name);
    const lengths = names.map((name) => name.length);
    this.#numeric = names.map(() => false);
    for (let row = 0; row < sampled; row++) {
      this.#store.record(row).forEach(([, kind, text], column) => {
        this.#numeric[column] ||= kind === "number";
        const wide = text.match(WIDE)?.length ?? 0;
        lengths[column] = Math.max(lengths[column], text.length + wide);
      });
    }
    this.#widths = lengths.map((length) => Math.min(Math.round(length * CHARACTER_PIXELS) + 24, 320));
    this.head.replaceChildren(...names.map((name, column) => this.#cell("columnheader", "text", name, column)));
    const wide = this.#widths.reduce((sum, width) => sum + width, 0);
    for (const part of [this.head, this.body]) part.style.width = `${wide}px`;
  }

  #key(event) {
    if (!this.#store?.rows) return;
    const page = Math.floor(this.#view / ROW) - 1;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#active = Math.min(Math.max(this.#active + step, 0), this.#store.rows - 1);
    const top = this.element.scrollTop * this.#scale;
    const lowest = (this.#active + 1) * ROW - this.#view, highest = this.#active * ROW;
    if (top < lowest) this.element.scrollTop = Math.ceil(lowest / this.#scale);
    else if (top > highest) this.element.scrollTop = Math.floor(highest / this.#scale);
    this.element.setAttribute("aria-activedescendant", `row-${this.#active}`);
    this.refresh();
  }

  #click(event) {
    const line = event.target.closest(".rows > .row");
    if (!line) return;
    this.#active = line.row;
    this.refresh();
  }
}
