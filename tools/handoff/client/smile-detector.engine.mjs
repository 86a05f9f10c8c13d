/**
 * The model itself: reads the spec, checks and loads the graphs, turns frames with their capture times into results.
 *
 * Runs in a worker or on the page alike; knows no video element and no event. Everything about the model comes
 * from frontend_spec.json; nothing is repeated here.
 */

import { DetectorError, reasonOf } from './smile-detector.errors.mjs';
import { fetchGraph, importOrt, isThere, kindOf, readProof, readSpec, softwareName } from './smile-detector.files.mjs';
import { AreaResizer, PixelReader, flipRows, toPlanes } from './smile-detector.pixels.mjs';
import { Decider, FrameMemory, fillWindow } from './smile-detector.window.mjs';

// The graphs of each choice, the best first: (role, variant), the one that takes the frame first. encoder_wasm is
// the encoder in operators that are fast in wasm; elsewhere it is slower.
const PLANS = [
  { graph: 'stream', providers: ['wasm'], parts: [['encoder', 'wasm'], ['head', 'plain']] },
  { graph: 'stream', providers: ['webgpu', 'wasm'], parts: [['encoder', 'plain'], ['head', 'plain']] },
  { graph: 'pixels', providers: ['webgpu', 'wasm'], parts: [['encoder', 'pixels'], ['head', 'plain']] },
  { graph: 'window', providers: ['webgpu', 'wasm'], parts: [['window', 'plain']] },
];
const MODULES = {
  wasm: { module: 'ort.wasm.min.mjs', wasm: 'ort-wasm-simd-threaded.wasm' },
  webgpu: { module: 'ort.webgpu.min.mjs', wasm: 'ort-wasm-simd-threaded.asyncify.wasm' },
};
const MOST_THREADS = 4;

/** Frames in, results out. Load it once, then call run() for one frame at a time. */
export class Engine {
  #settings = null;
  #spec = null;
  #proof = null; // browser_proof.json, or null
  #whyNoProof = null;
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
   *   (or null), provider, graph, threads ('auto' or a number), allowUntested, mirrored, keepCrops
   * @returns {Promise<object>} what was loaded, with the warnings
   */
  async load(settings) {
    const startedMs = performance.now();
    this.#settings = settings;
    if (globalThis.isSecureContext === false) throw new DetectorError('insecure-context');
    const { spec, sha256 } = await readSpec(settings.specUrl);
    this.#spec = spec;
    ({ proof: this.#proof, reason: this.#whyNoProof } = await readProof(settings.specUrl, sha256));
    const threads = this.#chooseThreads(settings.threads);
    const adapter = await this.#open(threads);
    this.#memory = new FrameMemory(this.#spec.frames);
    this.#decider = new Decider(this.#spec.decision);
    this.#resizer = new AreaResizer(this.#spec.preprocessing.width_px);
    await this.#loadLandmarker();
    const loadedMs = performance.now();
    await this.#warmUp();
    return {
      spec: this.#spec,
      proof: this.#proof,
      provider: this.#provider,
      graph: this.#choice,
      graphs: this.#graphs.map(({ entry }) => entry.name),
      threads: this.#provider === 'wasm' ? threads : 1,
      adapter,
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

  /** Give the graphs' memory back, after the frame in work. */
  async close() {
    this.reset();
    await this.#running;
    const graphs = this.#graphs;
    this.#graphs = [];
    for (const { session } of graphs) await session.release();
    this.#face?.close();
    this.#face = null;
  }

  #warn(code, values = {}) {
    this.#warnings.push({ code, values });
  }

  #chooseThreads(wanted) {
    const isolated = globalThis.crossOriginIsolated === true;
    if (wanted !== 'auto') {
      if (wanted > 1 && !isolated) throw new DetectorError('isolation');
      return wanted;
    }
    if (!isolated) {
      this.#warn('one-thread');
      return 1;
    }
    // Half of the cores: the rest draw the page and decode the camera.
    return Math.max(1, Math.min(MOST_THREADS, Math.floor((navigator.hardwareConcurrency ?? 2) / 2)));
  }

  /** The plans for which the folder has graphs, the best first. */
  #findPlans() {
    const { provider, graph } = this.#settings;
    const plans = PLANS.filter((plan) => (graph ? plan.graph === graph : plan.graph !== 'pixels')).flatMap((plan) => {
      const entries = plan.parts.map(([role, variant]) =>
        this.#spec.graphs.find((entry) => entry.role === role && entry.variant === variant),
      );
      return entries.every(Boolean) ? [{ ...plan, entries }] : [];
    });
    if (plans.length === 0) {
      const found = this.#spec.graphs.map((entry) => entry.name).join(', ');
      throw new DetectorError('graph-missing', { wanted: graph ?? 'stream', found });
    }
    return (provider === 'auto' ? ['webgpu', 'wasm'] : [provider]).flatMap((name) =>
      plans.filter((plan) => plan.providers.includes(name)).map((plan) => ({ ...plan, provider: name })),
    );
  }

  /** Tell whether the proof shows every graph, with the spec's hash, to load and agree on this provider. */
  #isProven({ entries, provider }) {
    if (!this.#proof?.execution_providers.includes(provider)) return false;
    return entries.every((entry) =>
      this.#proof.tested.some(
        (test) =>
          test.graph === entry.name &&
          test.sha256 === entry.sha256 &&
          test.execution_provider === provider &&
          test.loads &&
          test.n_flips === 0,
      ),
    );
  }

  /** Open the first plan that is allowed and works; returns the adapter's name or null. */
  async #open(threads) {
    const { provider, allowUntested } = this.#settings;
    const plans = this.#findPlans();
    let usable = plans.filter((plan) => this.#isProven(plan));
    if (usable.length === 0) {
      const wanted = `${plans[0].graph}, ${provider === 'auto' ? 'wasm' : provider}`;
      if (!allowUntested) {
        const reason = this.#whyNoProof;
        throw reason ? new DetectorError('proof-mismatch', { reason }) : new DetectorError('untested', { wanted });
      }
      usable = plans.filter((plan) => provider !== 'auto' || plan.provider === 'wasm');
      this.#warn('untested-allowed', { wanted });
    }
    let failure = null;
    let adapter;
    for (const plan of usable) {
      try {
        if (plan.provider === 'webgpu') {
          if (adapter === undefined) adapter = await this.#findAdapter(provider === 'webgpu');
          if (adapter === null) continue;
        }
        await this.#load(plan, threads);
        return plan.provider === 'webgpu' ? adapter : null;
      } catch (error) {
        const isKnown = error instanceof DetectorError;
        if (isKnown && error.code !== 'wasm-missing' && error.code !== 'no-provider') throw error;
        failure = isKnown ? error : new DetectorError('no-provider', { reason: reasonOf(error) });
        if (usable.length > 1) this.#warn('provider-failed', { provider: plan.provider, reason: reasonOf(error) });
      }
    }
    throw failure ?? new DetectorError('no-provider', { reason: 'no graphics adapter for webgpu' });
  }

  /** The name of the graphics adapter; null if there is no useful one. */
  async #findAdapter(isDemanded) {
    const adapter = await navigator.gpu?.requestAdapter?.().catch(() => null);
    if (!adapter) return null;
    const software = softwareName(adapter);
    if (software && !isDemanded) {
      this.#warn('software-adapter', { reason: software });
      return null;
    }
    const info = adapter.info ?? {};
    return software ?? ([info.vendor, info.architecture, info.description].filter(Boolean).join(' ') || 'webgpu');
  }

  async #load({ provider, graph, entries }, threads) {
    const files = MODULES[provider];
    const fetched = Promise.all(entries.map((entry) => fetchGraph(entry, this.#settings.specUrl)));
    fetched.catch(() => undefined); // handled below, after the runtime
    this.#ort = this.#settings.ort ?? (await importOrt(this.#settings.ortUrl, files.module));
    const ort = this.#ort;
    ort.env.logLevel = 'error';
    ort.env.wasm.numThreads = threads;
    if (!this.#settings.ort || this.#settings.hasOrtUrl) ort.env.wasm.wasmPaths = this.#settings.ortUrl;
    const version = ort.env.versions?.web ?? ort.env.versions?.common;
    const expected = this.#spec.runtime.npm_version;
    if (version && version !== expected) this.#warn('ort-version', { found: version, expected });
    const models = await fetched;
    const graphs = [];
    try {
      for (const [index, entry] of entries.entries()) {
        const options = { executionProviders: [provider], logSeverityLevel: 3 };
        graphs.push({ entry, session: await ort.InferenceSession.create(models[index], options) });
      }
    } catch (error) {
      for (const { session } of graphs) await session.release();
      if (!this.#settings.ort && !(await isThere(new URL(files.wasm, this.#settings.ortUrl)))) {
        throw new DetectorError('wasm-missing', { url: this.#settings.ortUrl });
      }
      throw new DetectorError('no-provider', { reason: reasonOf(error) });
    }
    this.#graphs = graphs;
    this.#provider = provider;
    this.#choice = graph;
  }

  /** Load the face landmarker if the model needs it. */
  async #loadLandmarker() {
    if (kindOf(this.#spec) === 'frames') return;
    const { FaceReader } = await import('./smile-detector.landmarks.mjs');
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
    const readMs = performance.now();
    const values = await this.#extract(picture);
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
