/**
 * Which frames make a window, and which probabilities make a decision. Pure rules: no browser, no model.
 *
 * For a decision at the newest frame's capture time t, place k of `count` is t - (count - 1 - k) * interval_ms. A place
 * takes the frame with the nearest capture time (of two equally near, the earlier); if that one lies more than
 * max_deviation_ms away, the window is incomplete and there is no decision. So a camera of any rate works whose frames
 * lie close enough, and frames that come late or not at all never move a window's places.
 */

/**
 * Choose the frames of the window that ends with the newest frame.
 * @param {number[]} timesMs capture times, increasing; the last is the newest
 * @param {{count: number, interval_ms: number, max_deviation_ms: number}} rule the spec's `frames`
 * @returns {number[] | null} indices into timesMs, or null if a place has no frame near enough
 */
export function chooseWindow(timesMs, rule) {
  const newest = timesMs[timesMs.length - 1];
  const chosen = [];
  for (let back = rule.count - 1; back >= 0; back -= 1) {
    const place = newest - back * rule.interval_ms;
    let nearest = 0;
    for (let index = 1; index < timesMs.length; index += 1) {
      if (Math.abs(timesMs[index] - place) < Math.abs(timesMs[nearest] - place)) nearest = index;
    }
    if (!timesMs.length || Math.abs(timesMs[nearest] - place) > rule.max_deviation_ms) return null;
    chosen.push(nearest);
  }
  return chosen;
}

/**
 * Fill a window's frames that have no face: each takes the values of the nearest frame with one; of two equally near, the earlier.
 * @template T
 * @param {(T | null)[]} values null where there is no face
 * @returns {T[] | null} null if no frame has a face
 */
export function fillWindow(values) {
  const there = values.flatMap((value, place) => (value === null ? [] : [place]));
  if (there.length === 0) return null;
  return values.map((_, place) => {
    let nearest = there[0];
    for (const other of there) if (Math.abs(other - place) < Math.abs(nearest - place)) nearest = other;
    return values[nearest];
  });
}

/** Keeps the values of the last frames, as far back as a window reaches. */
export class FrameMemory {
  #times = [];
  #values = [];
  #wasReady = false;

  /** @param {{count: number, interval_ms: number, max_deviation_ms: number}} rule the spec's `frames` */
  constructor(rule) {
    this.rule = rule;
    this.memoryMs = (rule.count - 1) * rule.interval_ms + rule.max_deviation_ms;
  }

  get length() {
    return this.#times.length;
  }

  /** The newest frame's capture time, or null. */
  get newestMs() {
    return this.#times.length ? this.#times[this.#times.length - 1] : null;
  }

  /**
   * Take the newest frame.
   * @returns {{state: 'ready', values: any[], timesMs: number[]} | {state: 'warming_up' | 'gap'}} warming_up: no window
   *   has been complete yet; gap: frames are missing
   */
  add(timestampMs, value) {
    this.#times.push(timestampMs);
    this.#values.push(value);
    while (this.#times[0] < timestampMs - this.memoryMs) {
      this.#times.shift();
      this.#values.shift();
    }
    const chosen = chooseWindow(this.#times, this.rule);
    if (!chosen) return { state: this.#wasReady ? 'gap' : 'warming_up' };
    this.#wasReady = true;
    return {
      state: 'ready',
      values: chosen.map((index) => this.#values[index]),
      timesMs: chosen.map((index) => this.#times[index]),
    };
  }

  /** Forget all frames. With afterGap, the next incomplete window is a gap, not a warm-up. */
  clear({ afterGap = false } = {}) {
    this.#times = [];
    this.#values = [];
    this.#wasReady = afterGap && this.#wasReady;
  }
}

/**
 * What a page calls the output that decides, its decision and its events: smile_prob gives smileProb, isSmile, smilestart
 * and smileend; not_teasing_prob gives notTeasingProb, isNotTeasing, notteasingstart and notteasingend.
 * @param {string} output the spec's `decision.output`
 */
export function namesOf(output) {
  const words = output.replace(/_prob$/, '').split('_').filter(Boolean);
  const pascal = words.map((word) => word[0].toUpperCase() + word.slice(1)).join('');
  const lower = words.join('');
  return { prob: `${pascal[0].toLowerCase()}${pascal.slice(1)}Prob`, is: `is${pascal}`, start: `${lower}start`, end: `${lower}end` };
}

/** Turns probabilities over time into decisions ("smiles now"): a threshold with hysteresis and a minimum duration. */
export class Decider {
  #aboveSinceMs = null;

  /** @param {{threshold: number, release_threshold: number, min_duration_ms: number}} rule the spec's `decision` */
  constructor(rule) {
    this.rule = rule;
    this.isPositive = false;
    this.sinceMs = null; // when the present state, such as a smile, rose above the threshold
  }

  /** Take the next probability; returns whether it is of the positive class now. */
  decide(prob, timestampMs) {
    if (this.isPositive) {
      this.isPositive = prob > this.rule.release_threshold;
      this.#aboveSinceMs = null;
    } else if (prob > this.rule.threshold) {
      if (this.#aboveSinceMs === null) this.#aboveSinceMs = timestampMs;
      this.isPositive = timestampMs - this.#aboveSinceMs >= this.rule.min_duration_ms;
      if (this.isPositive) this.sinceMs = this.#aboveSinceMs;
    } else {
      this.#aboveSinceMs = null;
    }
    return this.isPositive;
  }

  /** There was no decision: a candidate must begin again; what counts stays. */
  pause() {
    this.#aboveSinceMs = null;
  }

  /** Forget everything: not of the positive class. */
  reset() {
    this.isPositive = false;
    this.sinceMs = null;
    this.#aboveSinceMs = null;
  }
}
