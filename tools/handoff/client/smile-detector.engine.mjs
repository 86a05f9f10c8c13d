/**
 * The model itself: reads the spec, has the graphs opened, turns frames with their capture times into results.
 *
 * Runs in a worker or on the page alike; knows no video element and no event. Everything about the model comes
 * from frontend_spec.json; nothing is repeated here.
 */

import { DetectorError, reasonOf } from './smile-detector.errors.mjs';
import { kindOf, readProof, readSpec } from './smile-detector.files.mjs';
import { FaceReader } from './smile-detector.landmarks.mjs';
import { PixelReader } from './smile-detector.colors.mjs';
import { AreaResizer, flipRows, toPlanes } from './smile-detector.pixels.mjs';
import { openGraphs } from './smile-detector.runtime.mjs';
import { checkSame } from './smile-detector.seal.mjs';
import { Decider, FrameMemory, fillWindow } from './smile-detector.window.mjs';

/** Frames in, results out. Load it once, then call run() for one frame at a time. */
export class Engine {
  #settings = null;
  #spec = null;
  #ort = null;
  #graphs = []; // {entry, session}, in the order in which they run
  #choice = 'stream';
  #provider = 'wasm';
  #memory = null;
  #decider = null;
  #resizer = null;
  #face = null; // the FaceReader of a model of landmarks or blendshapes
  #reader = new PixelReader();
  #input = new Float32Array(0);
  #epoch = 0;
  #running = Promise.resolve();
  #warnings = [];

  /**
   * @param {object} settings specUrl, ortUrl (a folder), ort (a module, or null), tasksUrl (a folder), landmarkModelUrl
   *   (or null), provider, graph, threads ('auto' or a number), allowUntested, mirrored, keepCrops, sealed (what
   *   smile-detector.seal.mjs gave; nothing without a public key)
   * @returns {Promise<object>} what was loaded, with the warnings
   */
  async load(settings) {
    const startedMs = performance.now();
    this.#settings = settings;
    if (globalThis.isSecureContext === false) throw new DetectorError('insecure-context');
    const { spec, sha256 } = await readSpec(settings.specUrl);
    this.#spec = spec;
    const { proof, sha256: proofSha256, reason: whyNoProof } = await readProof(settings.specUrl, sha256);
    checkSame(settings, { specSha256: sha256, proofSha256 });
    const warn = (code, values = {}) => this.#warnings.push({ code, values });
    const opened = await openGraphs({ spec, proof, whyNoProof }, settings, warn);
    ({ ort: this.#ort, graphs: this.#graphs, choice: this.#choice, provider: this.#provider } = opened);
    this.#memory = new FrameMemory(this.#spec.frames);
    this.#decider = new Decider(this.#spec.decision);
    this.#resizer = new AreaResizer(this.#spec.preprocessing.width_px);
    await this.#loadLandmarker();
    const loadedMs = performance.now();
    await this.#warmUp();
    return {
      spec: this.#spec,
      proof,
      provider: this.#provider,
      graph: this.#choice,
      graphs: this.#graphs.map(({ entry }) => entry.name),
      threads: opened.threads,
      adapter: opened.adapter,
      ortVersion: this.#ort.env?.versions?.web ?? this.#ort.env?.versions?.common ?? null,
      loadMs: loadedMs - startedMs,
      warmUpMs: performance.now() - loadedMs,
      warnings: this.#warnings,
    };
  }

  /**
   * Compute the result for one frame. Calls must not overlap; the frame is closed.
   * @param {VideoFrame | ImageBitmap | ImageData} frame
   * @param {number} timestampMs when it was captured
   */
  async run(frame, timestampMs) {
    const work = this.#compute(frame, timestampMs);
    this.#running = work.catch(() => undefined);
    return work;
  }

  /** The result for a frame without a face: not of the positive class, and the window begins again. */
  noFace(timestampMs) {
    const change = this.reset({ afterGap: true }) ? 'end' : null;
    return this.#result('no_face', timestampMs, { change });
  }

  /** Forget all frames and the decision; returns whether it was of the positive class. */
  reset({ afterGap = false } = {}) {
    this.#epoch += 1;
    const wasPositive = this.#decider?.isPositive ?? false;
    this.#memory?.clear({ afterGap });
    this.#decider?.reset();
    return wasPositive;
  }

  /** Forget the decision; frames stay. */
  forgetDecision() {
    this.#decider?.reset();
  }

  /** Give the graphs' memory back, after the frame in work. */
  async close() {
    this.reset();
    this.#face?.close();
    await this.#running;
    const graphs = this.#graphs;
    this.#graphs = [];
    for (const { session } of graphs) await session.release();
    this.#face = null;
  }

  /** Load the face landmarker if the model needs it. */
  async #loadLandmarker() {
    if (kindOf(this.#spec) === 'frames') return;
    const { specUrl, tasksUrl, landmarkModelUrl } = this.#settings;
    const modelUrl = landmarkModelUrl ?? new URL(this.#spec.input.landmarker.file, specUrl).href;
    this.#face = await FaceReader.load(this.#spec, { tasksUrl, modelUrl });
  }

  /** Run everything once: the first run compiles and allocates, which must not delay the first frame. */
  async #warmUp() {
    const side = this.#spec.preprocessing.width_px;
    let values = await this.#extract({ data: new Uint8ClampedArray(side * side * 4), width: side, height: side });
    // A black picture has no face; any numbers will do.
    const length = this.#spec.input.shape.slice(2).reduce((product, each) => product * each, 1);
    if (this.#face) values = { ...values, features: Float32Array.from({ length }, (_, at) => (at % 7) / 7) };
    await this.#decideOn(Array.from({ length: this.#spec.frames.count }, () => values));
  }

  async #compute(frame, timestampMs) {
    const newestMs = this.#memory.newestMs;
    if (!Number.isFinite(timestampMs) || timestampMs === newestMs) {
      frame.close?.();
      return this.#result('dropped', timestampMs); // the same frame again
    }
    // An earlier frame: the film was rewound.
    const isCut = newestMs !== null && timestampMs < newestMs && this.reset();
    const epoch = this.#epoch;
    const startedMs = performance.now();
    let picture;
    try {
      picture = await this.#reader.read(frame);
    } catch (error) {
      throw new DetectorError('bad-source', { reason: reasonOf(error) });
    }
    if (epoch !== this.#epoch) return this.#result('dropped', timestampMs);
    const readMs = performance.now();
    let values;
    try {
      values = await this.#extract(picture);
    } catch (error) {
      if (error.code !== 'landmarker-lost') throw error;
      await this.#face.renew();
      this.reset({ afterGap: true }); // the frames are old by now
      return { ...this.#result('dropped', timestampMs), renewed: reasonOf(error.values.reason) };
    }
    if (epoch !== this.#epoch) return this.#result('dropped', timestampMs);
    const window = this.#memory.add(timestampMs, values);
    if (window.state !== 'ready') {
      this.#decider.pause();
      const change = isCut ? 'end' : null;
      return this.#result(window.state, timestampMs, { change, timing: { startedMs, readMs, values } });
    }
    const filled = this.#face ? fillFaces(window.values) : window.values;
    if (filled === null) return this.#withoutFace(timestampMs, window.timesMs, { startedMs, readMs, values });
    const outputs = await this.#decideOn(filled);
    if (epoch !== this.#epoch) return this.#result('dropped', timestampMs);
    const wasPositive = this.#decider.isPositive;
    const isPositive = this.#decider.decide(outputs.prob, timestampMs);
    return this.#result('ready', timestampMs, {
      ...outputs,
      frameTimesMs: window.timesMs,
      change: isPositive === wasPositive ? null : isPositive ? 'start' : 'end',
      sinceMs: isPositive ? this.#decider.sinceMs : null,
      crops: this.#settings.keepCrops ? window.values.map((value) => value.crop) : null,
      timing: { startedMs, readMs, values },
    });
  }

  /** The result for a window without any face: by the spec's rule not of the positive class; the graph is not run. */
  #withoutFace(timestampMs, frameTimesMs, timing) {
    const prob = this.#spec.input.landmarker.window_without_face;
    const wasPositive = this.#decider.isPositive;
    this.#decider.decide(prob, timestampMs);
    return this.#result('no_face', timestampMs, { prob, frameTimesMs, change: wasPositive ? 'end' : null, timing });
  }

  #result(state, timestampMs, { timing, ...rest } = {}) {
    return {
      state,
      prob: rest.prob ?? null,
      emotionLogits: rest.emotionLogits ?? null,
      isPositive: this.#decider.isPositive,
      timestampMs,
      frameTimesMs: rest.frameTimesMs ?? null,
      provider: this.#provider,
      readMs: timing ? timing.readMs - timing.startedMs : null,
      preprocessMs: timing ? timing.values.preprocessMs : null,
      landmarksMs: timing?.values.landmarksMs ?? null,
      inferenceMs: timing
        ? performance.now() - timing.readMs - timing.values.preprocessMs - (timing.values.landmarksMs ?? 0)
        : null,
      change: rest.change ?? null,
      sinceMs: rest.sinceMs ?? null,
      crops: rest.change === 'start' ? (rest.crops ?? null) : null,
      crop: this.#settings.keepCrops === 'each' ? (timing?.values.crop ?? null) : null,
    };
  }

  /**
   * Turn a picture into the values that the window keeps: its features (null without a face), or its bytes if the whole
   * window is run.
   */
  async #extract({ data, width, height }) {
    const startedMs = performance.now();
    const flips = { flipBefore: this.#settings.mirrored, flipAfter: this.#spec.preprocessing.mirror };
    const { entry, session } = this.#graphs[0];
    if (this.#choice === 'pixels') {
      const bytes = new Uint8Array(data); // a copy: the source stays as it is
      if (flips.flipBefore !== flips.flipAfter) flipRows(bytes, width, height, 4);
      const preprocessMs = performance.now() - startedMs;
      const features = await this.#infer(session, entry, 'uint8', bytes, [height, width, 4]);
      return { features: features[entry.outputs[0].name], crop: null, preprocessMs };
    }
    const crop = this.#resizer.resize(data, width, height, flips);
    if (this.#face) {
      const croppedMs = performance.now();
      const features = this.#face.read(crop)?.values ?? null;
      const landmarksMs = performance.now() - croppedMs;
      return { features, crop: this.#settings.keepCrops ? crop : null, preprocessMs: croppedMs - startedMs, landmarksMs };
    }
    if (this.#choice === 'window') return { crop, preprocessMs: performance.now() - startedMs };
    if (this.#input.length !== crop.length) this.#input = new Float32Array(crop.length);
    toPlanes(crop, this.#input);
    const preprocessMs = performance.now() - startedMs;
    const features = await this.#infer(session, entry, 'float32', this.#input, entry.inputs[0].shape);
    return { features: features[entry.outputs[0].name], crop: this.#settings.keepCrops ? crop : null, preprocessMs };
  }

  async #decideOn(values) {
    const { entry, session } = this.#graphs[this.#graphs.length - 1];
    const isWindow = this.#choice === 'window' && !this.#face;
    const each = isWindow ? values[0].crop.length : values[0].features.length;
    const input = new Float32Array(each * values.length);
    values.forEach((value, place) => {
      if (isWindow) toPlanes(value.crop, input, place * each);
      else input.set(value.features, place * each);
    });
    // The axis of frames is dynamic in a graph of landmarks or blendshapes.
    const shape = this.#face ? this.#spec.input.shape : entry.inputs[0].shape;
    const outputs = await this.#infer(session, entry, 'float32', input, shape);
    const logits = outputs.emotion_logits;
    return { prob: outputs[this.#spec.decision.output][0], emotionLogits: logits ? Array.from(logits) : null };
  }

  async #infer(session, entry, type, data, shape) {
    const tensor = new this.#ort.Tensor(type, data, shape);
    let outputs = {};
    try {
      outputs = await session.run({ [entry.inputs[0].name]: tensor });
      return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, output.data]));
    } catch (error) {
      throw new DetectorError('inference-failed', { reason: reasonOf(error) });
    } finally {
      tensor.dispose();
      for (const output of Object.values(outputs)) output.dispose();
    }
  }
}

/** Fill a window's frames that have no face; null if none has one. */
function fillFaces(values) {
  const features = fillWindow(values.map((value) => value.features));
  return features && values.map((value, place) => ({ ...value, features: features[place] }));
}
