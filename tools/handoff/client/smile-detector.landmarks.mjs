/**
 * Detects the face in a picture with MediaPipe's Face Landmarker: the input of a model of landmarks or blendshapes.
 *
 * The landmarker and its settings come from frontend_spec.json (input.landmarker) and equal those of training;
 * shared/faces/landmarker.py is the same in Python. Every picture is independent. Runs in a worker or on the page; knows
 * no video and no model.
 */

import { DetectorError, reasonOf } from './smile-detector.errors.mjs';
import { findFaultOf, importModule } from './smile-detector.faults.mjs';
import { fetchChecked } from './smile-detector.files.mjs';
import { TASKS_FILES } from './smile-detector.plans.mjs';

const isWorker = typeof document === 'undefined';
const RETRY_AFTER_MS = [0, 250, 500, 1000, 2000, 4000]; // a browser whose graphics process died needs a moment for another
const MOST_RENEWAL_MS = 15_000;
const MOST_RENEWALS = 3; // without an answer between
const PROBE_EVERY_MS = 1000;
const FACELESS = 'a picture without a face has one';

/** Reads one picture at a time. Make one with FaceReader.load(); close() it when done. */
export class FaceReader {
  #make; // makes a landmarker: {task, context}
  #task = null;
  #context = null; // its WebGL context
  #input = null;
  #side = 0;
  #plain = null; // the square as RGBA, and the same with its black border
  #framed = null;
  #last = null; // {values, checksum} of the last picture with a face
  #probedMs = -Infinity;
  #isClosed = false;
  #nRenewals = 0; // since the last answer

  /**
   * @param {object} spec frontend_spec.json
   * @param {{tasksUrl: string, modelUrl: string}} urls the folder of @mediapipe/tasks-vision, and face_landmarker.task
   */
  static async load(spec, { tasksUrl, modelUrl }) {
    const { landmarker } = spec.input;
    const about = { option: 'landmarkModel', kind: 'task' };
    const model = await fetchChecked({ file: landmarker.file, sha256: landmarker.sha256 }, modelUrl, about);
    const files = TASKS_FILES.map((file) => ({
      file,
      url: new URL(file, tasksUrl).href,
      option: 'tasksUrl',
      kind: file.endsWith('.wasm') ? 'wasm' : 'script',
      missing: 'landmarker-missing',
    }));
    const [bundle, loader, wasm] = files;
    const make = async () => {
      const { FaceLandmarker } = await importModule(bundle);
      // The package would load one of two loaders, by the kind of worker, and a bundler may make either kind. The one
      // for modules runs everywhere where it is imported here; the package takes the factory away after each use.
      globalThis.ModuleFactory = (await importModule(loader)).default;
      const { canvas, contexts } = makeCanvas();
      const task = await FaceLandmarker.createFromOptions({ wasmLoaderPath: '', wasmBinaryPath: wasm.url }, {
        baseOptions: { modelAssetBuffer: model.slice(), delegate: 'CPU' }, // the graphics adapter's float16 moves points
        canvas,
        runningMode: landmarker.running_mode,
        numFaces: landmarker.max_faces,
        outputFaceBlendshapes: spec.input.kind === 'blendshapes',
      });
      return { task, context: contexts[contexts.length - 1] ?? null };
    };
    const reader = new FaceReader(make, spec.input, spec.preprocessing.width_px);
    try {
      await reader.#open();
    } catch (error) {
      if (error instanceof DetectorError) throw error;
      throw (await findFaultOf(files)) ?? new DetectorError('landmarker-failed', { reason: reasonOf(error) });
    }
    return reader;
  }

  constructor(make, input, side) {
    this.#make = make;
    this.#input = input;
    this.#side = side;
    const border = Math.round(input.landmarker.border * side);
    this.#plain = new ImageData(side, side);
    this.#framed = new ImageData(side + 2 * border, side + 2 * border);
    for (let at = 3; at < this.#framed.data.length; at += 4) this.#framed.data[at] = 255; // black, not transparent
  }

  /**
   * Make the landmarker anew after read() has found it lost.
   * Rejects with landmarker-lost if it cannot be had again; then the reader is of no more use.
   */
  async renew() {
    let reason = 'it is lost again and again';
    this.#nRenewals += 1;
    const startedMs = performance.now();
    for (const waitMs of this.#nRenewals <= MOST_RENEWALS ? RETRY_AFTER_MS : []) {
      if (waitMs) await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (this.#isClosed || performance.now() - startedMs > MOST_RENEWAL_MS) break;
      this.#release();
      try {
        await this.#open();
        if (!this.#isLost() && !this.#seesFaceInBlack()) return;
        reason = FACELESS;
      } catch (error) {
        reason = reasonOf(error);
      }
    }
    this.#release();
    throw new DetectorError('landmarker-lost', { reason });
  }

  async #open() {
    ({ task: this.#task, context: this.#context } = await this.#make());
    this.#last = null;
    if (this.#isClosed) this.#release();
  }

  /**
   * Read the largest face of a square picture.
   * @param {Uint8ClampedArray} rgb side * side * 3 bytes, as AreaResizer gives them
   * @returns {{values: Float32Array, nFaces: number, withBorder: boolean} | null} values: 478 * 3 landmarks or 52
   *   blendshapes, the graph's input; null without a face. Throws landmarker-lost if what it gives is not of this picture
   */
  read(rgb) {
    this.#checkContext();
    const face = this.#look(rgb);
    this.#checkContext();
    this.#checkRepetition(face, rgb);
    this.#nRenewals = 0;
    return face;
  }

  close() {
    this.#isClosed = true;
    this.#release();
  }

  #release() {
    try {
      this.#task?.close();
    } catch {
      // one that is lost may not close
    }
    this.#task = null;
  }

  #look(rgb) {
    const side = this.#side;
    const border = (this.#framed.width - side) / 2;
    const [plain, framed] = [this.#plain.data, this.#framed.data];
    for (let y = 0, from = 0; y < side; y += 1) {
      for (let x = 0; x < side; x += 1, from += 3) {
        const to = (y * side + x) * 4;
        const inside = ((y + border) * this.#framed.width + x + border) * 4;
        for (let channel = 0; channel < 3; channel += 1) plain[to + channel] = framed[inside + channel] = rgb[from + channel];
        plain[to + 3] = 255;
      }
    }
    return this.#detect(this.#plain, 0) ?? this.#detect(this.#framed, border);
  }

  /** Whether the WebGL context is gone. It is asked, since its event comes only when the thread is idle. */
  #isLost() {
    const context = this.#context;
    return Boolean(context) && (context.isContextLost() || context.getError() === context.CONTEXT_LOST_WEBGL);
  }

  #checkContext() {
    if (this.#task === null || this.#isLost()) throw new DetectorError('landmarker-lost', { reason: 'the WebGL context is lost' });
  }

  /** Equal numbers for another picture are suspicious: then a picture without a face decides. */
  #checkRepetition(face, rgb) {
    const last = this.#last;
    const sum = face ? checksum(rgb) : 0;
    this.#last = face && { values: face.values, checksum: sum };
    if (!face || !last || sum === last.checksum) return;
    if (!face.values.every((value, at) => value === last.values[at])) return;
    if (performance.now() - this.#probedMs < PROBE_EVERY_MS) return;
    this.#probedMs = performance.now();
    if (this.#seesFaceInBlack()) throw new DetectorError('landmarker-lost', { reason: FACELESS });
  }

  #seesFaceInBlack() {
    const black = new ImageData(this.#side, this.#side);
    for (let at = 3; at < black.data.length; at += 4) black.data[at] = 255;
    return this.#detect(black, 0) !== null;
  }

  #detect(picture, border) {
    let detected;
    try {
      detected = this.#task.detect(picture);
    } catch (error) {
      throw new DetectorError('landmarker-lost', { reason: reasonOf(error) });
    }
    const faces = detected.faceLandmarks;
    if (faces.length === 0) return null;
    let largest = 0;
    for (let face = 1; face < faces.length; face += 1) if (area(faces[face]) > area(faces[largest])) largest = face;
    const isScores = this.#input.kind === 'blendshapes';
    const values = isScores
      ? Float32Array.from(detected.faceBlendshapes[largest].categories, ({ score }) => score)
      : toNumbers(faces[largest], this.#side, border);
    const expected = this.#input.shape.slice(2).reduce((product, length) => product * length, 1);
    if (values.length !== expected) {
      throw new DetectorError('landmarker-failed', { reason: `${values.length} numbers instead of ${expected}` });
    }
    return { values, nFaces: faces.length, withBorder: border > 0 };
  }
}

/** The box around a face's points, as a part of the picture. */
function area(points) {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return (right - left) * (bottom - top);
}

/** Points side by side as x, y, z; those of a picture with a border as fractions of the square inside of it. */
function toNumbers(points, side, border) {
  const framed = side + 2 * border;
  const values = new Float32Array(points.length * 3);
  points.forEach(({ x, y, z }, point) => {
    values[point * 3] = (x * framed - border) / side;
    values[point * 3 + 1] = (y * framed - border) / side;
    values[point * 3 + 2] = (z * framed) / side;
  });
  return values;
}

/** A number that another picture hardly has (FNV-1a over words of four bytes). */
function checksum(rgb) {
  const words = new Int32Array(rgb.buffer, rgb.byteOffset, rgb.byteLength >> 2);
  let sum = 0x811c9dc5;
  for (let at = 0; at < words.length; at += 1) sum = Math.imul(sum ^ words[at], 0x01000193);
  return sum;
}

/**
 * A canvas for the landmarker, with the contexts that it asks for: one that is lost makes the landmarker repeat its last
 * answer, and can be asked.
 */
function makeCanvas() {
  const canvas = isWorker ? new OffscreenCanvas(1, 1) : document.createElement('canvas');
  const contexts = [];
  const getContext = canvas.getContext.bind(canvas);
  canvas.getContext = (...values) => {
    const context = getContext(...values);
    if (context) contexts.push(context);
    return context;
  };
  return { canvas, contexts };
}
