/**
 * Runs the graphs of a hand-off with onnxruntime-web and reports raw numbers. Python judges them.
 *
 * Served with the hand-off under /model/ and onnxruntime-web's dist/ under /ort/. One page is one configuration, as
 * onnxruntime-web sets its number of threads once.
 */

let ort = null;
let wasmThreads = 1;
const sessions = new Map();
const golden = { document: null, pictures: new Map(), features: new Map() };
const N_POINTS = 478;
const N_BLENDSHAPES = 52;

const numbers = (values) => Array.from(values, Number);
const reasonOf = (error) => String(error?.message ?? error).split('\n')[0].slice(0, 300);

/** Describe the browser and its graphics adapter. */
async function environment(provider) {
  const found = { cores: navigator.hardwareConcurrency, isolated: crossOriginIsolated, adapter: null, isSoftware: false };
  if (provider === 'webgpu') {
    const adapter = await navigator.gpu?.requestAdapter?.().catch(() => null);
    if (adapter) {
      const { vendor, architecture, description, isFallbackAdapter } = adapter.info ?? {};
      found.adapter = [vendor, architecture, description].filter(Boolean).join(' ') || 'an adapter without a name';
      found.isSoftware = Boolean(isFallbackAdapter ?? adapter.isFallbackAdapter);
    }
  }
  if (provider === 'webgl') {
    const context = document.createElement('canvas').getContext('webgl2');
    const names = context?.getExtension('WEBGL_debug_renderer_info');
    if (context) found.adapter = names ? context.getParameter(names.UNMASKED_RENDERER_WEBGL) : 'WebGL 2';
    context?.getExtension('WEBGL_lose_context')?.loseContext();
  }
  found.isSoftware ||= /swiftshader|llvmpipe|software|basic render/i.test(found.adapter ?? '');
  return found;
}

/** Load onnxruntime-web once for this page. */
async function start({ module, threads }) {
  ort = await import(`/ort/${module}`);
  ort.env.logLevel = 'error';
  ort.env.wasm.wasmPaths = '/ort/';
  ort.env.wasm.numThreads = threads;
  wasmThreads = threads;
  return { version: ort.env.versions?.web ?? ort.env.versions?.common ?? null };
}

/** Load a graph; a failure's reason is the runtime's error message. */
async function load({ entry, provider }) {
  const startedMs = performance.now();
  try {
    const response = await fetch(`/model/${entry.file}`);
    if (!response.ok) throw new Error(`${entry.file}: ${response.status}`);
    const options = { executionProviders: [provider], logSeverityLevel: 3 };
    const session = await ort.InferenceSession.create(new Uint8Array(await response.arrayBuffer()), options);
    sessions.set(entry.name, { entry, session });
    return { loads: true, reason: null, loadMs: performance.now() - startedMs };
  } catch (error) {
    return { loads: false, reason: reasonOf(error), loadMs: null };
  }
}

async function release(name) {
  await sessions.get(name)?.session.release();
  sessions.delete(name);
}

/** Decode a PNG to its exact bytes: no colour management, no alpha. */
async function readPicture(file) {
  if (!golden.pictures.has(file)) {
    const blob = await (await fetch(`/model/golden/${file}`)).blob();
    const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    golden.pictures.set(file, context.getImageData(0, 0, bitmap.width, bitmap.height));
    bitmap.close();
  }
  return golden.pictures.get(file);
}

async function readFeatures(entry) {
  if (!golden.features.has(entry.file)) {
    const buffer = await (await fetch(`/model/golden/${entry.file}`)).arrayBuffer();
    golden.features.set(entry.file, new Float32Array(buffer)); // little endian, as every browser's processor is
  }
  return golden.features.get(entry.file);
}

async function cases() {
  golden.document ??= await (await fetch('/model/golden/golden.json')).json();
  return golden.document.cases;
}

function planes({ data, width, height }, target, offset) {
  const n = width * height;
  for (let pixel = 0; pixel < n; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      target[offset + channel * n + pixel] = data[pixel * 4 + channel] / 255;
    }
  }
}

function tensor(input, values, shape) {
  if (input.dtype === 'float16') return new ort.Tensor('float16', Float16Array.from(values), shape);
  return new ort.Tensor(input.dtype, values, shape);
}

/** A golden window of landmarks or blendshapes, frames without a face filled; empty if no frame has a face. */
async function readWindow(input, goldenCase) {
  const { shape } = goldenCase.input;
  const found = goldenCase.frames.flatMap((frame, place) => (frame.found ? [place] : []));
  if (found.length === 0) return []; // the graph is not run: a rule decides
  const values = (await readFeatures(goldenCase.input)).slice();
  const each = values.length / shape[0];
  const read = values.slice();
  for (let place = 0; place < shape[0]; place += 1) {
    const nearest = found.reduce((best, at) => (Math.abs(at - place) < Math.abs(best - place) ? at : best));
    values.set(read.subarray(nearest * each, (nearest + 1) * each), place * each);
  }
  return [tensor(input, values, [1, ...shape])];
}

/** Build a graph's inputs for a golden case: one for the whole case; for an encoder one for each of its first nFrames. */
async function inputsOf(entry, goldenCase, nFrames) {
  const [input] = entry.inputs;
  if (goldenCase.input) return readWindow(input, goldenCase);
  const frames = entry.role === 'encoder' ? goldenCase.frames.slice(0, nFrames) : goldenCase.frames;
  if (entry.role === 'head') {
    const features = await readFeatures(goldenCase.features);
    return [tensor(input, features.slice(), [1, ...goldenCase.features.shape])];
  }
  if (entry.variant === 'pixels') {
    const pictures = await Promise.all(frames.map((frame) => readPicture(frame.picture.file)));
    return pictures.map((p) => tensor(input, new Uint8Array(p.data), [p.height, p.width, 4]));
  }
  const crops = await Promise.all(frames.map((frame) => readPicture(frame.crop.file)));
  const each = 3 * crops[0].width * crops[0].height;
  const shape = [3, crops[0].height, crops[0].width];
  if (entry.role === 'window') {
    const values = new Float32Array(each * crops.length);
    crops.forEach((crop, k) => planes(crop, values, k * each));
    return [tensor(input, values, [1, crops.length, ...shape])];
  }
  return crops.map((crop) => {
    const values = new Float32Array(each);
    planes(crop, values, 0);
    return tensor(input, values, [1, ...shape]);
  });
}

async function runOnce({ entry, session }, input) {
  const startedMs = performance.now();
  const outputs = await session.run({ [entry.inputs[0].name]: input });
  const values = {};
  for (const [name, output] of Object.entries(outputs)) {
    values[name] = await output.getData(); // brings it back from a graphics adapter: part of the time
  }
  const ms = performance.now() - startedMs;
  for (const output of Object.values(outputs)) output.dispose();
  return { values, ms };
}

/**
 * Run a graph on the golden cases, then on until nRuns or limitMs is reached.
 * @returns outputs: for each case a list of outputs by name, one for each run of it; timesMs: all runs in order
 */
async function measure({ name, nCases, nFrames, nRuns, limitMs }) {
  const graph = sessions.get(name);
  const outputs = [];
  const timesMs = [];
  let last = null;
  try {
    for (const goldenCase of (await cases()).slice(0, nCases)) {
      const ofCase = [];
      for (const input of await inputsOf(graph.entry, goldenCase, nFrames)) {
        const { values, ms } = await runOnce(graph, input);
        timesMs.push(ms);
        ofCase.push(Object.fromEntries(Object.entries(values).map(([key, array]) => [key, numbers(array)])));
        last?.dispose();
        last = input;
      }
      outputs.push(ofCase);
    }
    const endMs = performance.now() + limitMs;
    while (timesMs.length < nRuns && performance.now() < endMs) timesMs.push((await runOnce(graph, last)).ms);
  } catch (error) {
    return { outputs, timesMs, error: reasonOf(error) };
  } finally {
    last?.dispose();
  }
  return { outputs, timesMs, error: null };
}

/** Time a graph on one input of its own shape, n times; for comparisons in one run. */
async function time({ name, n }) {
  const graph = sessions.get(name);
  const [goldenCase] = await cases();
  const [input] = await inputsOf(graph.entry, goldenCase, 5);
  const timesMs = [];
  for (let run = 0; run < n; run += 1) timesMs.push((await runOnce(graph, input)).ms);
  input.dispose();
  return timesMs;
}

/** Bytes in use: wasm's heap exactly, all of the page as the browser measures it (null where it does not, or with threads). */
async function memory() {
  const wasm = globalThis.wasmMemories.reduce((sum, each) => sum + each.buffer.byteLength, 0);
  // With threads the browser would wait a minute for workers that sleep inside wasm.
  if (!performance.measureUserAgentSpecificMemory || wasmThreads > 1) return { wasm, all: null };
  return { wasm, all: (await performance.measureUserAgentSpecificMemory()).bytes };
}

const ring = { frames: [], features: [], at: 0 };

/** Encode the frames of all golden cases in a loop, and decide on the last `count`; continues for n frames. */
async function soak({ encoder, head, n, count, prob }) {
  if (ring.frames.length === 0) {
    for (const goldenCase of await cases()) {
      for (const frame of goldenCase.frames) {
        const crop = await readPicture(frame.crop.file);
        const values = new Float32Array(3 * crop.width * crop.height);
        planes(crop, values, 0);
        ring.frames.push({ values, shape: [1, 3, crop.height, crop.width] });
      }
    }
  }
  const [encoding, deciding] = [sessions.get(encoder), sessions.get(head)];
  const probs = [];
  const timesMs = [];
  for (let step = 0; step < n; step += 1) {
    const startedMs = performance.now();
    const frame = ring.frames[ring.at % ring.frames.length];
    ring.at += 1;
    const input = tensor(encoding.entry.inputs[0], frame.values, frame.shape);
    const { values } = await runOnce(encoding, input);
    input.dispose();
    ring.features.push(values[encoding.entry.outputs[0].name]);
    if (ring.features.length > count) ring.features.shift();
    if (ring.features.length < count) continue;
    const each = ring.features[0].length;
    const joined = new Float32Array(each * count);
    ring.features.forEach((features, k) => joined.set(features, k * each));
    const window = tensor(deciding.entry.inputs[0], joined, [1, count, each]);
    const decision = await runOnce(deciding, window);
    window.dispose();
    probs.push(decision.values[prob][0]);
    timesMs.push(performance.now() - startedMs);
  }
  return { probs, timesMs };
}

/** Crop and resize every golden picture with the client's own code; compare with the golden crop, byte by byte. */
async function resizeGolden({ sizePx }) {
  const { AreaResizer } = await import('/model/smile-detector.pixels.mjs');
  const compared = [];
  for (const goldenCase of await cases()) {
    const resizer = new AreaResizer(sizePx);
    const result = { name: goldenCase.name, largest: 0, nDifferent: 0, ms: Infinity };
    for (const frame of goldenCase.frames) {
      const picture = await readPicture(frame.picture.file);
      const startedMs = performance.now();
      const resized = resizer.resize(picture.data, picture.width, picture.height);
      result.ms = Math.min(result.ms, performance.now() - startedMs);
      const goldenCrop = (await readPicture(frame.crop.file)).data;
      for (let at = 0; at < resized.length; at += 1) {
        const difference = Math.abs(resized[at] - goldenCrop[Math.floor(at / 3) * 4 + (at % 3)]);
        if (difference) result.nDifferent += 1;
        result.largest = Math.max(result.largest, difference);
      }
    }
    compared.push(result);
  }
  return compared;
}

/** Compute the probabilities for raw RGBA frames of a film, with the client's resize and, if present, with the graph's own. */
async function curves({ files, width, height, sizePx, count, encoder, pixels, head, prob }) {
  const { AreaResizer, toPlanes } = await import('/model/smile-detector.pixels.mjs');
  const resizer = new AreaResizer(sizePx);
  const kept = { javascript: [], pixels: [] };
  const probs = { javascript: [], pixels: [] };
  const values = new Float32Array(3 * sizePx * sizePx);
  const decide = async (features, into) => {
    if (features.length < count) return;
    const last = features.slice(-count);
    const joined = new Float32Array(last[0].length * count);
    last.forEach((each, k) => joined.set(each, k * each.length));
    const deciding = sessions.get(head);
    const { values: outputs } = await runOnce(deciding, tensor(deciding.entry.inputs[0], joined, [1, count, last[0].length]));
    into.push(outputs[prob][0]);
  };
  for (const file of files) {
    const rgba = new Uint8Array(await (await fetch(`/film/${file}`)).arrayBuffer());
    const encoding = sessions.get(encoder);
    toPlanes(resizer.resize(rgba, width, height), values);
    const encoded = await runOnce(encoding, tensor(encoding.entry.inputs[0], values, [1, 3, sizePx, sizePx]));
    kept.javascript.push(encoded.values[encoding.entry.outputs[0].name]);
    await decide(kept.javascript, probs.javascript);
    const inside = pixels ? sessions.get(pixels) : null;
    if (inside) {
      const encodedInside = await runOnce(inside, tensor(inside.entry.inputs[0], rgba, [height, width, 4]));
      kept.pixels.push(encodedInside.values[inside.entry.outputs[0].name]);
      await decide(kept.pixels, probs.pixels);
    }
  }
  return probs;
}

/**
 * Detect the face in raw RGBA pictures with the client's own crop and landmarker.
 * @returns for each picture landmarks and blendshapes, null without a face; and the milliseconds of one detection
 */
async function readFaces({ pictures, spec }) {
  const { AreaResizer } = await import('/model/smile-detector.pixels.mjs');
  const { FaceReader } = await import('/model/smile-detector.landmarks.mjs');
  const urls = { tasksUrl: `${location.origin}/tasks/`, modelUrl: `${location.origin}/landmarker/${spec.input.landmarker.file}` };
  const lengths = { landmarks: [1, 1, N_POINTS, 3], blendshapes: [1, 1, N_BLENDSHAPES] };
  const faces = pictures.map(() => ({ ms: 0 }));
  for (const [kind, shape] of Object.entries(lengths)) {
    const reader = await FaceReader.load({ ...spec, input: { ...spec.input, kind, shape } }, urls);
    const resizer = new AreaResizer(spec.preprocessing.width_px);
    for (const [number, { file, width, height }] of pictures.entries()) {
      const rgba = new Uint8Array(await (await fetch(`/film/${file}`)).arrayBuffer());
      const startedMs = performance.now();
      const face = reader.read(resizer.resize(rgba, width, height));
      if (kind === spec.input.kind) faces[number].ms = performance.now() - startedMs;
      faces[number][kind] = face && numbers(face.values);
      faces[number].withBorder = face?.withBorder ?? false;
    }
    reader.close();
  }
  return faces;
}

globalThis.proof = { environment, start, load, release, measure, time, memory, soak, resizeGolden, curves, readFaces };
