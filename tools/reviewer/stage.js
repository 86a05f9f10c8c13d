// The large picture of the sequence at hand: its frames as a loop at the dataset's own interval, its facts, the buttons.

import { $, chip, decisionOf, element, isPending, model, pictureUrl, say, word } from "./model.js";

const LOOP_PAUSE_MS = 350; // before the loop starts again, so that its beginning can be seen
const still = matchMedia("(prefers-reduced-motion: reduce)");

// Shows the frames of a sequence in a box, one at a time; pictures are stacked, so that changing one never flickers.
export class Film {
  constructor(box, onFrame = () => {}) {
    this.box = box;
    this.onFrame = onFrame;
    this.timer = 0;
    this.playing = false;
  }

  load(row) {
    this.stop();
    this.row = row;
    this.frame = row.frames >> 1;
    this.pictures = Array.from({ length: row.frames }, (_, frame) => {
      const picture = new Image();
      picture.src = pictureUrl(row, frame);
      picture.alt = "";
      picture.draggable = false;
      picture.decoding = "async";
      return picture;
    });
    this.box.replaceChildren(...this.pictures);
    this.draw();
  }

  draw() {
    this.pictures.forEach((picture, frame) => picture.classList.toggle("on", frame === this.frame));
    this.onFrame(this.frame);
  }

  show(frame) {
    this.stop();
    this.frame = frame;
    this.draw();
  }

  play() {
    if (this.playing || !this.row || this.row.frames < 2) return;
    this.playing = true;
    const ready = this.pictures.map((picture) => picture.decode().catch(() => {}));
    const row = this.row;
    Promise.all(ready).then(() => {
      if (!this.playing || this.row !== row) return;
      this.frame = 0;
      this.draw();
      this.tick();
    });
  }

  tick() {
    const last = this.frame === this.row.frames - 1;
    this.timer = setTimeout(() => {
      this.frame = last ? 0 : this.frame + 1;
      this.draw();
      this.tick();
    }, (this.row.interval_ms || 100) + (last ? LOOP_PAUSE_MS : 0));
  }

  stop() {
    clearTimeout(this.timer);
    this.playing = false;
  }
}

export class Stage {
  constructor() {
    this.wantsPlay = !still.matches;
    this.film = new Film($("film"), (frame) => {
      [...$("strip").children].forEach((button, index) => button.classList.toggle("on", index === frame));
    });
    $("play").addEventListener("click", () => this.toggle());
    $("film").addEventListener("click", () => this.toggle());
  }

  show(row) {
    const changed = this.row?.id !== row?.id || this.row?.sha256 !== row?.sha256;
    this.row = row;
    $("stage").classList.toggle("none", !row);
    if (!row) return this.film.stop();
    if (changed) {
      this.film.load(row);
      this.strip(row);
      if (this.wantsPlay) this.film.play();
    }
    this.facts(row);
  }

  strip(row) {
    const buttons = Array.from({ length: row.frames }, (_, frame) => {
      const button = element("button");
      button.type = "button";
      button.tabIndex = -1;
      button.setAttribute("aria-label", `${frame + 1} / ${row.frames}`);
      const picture = new Image();
      picture.src = pictureUrl(row, frame);
      picture.alt = "";
      button.append(picture);
      button.addEventListener("click", () => {
        this.wantsPlay = false;
        this.film.show(frame);
        this.playButton();
      });
      return button;
    });
    $("strip").replaceChildren(...(row.frames > 1 ? buttons : []));
    $("strip").hidden = row.frames < 2;
    this.film.draw();
  }

  facts(row) {
    const start = row.start_ms ? ` · ${(row.start_ms / 1000).toFixed(1)} s` : "";
    $("id").textContent = row.id;
    $("where").textContent = `${row.person} · ${row.take}${start}`;
    $("label-line").hidden = model.blind;
    $("label-chip").replaceChildren(chip(`label:${row.label}`));
    $("was-reviewed").hidden = !row.reviewed;
    const decision = decisionOf(row.id);
    $("decision-chip").replaceChildren(chip(decision));
    $("decision-chip").classList.toggle("pending", isPending(row.id));
    this.opinion(row);
    const others = model.disagreements[row.id];
    $("others").hidden = !others;
    if (others) {
      const list = others.map(([who, what]) => `${who}: ${word(what)}`).join(", ");
      $("others").textContent = say("others_say", { list });
    }
    for (const button of $("buttons").querySelectorAll("[data-decision]")) {
      button.setAttribute("aria-pressed", String(button.dataset.decision === decision));
    }
    this.playButton();
  }

  opinion(row) {
    const suspect = model.suspects[row.id];
    $("opinion").hidden = !suspect || model.blind;
    if (!suspect) return;
    const [, likely, probability, flagged, face] = suspect;
    const values = { label: word(likely), percent: Math.round(probability * 100) };
    $("opinion").textContent = face === false ? say("no_face") : say("model_says", values);
    $("opinion").title = say("model_meaning", { source: model.state.suspicion_source });
    $("opinion").classList.toggle("flagged", Boolean(flagged));
  }

  toggle() {
    this.wantsPlay = !this.film.playing;
    if (this.wantsPlay) this.film.play();
    else this.film.stop();
    this.playButton();
  }

  playButton() {
    $("play").hidden = !this.row || this.row.frames < 2;
    $("play").classList.toggle("playing", this.wantsPlay);
    $("play").setAttribute("aria-label", say(this.wantsPlay ? "pause" : "play"));
  }
}
