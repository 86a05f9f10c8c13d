// A model's panel: its score over time, its threshold, what the validation people say to that, and what a frame costs.

import { ask, formAddress, make, sayCommand } from "./dom.js";
import { has, t } from "./words.js";

const SHOWN_MS = 20000; // of the curve
const COST_FRAMES = 60;
const DRAW_EVERY_MS = 80;

/** Runs one hand-off by its own client, and shows it. */
export class Panel {
  #detector = null;
  #decider = null;
  #rule = null; // the spec's decision
  #said = null;
  #points = []; // {timeMs, prob, isPositive} of the last seconds
  #costs = [];
  #times = [];
  #state = "loading";
  #drawnMs = 0;
  #failure = "";
  #isClosed = false;
  #elements;

  constructor(model) {
    this.model = model;
    this.answers = new Map(); // decision by the frame's time, for comparison
    this.#elements = this.#build();
    this.element = this.#elements.panel;
  }

  #build() {
    const id = `threshold-${this.model.name}`;
    const elements = {
      word: make("span", { class: "word" }),
      curve: make("canvas", { class: "curve", role: "img" }),
      label: make("label", { for: id }),
      slider: make("input", { type: "range", id, min: "0", max: "1", step: "0.01", value: this.model.threshold, oninput: () => this.#setThreshold() }),
      said: make("p", { class: "said" }),
      back: make("button", { type: "button", onclick: () => this.#goBack() }),
      figures: make("div", { class: "figures" }),
      problem: make("p", { class: "error", role: "alert" }),
      proof: make("p", { class: "soft" }),
    };
    elements.panel = make(
      "section", { class: "panel", "aria-label": this.model.name },
      make("div", { class: "head" }, make("h2", {}, this.model.name), elements.word),
      elements.curve, elements.label, elements.slider,
      make("div", { class: "actions" }, elements.said, elements.back),
      elements.figures, elements.proof, elements.problem,
    );
    return elements;
  }

  /** Load the client, the model and what is known about its threshold. */
  async open(lang) {
    const base = `/try/model/${encodeURIComponent(this.model.name)}/`;
    try {
      await ask("/api/try/runtime", {});
      const [client, window_, said] = await Promise.all([
        import(`${base}smile-detector.mjs`),
        import(`${base}smile-detector.window.mjs`),
        ask(`/api/try/thresholds?model=${encodeURIComponent(this.model.name)}`),
      ]);
      this.client = client;
      this.#said = said;
      const detector = await client.SmileDetector.create({ lang, ortUrl: "/try/ort/", tasksUrl: "/try/tasks/", allowUntested: true });
      if (this.#isClosed) return void detector.close();
      this.#detector = detector;
      this.#rule = this.#detector.info.spec.decision;
      this.#decider = new window_.Decider({ ...this.#rule });
      this.#detector.addEventListener("error", ({ detail }) => this.#fail(detail));
      this.#state = "idle";
      this.#setThreshold();
    } catch (error) {
      this.#fail(error);
    }
    this.show();
  }

  get isReady() {
    return this.#detector !== null && !this.#failure;
  }

  /** Give a frame of the source to the model; it is closed when it is done with. */
  async push(frame, timestampMs) {
    let result;
    try {
      result = await this.#detector.push(frame, timestampMs);
    } catch (error) {
      if (!this.#isClosed) this.#fail(error);
      return;
    }
    if (result.state === "dropped" || this.#isClosed) return;
    const hasProb = result.prob !== null;
    const isPositive = hasProb ? this.#decider.decide(result.prob, timestampMs) : (this.#decider.pause(), null);
    if (result.state === "ready" || result.state === "no_face") {
      this.#points.push({ timeMs: timestampMs, prob: result.prob, isPositive });
      this.answers.set(timestampMs, isPositive ?? false);
      if (this.answers.size > 3000) this.answers.delete(this.answers.keys().next().value);
    }
    this.#points = this.#points.filter((point) => point.timeMs > timestampMs - SHOWN_MS);
    this.#costs = [...this.#costs.slice(1 - COST_FRAMES), result];
    const nowMs = performance.now();
    this.#times = [...this.#times.filter((time) => time > nowMs - 2000), nowMs];
    this.#state = result.state === "ready" ? (isPositive ? "positive" : "negative") : result.state;
    if (nowMs - this.#drawnMs > DRAW_EVERY_MS) this.show();
  }

  /** Forget all frames, as after a cut. */
  async reset() {
    this.#points = [];
    this.#costs = [];
    this.#times = [];
    this.answers.clear();
    this.#decider?.reset();
    if (!this.#failure) this.#state = this.#detector ? "idle" : "loading";
    this.show();
    await this.#detector?.reset();
  }

  async close() {
    this.#isClosed = true;
    await this.#detector?.close();
  }

  #fail(error) {
    this.#failure = error.message;
    this.#state = "failed";
    this.show();
  }

  get #threshold() {
    return Number(this.#elements.slider.value);
  }

  #setThreshold() {
    if (this.#decider) {
      // Hysteresis keeps the proportion that the spec gives it.
      const part = this.#rule.threshold > 0 ? this.#rule.release_threshold / this.#rule.threshold : 1;
      this.#decider.rule = { ...this.#rule, threshold: this.#threshold, release_threshold: this.#threshold * part };
    }
    this.show();
  }

  #goBack() {
    this.#elements.slider.value = this.model.threshold;
    this.#setThreshold();
    this.#elements.slider.focus();
  }

  /** Draw everything, in the language of now. */
  show() {
    const { word, label, said, back, figures, problem, proof, curve } = this.#elements;
    this.#drawnMs = performance.now();
    const name = this.model.positive_class.replaceAll("_", " ");
    const isSmile = this.model.positive_class === "smile";
    const key = { positive: isSmile ? "smile" : "positive", negative: isSmile ? "no_smile" : "negative" }[this.#state] ?? `state_${this.#state}`;
    word.textContent = has(key) ? t(key, { name }) : "";
    word.classList.toggle("positive", this.#state === "positive");
    label.textContent = t("threshold", { value: this.#threshold.toFixed(2) });
    said.replaceChildren(...this.#sayThreshold());
    back.textContent = t("back_to", { value: Number(this.model.threshold).toFixed(2) });
    back.hidden = Math.abs(this.#threshold - this.model.threshold) < 0.005;
    figures.replaceChildren(...this.#figures().map((text) => make("span", {}, text)));
    proof.textContent = this.model.is_proven ? "" : t("not_proven");
    proof.hidden = this.model.is_proven;
    problem.textContent = this.#failure;
    const newest = this.#points.at(-1);
    curve.setAttribute("aria-label", t("curve", { value: newest?.prob == null ? "–" : newest.prob.toFixed(2) }));
    this.#draw(curve);
  }

  #sayThreshold() {
    const said = this.#said;
    if (!said) return [];
    if (!said.results) {
      const start = said.starts ? [" ", make("a", { href: formAddress(said.starts) }, t("start_here"))] : [];
      return [...sayCommand((values) => t("not_asked", values), said.command), ...start];
    }
    const at = said.steps.findLast(([from]) => from <= this.#threshold) ?? said.steps[0];
    const values = { people: said.n_people, hits: at[1], positive: said.n_positive, alarms: at[2], negative: said.n_negative };
    return [t("validation_says", values)];
  }

  #figures() {
    if (!this.#costs.length) return [];
    const median = (name) => {
      const values = this.#costs.map((result) => result[name]).filter((value) => value !== null && value !== undefined);
      return values.length ? values.sort((a, b) => a - b)[values.length >> 1] : null;
    };
    const ms = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
    const parts = [["cost_read", "readMs"], ["cost_preprocess", "preprocessMs"], ["cost_landmarks", "landmarksMs"], ["cost_inference", "inferenceMs"], ["cost_latency", "latencyMs"]];
    const newest = this.#costs.at(-1);
    const prob = newest.prob === null ? [] : [t("score", { value: newest.prob.toFixed(2) })];
    const measured = parts.flatMap(([word, field]) => (median(field) === null ? [] : [t(word, { value: ms(median(field)) })]));
    return [...prob, ...measured, t("rate", { n: (this.#times.length / 2).toFixed(0), provider: newest.provider })];
  }

  #draw(canvas) {
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth * scale, canvas.clientHeight * scale];
    if (!width) return;
    if (canvas.width !== Math.round(width)) canvas.width = Math.round(width);
    if (canvas.height !== Math.round(height)) canvas.height = Math.round(height);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, canvas.width, canvas.height);
    const newestMs = this.#points.at(-1)?.timeMs ?? 0;
    const x = (timeMs) => canvas.width * (1 - (newestMs - timeMs) / SHOWN_MS);
    const y = (prob) => canvas.height - 3 - prob * (canvas.height - 6);
    pen.fillStyle = colour("--good");
    pen.globalAlpha = 0.18;
    this.#points.forEach((point, place) => {
      if (point.isPositive) pen.fillRect(x(point.timeMs), 0, x(this.#points[place + 1]?.timeMs ?? newestMs) - x(point.timeMs) + 1, canvas.height);
    });
    pen.globalAlpha = 1;
    pen.strokeStyle = colour("--bad");
    pen.lineWidth = scale;
    pen.setLineDash([6 * scale, 4 * scale]);
    pen.beginPath();
    pen.moveTo(0, y(this.#threshold));
    pen.lineTo(canvas.width, y(this.#threshold));
    pen.stroke();
    pen.setLineDash([]);
    pen.strokeStyle = colour("--focus");
    pen.lineWidth = 2 * scale;
    pen.beginPath();
    let isDown = false;
    for (const { timeMs, prob } of this.#points) {
      if (prob === null) isDown = false;
      else pen[isDown ? "lineTo" : "moveTo"](x(timeMs), y(prob));
      isDown = prob !== null;
    }
    pen.stroke();
  }
}
