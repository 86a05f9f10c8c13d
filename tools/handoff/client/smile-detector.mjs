/**
 * Smile or not, from a video in the page: `const detector = await SmileDetector.create()`, `detector.watch(video)`. A model of
 * another class is used in the same way; its results and events bear the class's name.
 *
 * Reads frontend_spec.json and the graphs beside it, runs them with onnxruntime-web in a worker, and gives a result
 * for every new frame. No picture leaves the page. README.md explains its use; smile-detector.d.mts lists every option.
 */

import { copyOf, grab } from './smile-detector.colors.mjs';
import { DetectorError, describe, reasonOf } from './smile-detector.errors.mjs';
import { FrameQueue, PaceMeter, figuresOf } from './smile-detector.pace.mjs';
import { toImageData } from './smile-detector.pixels.mjs';
import { inLanguage, startEngine } from './smile-detector.start.mjs';
import { VideoFollower } from './smile-detector.watch.mjs';
import { namesOf } from './smile-detector.window.mjs';

export { openCamera } from './smile-detector.camera.mjs';
export { CODES, DetectorError, describe } from './smile-detector.errors.mjs';
export { SPEC_VERSION } from './smile-detector.files.mjs';
export { preprocess } from './smile-detector.pixels.mjs';

const CHECK_MS = 500; // how often it is checked that frames and answers come
const STUCK_CHECKS = 60; // without an answer: half a minute
const LOST = ['inference-failed', 'landmarker-lost']; // after these there are no more answers
const SLOW_CODES = { machine: 'machine-slow', camera: 'camera-slow' };
const QUIET_MS = 2000; // a video that gives no frame for so long has stopped
const END_REASONS = { no_face: 'no_face', ready: 'released', too_slow: 'too_slow' };
const KEY = Symbol('use SmileDetector.create()');

/** Gives a result for every new frame. Make one with SmileDetector.create(); close() it when the page is done. */
export class SmileDetector extends EventTarget {
  #engine;
  #options;
  #info;
  #isBusy = false;
  #epoch = 0; // counts up at every stop and reset: results of an earlier epoch are dropped
  #isPositive = false; // as the events say
  #names; // of the class, in results and events
  #inWork = Promise.resolve();
  #queue;
  #meter;
  #paceState = 'measuring'; // as the events say
  #checks = { timer: 0, nFrames: 0, nQuiet: 0, nAnswers: 0, nStuck: 0 };
  #nFrames = 0; // of the video that is followed
  #nAnswers = 0;
  #isClosed = false;
  #watch = null;
  #nResults = 0;
  #nDropped = 0;

  /** Load spec, graphs and runtime, and run the model once. See smile-detector.d.mts for the options. */
  static async create(options = {}) {
    const lang = options.lang === 'ko' ? 'ko' : 'en';
    const face = options.face ?? null;
    try {
      const { engine, info } = await startEngine(options);
      const warnings = info.warnings.map(({ code, values }) => ({ code, values, message: describe(code, values, lang) }));
      return new SmileDetector(KEY, engine, { face, lang }, { ...info, warnings });
    } catch (error) {
      throw inLanguage(error, lang);
    }
  }

  constructor(key, engine, options, info) {
    if (key !== KEY) throw new TypeError('use SmileDetector.create()');
    super();
    this.#engine = engine;
    this.#options = options;
    this.#info = info;
    this.#names = namesOf(info.spec.decision.output);
    const { frames, decision } = info.spec;
    this.#queue = new FrameQueue(frames, decision.min_duration_ms);
    this.#meter = new PaceMeter(frames);
    document.addEventListener('visibilitychange', this.#onVisibility);
    this.#checks.timer = setInterval(() => this.#check(), CHECK_MS);
    // After the caller's `await`, so that its listeners get them.
    setTimeout(() => {
      for (const warning of info.warnings) this.#emit('warning', warning);
    });
  }

  /** What runs, and how much has run so far. */
  get info() {
    return { ...this.#info, nResults: this.#nResults, nDropped: this.#nDropped };
  }

  /** The measured pace of the video that is followed: whether there are decisions often enough, and why not. */
  get pace() {
    return this.#meter.read(this.#queue.frameMs);
  }

  /**
   * Follow a video element, webcam or film, until unwatch(): a 'result' event for every new frame that there is time for.
   * @param {HTMLVideoElement} video
   */
  watch(video) {
    if (this.#isClosed) throw new DetectorError('closed', {}, this.#options.lang);
    if (!(video instanceof HTMLVideoElement)) {
      const found = video === null ? 'null' : (video?.constructor?.name ?? typeof video);
      throw new DetectorError('bad-source', { reason: `watch: ${found}` }, this.#options.lang);
    }
    this.unwatch();
    this.#watch = new VideoFollower(video, {
      onFrame: (watch, timestampMs) => this.#take(watch, timestampMs),
      onOver: () => {
        this.unwatch();
        this.#emit('error', new DetectorError('camera-lost', {}, this.#options.lang));
      },
      onNewClock: () => this.#forget({ afterGap: true }),
    });
  }

  /** Stop following; frames and decision are forgotten. */
  unwatch() {
    const watch = this.#watch;
    this.#watch = null;
    if (!watch) return;
    watch.stop();
    this.#forget({});
  }

  /**
   * Compute the result for one frame. While another is processed it waits; if it then loses its place to a newer one, its
   * state is 'dropped'.
   * @param {HTMLVideoElement | VideoFrame | HTMLCanvasElement | OffscreenCanvas | ImageBitmap | ImageData} source
   *   a VideoFrame or ImageBitmap is taken over and closed; everything else stays the caller's
   * @param {number} [timestampMs] when it was captured
   */
  push(source, timestampMs = performance.now()) {
    if (this.#isClosed) return Promise.reject(new DetectorError('closed', {}, this.#options.lang));
    return this.#accept(source, timestampMs, null);
  }

  /** Forget all frames and the decision, as after a cut. */
  async reset() {
    await this.#forget({});
  }

  /** Stop, and free the model's memory. The detector cannot be used afterwards. */
  async close() {
    if (this.#isClosed) return;
    this.unwatch();
    this.#isClosed = true;
    document.removeEventListener('visibilitychange', this.#onVisibility);
    clearInterval(this.#checks.timer);
    this.#dropWaiting();
    await this.#inWork;
    await this.#engine.close();
  }

  #onVisibility = () => {
    // A hidden page gets no frames. Earlier frames are too old when it is shown again.
    if (this.#watch && document.hidden) this.#forget({ afterGap: true });
  };

  async #forget(options) {
    this.#epoch += 1; // results of earlier frames are dropped
    this.#dropWaiting();
    this.#meter.restart();
    if (this.#isPositive) this.#end({ timestampMs: null, reason: 'reset', result: null });
    try {
      await this.#engine.reset(options);
    } catch {
      // the worker is gone: there is nothing to reset
    }
  }

  /** Take a frame of the video that is followed. */
  #take(watch, timestampMs) {
    this.#accept(watch.video, timestampMs, watch).catch((error) => {
      if (this.#watch !== watch) return;
      if (LOST.includes(error.code)) this.unwatch();
      this.#emit('error', error);
    });
  }

  /** Start work on a frame, or let it wait. */
  #accept(source, timestampMs, watch) {
    return new Promise((resolve, reject) => {
      const startedMs = performance.now();
      const frame = grab(source, timestampMs);
      const job = { frame, timestampMs, startedMs, epoch: this.#epoch, watch, resolve, reject };
      job.frame.catch(() => undefined);
      if (watch) {
        this.#nFrames += 1;
        this.#meter.seen(timestampMs, startedMs);
      }
      if (!this.#isBusy) {
        this.#queue.begin(timestampMs);
        this.#inWork = this.#start(job);
        return;
      }
      const { kept, dropped } = this.#queue.offer(job);
      if (dropped) this.#drop(dropped);
      if (kept) {
        // A camera has few buffers: one that waits long is copied.
        kept.frame = kept.frame.then(copyOf);
        kept.frame.catch(() => undefined);
      }
    });
  }

  /** Check that frames and answers come. */
  #check() {
    const checks = this.#checks;
    const isQuiet = this.#watch && !document.hidden && this.#nFrames === checks.nFrames;
    checks.nQuiet = isQuiet ? checks.nQuiet + 1 : 0;
    checks.nFrames = this.#nFrames;
    if (checks.nQuiet * CHECK_MS === QUIET_MS) {
      // Paused, ended or unplugged: what was seen is no longer true.
      this.#forget({ afterGap: true });
      this.#meter.stop();
      this.#tellPace();
    }
    const isStuck = this.#isBusy && this.#nAnswers === checks.nAnswers;
    checks.nStuck = isStuck ? checks.nStuck + 1 : 0;
    checks.nAnswers = this.#nAnswers;
    if (checks.nStuck === STUCK_CHECKS) this.#engine.abandon?.(`no answer for ${(STUCK_CHECKS * CHECK_MS) / 1000} s`);
  }

  /** Say so when there begin or cease to be enough decisions. */
  #tellPace() {
    const pace = this.pace;
    if (pace.state === this.#paceState) return;
    this.#paceState = pace.state;
    if (pace.state === 'too_slow') this.#warn(SLOW_CODES[pace.cause], figuresOf(pace, this.#info.spec.frames));
    this.#emit('pace', pace);
  }

  async #start(job) {
    this.#isBusy = true;
    try {
      job.resolve(await this.#work(job));
    } catch (error) {
      job.reject(inLanguage(error, this.#options.lang));
    } finally {
      this.#isBusy = false;
      this.#nAnswers += 1;
      const next = this.#queue.next();
      if (next) this.#inWork = this.#start(next);
    }
  }

  async #work(job) {
    const frame = await job.frame;
    const isOld = () => this.#isClosed || job.epoch !== this.#epoch || job.watch?.isOver;
    const beganMs = performance.now();
    const faceBox = this.#options.face && !isOld() ? await this.#findFace(frame, job.timestampMs) : undefined;
    if (isOld() || faceBox === null) frame.close?.();
    if (isOld()) return this.#dropped(job);
    const output = await (faceBox === null
      ? this.#engine.noFace(job.timestampMs)
      : this.#engine.run(frame, job.timestampMs));
    // The engine may have finished before it got a stop or reset.
    if (isOld()) return this.#dropped(job);
    if (output.renewed) this.#onRenewed(output.renewed);
    if (output.state === 'dropped') return this.#dropped(job, output);
    this.#queue.took(performance.now() - beganMs);
    const { change, sinceMs, crops, ...rest } = job.watch ? this.#judgePace(job, output) : output;
    const result = this.#named(rest);
    result.latencyMs = performance.now() - job.startedMs;
    if (faceBox !== undefined) result.faceBox = faceBox;
    this.#nResults += 1;
    this.#emit('result', result);
    if (isOld()) return result; // a listener has stopped it
    if (change === 'start') {
      this.#isPositive = true;
      const side = this.#info.spec.preprocessing.width_px;
      const pictures = crops?.every(Boolean) ? crops.map((crop) => toImageData(crop, side)) : null;
      this.#emit(this.#names.start, { timestampMs: result.timestampMs, sinceMs, result, crops: pictures });
    }
    if (change === 'end') {
      const reason = END_REASONS[result.state] ?? 'reset';
      this.#end({ timestampMs: result.timestampMs, reason, result });
    }
    return result;
  }

  /** Withhold a decision while decisions are too rare or too old for the spec. */
  #judgePace(job, output) {
    const isDecision = output.state === 'ready' || output.state === 'no_face';
    const nowMs = performance.now();
    const isGiven = isDecision ? this.#meter.decided(nowMs, nowMs - job.startedMs) : !this.#meter.isTooSlow;
    this.#tellPace();
    if (isGiven) return output;
    if (isDecision) this.#engine.forgetDecision();
    const change = this.#isPositive ? 'end' : null;
    const nothing = { prob: null, emotionLogits: null, isPositive: null, frameTimesMs: null, sinceMs: null, crops: null };
    return { ...output, ...nothing, state: 'too_slow', change };
  }

  /** The landmarker was lost and made anew: frames from before are too old. */
  #onRenewed(reason) {
    this.#dropWaiting();
    this.#meter.restart();
    this.#warn('landmarker-renewed', { reason });
    if (this.#isPositive) this.#end({ timestampMs: null, reason: 'reset', result: null });
  }

  async #findFace(frame, timestampMs) {
    try {
      return (await this.#options.face(frame, timestampMs)) ?? null;
    } catch (error) {
      this.#warn('face-failed', { reason: reasonOf(error) });
      return null;
    }
  }

  #warn(code, values) {
    this.#emit('warning', { code, values, message: describe(code, values, this.#options.lang) });
  }

  #dropWaiting() {
    for (const job of this.#queue.clear()) this.#drop(job);
  }

  #drop(job) {
    job.frame.then((frame) => frame.close?.()).catch(() => undefined);
    job.resolve(this.#dropped(job));
  }

  #dropped(job, answer = null) {
    this.#nDropped += 1;
    return this.#named({
      state: 'dropped',
      prob: null,
      emotionLogits: null,
      isPositive: answer?.isPositive ?? null,
      timestampMs: job.timestampMs,
      frameTimesMs: null,
      provider: this.#info.provider,
      readMs: null,
      preprocessMs: null,
      landmarksMs: null,
      inferenceMs: null,
      latencyMs: performance.now() - job.startedMs,
    });
  }

  /** Give probability and decision the class's names too. */
  #named(result) {
    return { ...result, [this.#names.prob]: result.prob, [this.#names.is]: result.isPositive };
  }

  #end(detail) {
    this.#isPositive = false;
    this.#emit(this.#names.end, detail);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** The same by a name that fits models of every class. */
export { SmileDetector as Detector };
