/**
 * Which frames are processed when there is not time for all, and whether that is enough. Pure rules: no browser, no model.
 *
 * A window needs frames interval_ms apart. As long as a frame takes less than that, the newest one is always next. On a
 * slower machine the newest one alone would never fill a window; then frames near places interval_ms apart wait for
 * their turn, until enough for a decision are there (a burst), and the next burst begins with the newest frame.
 */

const LAG_INTERVALS = 3; // so far a burst that has its decisions may run behind: 300 ms at 100 ms
const EARLIER_BY = 0.3; // of their distance: of two frames about as near a place the earlier is kept, although times jitter
const HOLE = 1.4; // intervals between two kept frames, beyond which a window may be incomplete
const MAX_STEP_MS = 2000; // where the spec does not say
const COSTS = 5; // frames whose costs are remembered
const REMEMBERED = 7; // decisions, and distances between pictures
const STALL_MS = 1000; // without a frame for so long, the measurement begins anew
const SLACK = 1.05; // a camera of ten pictures a second measures a little less or more
const AGAIN_PART = 0.9; // of max_step_ms: how close decisions must follow until it is no longer too slow

/** Frames that wait while one is processed. Holds jobs: objects with a `timestampMs`. */
export class FrameQueue {
  #intervalMs;
  #burst; // frames that a decision with its minimum duration needs
  #kept = []; // wait for their turn
  #newest = null; // waits too, but a newer one may replace it
  #anchorMs = 0; // the burst's first frame: its places are interval_ms apart
  #lastMs = null; // the newest frame that was processed or is kept
  #n = 0; // frames of this burst
  #isOver = false; // the burst has its decisions and runs too far behind: no more frames of it
  #costs = [];

  /**
   * @param {{count: number, interval_ms: number}} frames the spec's `frames`
   * @param {number} minDurationMs the spec's decision.min_duration_ms
   */
  constructor({ count, interval_ms: intervalMs }, minDurationMs) {
    this.#intervalMs = count > 1 ? intervalMs : 0;
    this.#burst = this.#intervalMs > 0 ? count + Math.ceil(minDurationMs / intervalMs) : 1;
  }

  /** What a frame costs: the median of the last ones, in ms; null before the first. */
  get frameMs() {
    return this.#costs.length ? median(this.#costs) : null;
  }

  get length() {
    return this.#kept.length + (this.#newest ? 1 : 0);
  }

  /** Note how long a frame was in work. */
  took(ms) {
    this.#costs = [...this.#costs, ms].slice(-COSTS);
  }

  /** Note that a frame is processed at once, since none is in work. */
  begin(timestampMs) {
    const isOn = this.#lastMs !== null && timestampMs > this.#lastMs && timestampMs - this.#lastMs <= HOLE * this.#intervalMs;
    if (!isOn) {
      this.#anchorMs = timestampMs;
      this.#n = 0;
    }
    this.#isOver = false;
    this.#n += 1;
    this.#lastMs = timestampMs;
  }

  /**
   * Take a frame while another is in work.
   * @returns {{kept: object | null, dropped: object | null}} the job that was the newest before: it waits for its turn, or
   *   has lost its place
   */
  offer(job) {
    const before = this.#newest;
    this.#newest = job;
    if (!before) return { kept: null, dropped: null };
    if (!this.#isNeeded(before.timestampMs, job.timestampMs)) return { kept: null, dropped: before };
    this.#kept.push(before);
    this.#lastMs = before.timestampMs;
    this.#n += 1;
    return { kept: before, dropped: null };
  }

  /** Give the next job, or null. */
  next() {
    if (this.#kept.length) return this.#kept.shift();
    const job = this.#newest;
    this.#newest = null;
    if (job) this.begin(job.timestampMs);
    return job;
  }

  /** Forget everything but what a frame costs; gives the jobs that waited. */
  clear() {
    const jobs = [...this.#kept, ...(this.#newest ? [this.#newest] : [])];
    this.#kept = [];
    this.#newest = null;
    this.#lastMs = null;
    return jobs;
  }

  /** Tell whether a frame that waits must be kept although there is a newer one. */
  #isNeeded(timestampMs, newerMs) {
    if (this.#lastMs === null || this.#intervalMs === 0 || this.#isOver) return false;
    const behindMs = (this.#kept.length + 1) * (this.frameMs ?? 0);
    this.#isOver = this.#n >= this.#burst && behindMs > LAG_INTERVALS * this.#intervalMs;
    if (this.#isOver) return false;
    if (newerMs - this.#lastMs > HOLE * this.#intervalMs) return true;
    const place = Math.round((this.#lastMs - this.#anchorMs) / this.#intervalMs) + 1;
    const placeMs = this.#anchorMs + place * this.#intervalMs;
    const [own, other] = [timestampMs, newerMs].map((ms) => Math.abs(ms - placeMs));
    return own <= other + EARLIER_BY * (newerMs - timestampMs);
  }
}

/**
 * How often there are decisions, measured, and whether that is enough for the spec: frames.max_step_ms is the longest time
 * from one decision to the next, and the oldest that a decision may be.
 */
export class PaceMeter {
  #frames;
  #distances = []; // from one frame of the source to the next
  #seen = null; // the newest frame: {timestampMs, nowMs}
  #sinceMs = null; // the last sound decision, or the first frame after a stop
  #steps = []; // between the last decisions
  #overdueMs = 0; // so long a decision had been missing at the newest frame
  #delayMs = null;
  #isTooSlow = false;
  #hasDecided = false;
  #hasStopped = false;

  /** @param {{count: number, interval_ms: number, max_deviation_ms: number, max_step_ms?: number}} frames the spec's `frames` */
  constructor(frames) {
    this.#frames = { max_step_ms: MAX_STEP_MS, ...frames };
  }

  /** Note a frame of the source, processed or not. */
  seen(timestampMs, nowMs) {
    if (this.#seen && nowMs - this.#seen.nowMs > STALL_MS) this.restart();
    const distanceMs = this.#seen === null ? 0 : timestampMs - this.#seen.timestampMs;
    if (distanceMs > 0) this.#distances = [...this.#distances, distanceMs].slice(-REMEMBERED);
    this.#seen = { timestampMs, nowMs };
    this.#hasStopped = false;
    // The first window fills before there can be a decision.
    this.#sinceMs ??= nowMs + (this.#frames.count - 1) * this.#frames.interval_ms;
    this.#overdueMs = nowMs - this.#sinceMs;
    if (this.#overdueMs > this.#frames.max_step_ms) this.#isTooSlow = true;
  }

  /**
   * Note a decision on a whole window.
   * @returns {boolean} whether it may be given: decisions follow each other closely enough, and it is not old
   */
  decided(nowMs, delayMs) {
    const stepMs = Math.max(0, nowMs - (this.#sinceMs ?? nowMs));
    const limitMs = this.#frames.max_step_ms;
    if (this.#hasDecided) this.#steps = [...this.#steps, stepMs].slice(-REMEMBERED);
    this.#delayMs = delayMs;
    this.#overdueMs = 0;
    this.#sinceMs = nowMs;
    this.#hasDecided = true;
    if (Math.max(stepMs, delayMs) > limitMs) this.#isTooSlow = true;
    else if (Math.max(stepMs, delayMs) <= AGAIN_PART * limitMs) this.#isTooSlow = false;
    return !this.#isTooSlow;
  }

  get isTooSlow() {
    return this.#isTooSlow;
  }

  /** Forget what was measured of the source: what comes next begins anew. */
  restart() {
    this.#seen = null;
    this.#sinceMs = null;
    this.#distances = [];
    this.#steps = [];
    this.#overdueMs = 0;
    this.#delayMs = null;
    this.#hasDecided = false;
    this.#isTooSlow = false;
    this.#hasStopped = false;
  }

  /** Note that the source gives no more frames. */
  stop() {
    this.restart();
    this.#hasStopped = true;
  }

  /**
   * The measured pace.
   * @param {number | null} frameMs what a frame costs
   */
  read(frameMs) {
    const { count, interval_ms: intervalMs, max_deviation_ms: deviationMs, max_step_ms: limitMs } = this.#frames;
    const cameraMs = this.#distances.length ? median(this.#distances) : null;
    const steps = this.#isTooSlow ? [...this.#steps, this.#overdueMs] : [...this.#steps];
    // The first decisions follow each other within one burst: the next burst takes a whole window's work.
    if (steps.length && intervalMs > 0 && (frameMs ?? 0) > 2 * deviationMs) steps.push(count * frameMs);
    const stepMs = steps.length ? Math.max(...steps) : null;
    const isReduced = intervalMs > 0 && Math.max(frameMs ?? 0, (cameraMs ?? 0) / SLACK) > intervalMs;
    // Between such pictures there is a place that none is near enough to.
    const isCamera = intervalMs > 0 && (cameraMs ?? 0) / SLACK > 2 * deviationMs;
    const state = this.#hasStopped
      ? 'no_frames'
      : this.#isTooSlow
        ? 'too_slow'
        : !this.#hasDecided
          ? 'measuring'
          : isReduced
            ? 'reduced'
            : 'full';
    return {
      state,
      cause: state === 'too_slow' || state === 'reduced' ? (isCamera ? 'camera' : 'machine') : null,
      frameMs,
      cameraFps: cameraMs === null ? null : 1000 / cameraMs,
      stepMs,
      delayMs: this.#delayMs,
      limitMs,
    };
  }
}

/** A pace's figures as people read them. */
export function figuresOf({ frameMs, cameraFps, stepMs, limitMs }, { interval_ms: intervalMs }) {
  const seconds = (ms) => (ms === null ? '?' : (ms / 1000).toFixed(1));
  const whole = (value) => (value === null ? '?' : String(Math.round(value)));
  return {
    ms: whole(frameMs),
    fps: whole(cameraFps),
    needed: whole(1000 / intervalMs),
    step: seconds(stepMs),
    limit: seconds(limitMs),
  };
}

function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
