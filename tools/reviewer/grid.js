// A grid of cards of which only those in view exist, so that ten thousand cost as much as fifty. Knows nothing of what
// a card shows: the page makes, fills and updates them.

const HEAD_PX = 40;
const SPARE_PX = 600; // above and below the view, so that scrolling meets finished cards

export class Grid {
  // box: scrolls. canvas: lies in it, as high as everything. make(): an empty card. fill(card, item). head(group): text.
  constructor(box, canvas, { make, fill, head, least, below }) {
    Object.assign(this, { box, canvas, make, fill, head, least, below });
    this.groups = [];
    this.lines = [];
    this.place = new Map();
    this.live = new Map();
    this.heads = new Map();
    this.spare = [];
    box.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.lay()).observe(box);
  }

  // groups: [{name, items: [id]}]; a group without a name has no head line.
  show(groups) {
    this.groups = groups;
    this.width = 0;
    this.box.scrollTop = 0;
    this.lay();
  }

  lay() {
    const width = this.canvas.clientWidth;
    if (!width || (width === this.width && this.lines.length)) return this.draw();
    this.width = width;
    this.gap = width < 500 ? 6 : 10;
    this.columns = Math.max(2, Math.floor((width + this.gap) / (this.least() + this.gap)));
    this.side = (width - this.gap * (this.columns - 1)) / this.columns;
    this.pitch = this.side + this.below() + this.gap;
    this.lines = [];
    this.place.clear();
    let top = 0;
    let row = -1;
    for (const group of this.groups) {
      if (group.name) {
        this.lines.push({ top, height: HEAD_PX, group });
        top += HEAD_PX;
      }
      for (let index = 0; index < group.items.length; index += this.columns) {
        const items = group.items.slice(index, index + this.columns);
        row += 1;
        items.forEach((item, column) => this.place.set(item, { row, column, top }));
        this.lines.push({ top, height: this.pitch, items });
        top += this.pitch;
      }
    }
    this.canvas.style.height = `${top}px`;
    for (const card of this.live.values()) this.release(card);
    this.live.clear();
    this.draw();
  }

  release(card) {
    card.hidden = true;
    card.className = "card"; // whatever it stood for, it is no more
    this.spare.push(card);
  }

  draw() {
    const from = this.box.scrollTop - SPARE_PX;
    const to = this.box.scrollTop + this.box.clientHeight + SPARE_PX;
    let low = 0;
    let high = this.lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.lines[middle].top + this.lines[middle].height < from) low = middle + 1;
      else high = middle;
    }
    const wanted = new Map();
    const heads = new Map();
    for (let index = low; index < this.lines.length && this.lines[index].top <= to; index++) {
      const line = this.lines[index];
      if (line.group) heads.set(line.group.name, line);
      else line.items.forEach((item, column) => wanted.set(item, { top: line.top, column }));
    }
    for (const [item, card] of this.live) {
      if (!wanted.has(item)) {
        this.live.delete(item);
        this.release(card);
      }
    }
    for (const [item, { top, column }] of wanted) {
      if (this.live.has(item)) continue;
      const card = this.spare.pop() ?? this.canvas.appendChild(this.make());
      card.hidden = false;
      card.style.width = `${this.side}px`;
      card.style.height = `${this.pitch - this.gap}px`;
      card.style.transform = `translate(${column * (this.side + this.gap)}px, ${top}px)`;
      this.live.set(item, card);
      this.fill(card, item);
    }
    for (const [name, element] of this.heads) {
      if (!heads.has(name)) {
        element.remove();
        this.heads.delete(name);
      }
    }
    for (const [name, line] of heads) {
      let element = this.heads.get(name);
      if (!element) {
        element = this.canvas.appendChild(document.createElement("h2"));
        this.heads.set(name, element);
      }
      element.style.transform = `translateY(${line.top}px)`;
      this.head(element, line.group);
    }
  }

  // Fill a card again, if it is in view.
  update(item) {
    const card = this.live.get(item);
    if (card) this.fill(card, item);
    for (const [name, element] of this.heads) {
      this.head(element, this.groups.find((group) => group.name === name));
    }
  }

  updateAll() {
    for (const [item, card] of this.live) this.fill(card, item);
    for (const [name, element] of this.heads) {
      this.head(element, this.groups.find((group) => group.name === name));
    }
  }

  reveal(item) {
    const place = this.place.get(item);
    if (!place) return;
    const room = this.box.clientHeight;
    const above = place.top - HEAD_PX - 8;
    const below = place.top + this.pitch + 8;
    if (above < this.box.scrollTop) this.box.scrollTop = Math.max(0, above);
    else if (below > this.box.scrollTop + room) this.box.scrollTop = below - room;
    this.draw();
  }

  // The item a row up (-1) or down (1) in the same column, or the last of a shorter row.
  beside(item, step) {
    const place = this.place.get(item);
    if (!place) return item;
    const rows = this.lines.filter((line) => line.items);
    const row = rows[Math.min(rows.length - 1, Math.max(0, place.row + step))];
    return row.items[Math.min(place.column, row.items.length - 1)];
  }
}
