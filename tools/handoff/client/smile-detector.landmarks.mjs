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

/** Reads one picture at a time. Make one with FaceReader.load(); close() it when done. */
export class FaceReader {
  #task = null;
  #input = null;
  #side = 0;
  #plain = null; // the square as RGBA, and the same with its black border
  #framed = null;

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
    let task;
    try {
      const { FaceLandmarker } = await importModule(bundle);
      // The package would load one of two loaders, by the kind of worker, and a bundler may make either kind. The one
      // for modules runs everywhere where it is imported here; the package takes the factory away after each use.
      globalThis.ModuleFactory = (await importModule(loader)).default;
      task = await FaceLandmarker.createFromOptions({ wasmLoaderPath: '', wasmBinaryPath: wasm.url }, {
        baseOptions: { modelAssetBuffer: model, delegate: 'CPU' }, // the graphics adapter's float16 moves points
        runningMode: landmarker.running_mode,
        numFaces: landmarker.max_faces,
        outputFaceBlendshapes: spec.input.kind === 'blendshapes',
      });
    } catch (error) {
      if (error instanceof DetectorError) throw error;
      throw (await findFaultOf(files)) ?? new DetectorError('landmarker-failed', { reason: reasonOf(error) });
    }
    return new FaceReader(task, spec.input, spec.preprocessing.width_px);
  }

  constructor(task, input, side) {
    this.#task = task;
    this.#input = input;
    this.#side = side;
    const border = Math.round(input.landmarker.border * side);
    this.#plain = new ImageData(side, side);
    this.#framed = new ImageData(side + 2 * border, side + 2 * border);
    for (let at = 3; at < this.#framed.data.length; at += 4) this.#framed.data[at] = 255; // black, not transparent
  }

  /**
   * Read the largest face of a square picture.
   * @param {Uint8ClampedArray} rgb side * side * 3 bytes, as AreaResizer gives them
   * @returns {{values: Float32Array, nFaces: number, withBorder: boolean} | null} values: 478 * 3 landmarks or 52
   *   blendshapes, the graph's input; null without a face
   */
  read(rgb) {
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

  close() {
    this.#task?.close();
    this.#task = null;
  }

  #detect(picture, border) {
    let detected;
    try {
      detected = this.#task.detect(picture);
    } catch (error) {
      throw new DetectorError('landmarker-failed', { reason: reasonOf(error) });
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
