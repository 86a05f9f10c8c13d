/** Types of smile-detector.mjs. Times are milliseconds, fractions go from 0 to 1. */

export type Provider = 'webgpu' | 'wasm';
export type Graph = 'stream' | 'window' | 'pixels';
export type Lang = 'en' | 'ko';

/** Sources of a picture. A VideoFrame or an ImageBitmap is closed by the detector; the others stay yours. */
export type Source = HTMLVideoElement | VideoFrame | HTMLCanvasElement | OffscreenCanvas | ImageBitmap | ImageData;

/**
 * Codes of DetectorError and of warnings. They never change; their messages may.
 * Warnings, after which the detector goes on, are 'one-thread' and those after it; the others are errors.
 */
export type Code =
  | 'spec-missing'
  | 'spec-invalid'
  | 'spec-version'
  | 'model-missing'
  | 'model-truncated'
  | 'model-hash'
  | 'signature-missing'
  | 'signature-key'
  | 'signature-mismatch'
  | 'signature-wrong'
  | 'signature-unsupported'
  | 'insecure-context'
  | 'isolation'
  | 'wasm-missing'
  | 'landmarker-missing'
  | 'landmarker-failed'
  | 'base-missing'
  | 'file-html'
  | 'file-lfs'
  | 'file-type'
  | 'file-truncated'
  | 'file-broken'
  | 'script-broken'
  | 'script-blocked'
  | 'wasm-blocked'
  | 'landmarker-lost'
  | 'untested'
  | 'proof-mismatch'
  | 'no-provider'
  | 'graph-missing'
  | 'bad-source'
  | 'inference-failed'
  | 'closed'
  | 'camera-denied'
  | 'camera-missing'
  | 'camera-unfit'
  | 'camera-busy'
  | 'camera-lost'
  | 'one-thread'
  | 'no-worker'
  | 'provider-failed'
  | 'software-adapter'
  | 'ort-version'
  | 'untested-allowed'
  | 'landmarker-renewed'
  | 'machine-slow'
  | 'camera-slow'
  | 'face-failed';

export declare const CODES: readonly Code[];

/** The version of frontend_spec.json that this client reads. */
export declare const SPEC_VERSION: number;

/** An expected failure: `code` for programs, `message` for people. */
export declare class DetectorError extends Error {
  readonly code: Code;
  readonly values: Record<string, unknown>;
  /** The same message in the other language. */
  in(lang: Lang): string;
}

/** The message for a code. */
export declare function describe(code: Code, values?: Record<string, unknown>, lang?: Lang): string;

export interface DetectorOptions {
  /** The folder that `smile-detector-assets` has written: spec, graphs, `ort/` and `tasks/` lie in it. Needed wherever a
   * bundler moves this client; default: the files beside smile-detector.mjs. The options below go before it. */
  baseUrl?: string | URL;
  /** Where frontend_spec.json lies; the graphs lie beside it. Default: in baseUrl, else beside smile-detector.mjs. */
  spec?: string | URL;
  /** The dist folder of onnxruntime-web. Default: `ort/` in baseUrl, else the import map's, else node_modules beside
   * smile-detector.mjs. */
  ortUrl?: string | URL;
  /** The folder of @mediapipe/tasks-vision, for models of landmarks or blendshapes. Default: `tasks/` in baseUrl, else the
   * import map's, else node_modules beside smile-detector.mjs. */
  tasksUrl?: string | URL;
  /** Where face_landmarker.task lies, for the same. Default: beside frontend_spec.json. */
  landmarkModel?: string | URL;
  /** An onnxruntime-web module that you have imported already (a bundler's); it runs on the page, not in a worker. */
  ort?: unknown;
  /** 'auto' (default): webgpu on a real graphics adapter, then wasm, and only providers that the browser proof lists. */
  provider?: 'auto' | Provider;
  /** 'stream' encodes each frame once (the default), 'window' runs all five each time (five times the work), 'pixels'
   * crops and resizes inside the graph. Default: stream, or window where the folder holds no stream. */
  graph?: Graph;
  /** Threads of wasm. More than one needs an isolated page (COOP and COEP), else the error 'isolation'. 'auto'
   * (default): half of the cores, at most 4; one, with a warning, where the page is not isolated. */
  threads?: 'auto' | number;
  /** Where smile-detector.worker.mjs lies, or what a bundler made of `smile-detector/worker`. Default: where the bundler
   * that built the page put it, else beside smile-detector.mjs, else in baseUrl. */
  workerUrl?: string | URL;
  /** Run in a worker, so that the page stays smooth. Default: true. */
  worker?: boolean;
  /** The team's public key, as `./inv handoff --sign` shows it: manifest.json's signature is checked with it, and every file
   * of the folder that is read, before anything runs. Default: no check. */
  publicKey?: string;
  /** Run a model without a browser proof. Default: false. */
  allowUntested?: boolean;
  /** The pixels themselves are mirrored (a canvas that you flipped). A video mirrored by CSS is not. Default: false. */
  mirrored?: boolean;
  /** Keep the last frames as the model's crops; 'smilestart' (or the class's) then has them. 'each': every result has its
   * frame's, which smile-detector.keep.mjs needs. Default: false. */
  keepCrops?: boolean | 'each';
  /**
   * Returns the face's box, or null without a face: such a frame gets the state 'no_face', ends what had begun and
   * begins the window again. The box is passed through to the result; the crop stays the centred square, which the model
   * was trained with. Do not close the frame.
   */
  face?: (frame: VideoFrame | ImageBitmap | ImageData, timestampMs: number) => unknown | null | Promise<unknown | null>;
  /** Language of messages. Default: 'en'. */
  lang?: Lang;
}

/**
 * ready: there is a decision. warming_up: no window was complete yet. gap: frames are missing. no_face: see `face`; or,
 * with a model of landmarks or blendshapes, no frame of the window has a face.
 * too_slow: no decision, since decisions are too rare or too old on this machine or with this camera; see Pace. Of a video
 * that is followed only.
 * dropped: a newer frame replaced this one, it was the same frame again, or unwatch(), reset() or close() came before
 * its result; it causes no event.
 */
export type State = 'ready' | 'warming_up' | 'gap' | 'no_face' | 'too_slow' | 'dropped';

/**
 * A result bears the names of the model's class as well: of a smile smileProb and isSmile; a model of another class has
 * those of its own instead, such as anxiousProb and isAnxious, or notTeasingProb and isNotTeasing for not_teasing.
 */
export interface Result {
  state: State;
  /** Probability of the positive class; null unless ready, but 0 where no frame of the window has a face. */
  prob: number | null;
  /** The same, of a model of smiles. */
  smileProb: number | null;
  /** Seven numbers in the order of the spec's `emotions`; those not in `emotions_trained` have no meaning. null for a
   * model without them, as of landmarks or blendshapes. */
  emotionLogits: number[] | null;
  /** The decision with threshold, hysteresis and minimum duration; null if dropped while it waited, or too slow. */
  isPositive: boolean | null;
  /** The same, of a model of smiles. */
  isSmile: boolean | null;
  /** The same two, of a model of another class. */
  [prob: `${string}Prob`]: number | null;
  [is: `is${string}`]: boolean | null;
  /** When the frame was captured, on the source's clock. */
  timestampMs: number;
  /** Capture times of the window's frames, oldest first; null without a whole window. */
  frameTimesMs: number[] | null;
  provider: Provider;
  /** From the frame's arrival to the result, waiting included. */
  latencyMs: number;
  /** Reading its pixels. */
  readMs: number | null;
  /** Crop, resize and scaling. */
  preprocessMs: number | null;
  /** The face landmarker; null for a model without one. */
  landmarksMs: number | null;
  /** The graphs. */
  inferenceMs: number | null;
  /** The result of `face`. */
  faceBox?: unknown;
  /** With keepCrops 'each': the frame as the model sees it, red, green and blue of a square; else null. Not with the graph
   * 'pixels'. */
  crop: Uint8ClampedArray | null;
}

export interface Warning {
  code: Code;
  values: Record<string, unknown>;
  message: string;
}

export interface SmileStart {
  timestampMs: number;
  /** When the probability rose above the threshold: min_duration_ms or more before. */
  sinceMs: number;
  result: Result;
  /** With keepCrops: the window's crops, oldest first. */
  crops: ImageData[] | null;
}

export interface SmileEnd {
  /** null if reset() or a hidden page ended it. */
  timestampMs: number | null;
  /** too_slow: there are no more decisions, see Pace. */
  reason: 'released' | 'no_face' | 'too_slow' | 'reset';
  result: Result | null;
}

/**
 * measuring: there was no decision yet. full: frames are at most `frames.interval_ms` apart, and so are decisions.
 * reduced: machine or camera is slower; decisions are rarer, each on a whole window. too_slow: more than
 * `frames.max_step_ms` passes between decisions, or a decision is that old; none is given. no_frames: the video is paused,
 * ended, or its camera is unplugged.
 */
export type PaceState = 'measuring' | 'full' | 'reduced' | 'too_slow' | 'no_frames';

/** What was measured of the last frames of the video that is followed. */
export interface Pace {
  state: PaceState;
  /** Why it is reduced or too slow, else null. */
  cause: 'machine' | 'camera' | null;
  /** The work of one frame. */
  frameMs: number | null;
  /** Pictures a second that the camera gives. */
  cameraFps: number | null;
  /** The longest time between two of the last decisions, or to be expected from frameMs. */
  stepMs: number | null;
  /** From the newest frame's arrival to its decision. */
  delayMs: number | null;
  /** The spec's frames.max_step_ms. */
  limitMs: number;
}

/**
 * smilestart and smileend are of a model of smiles; one of another class gives the same under its own name in small letters
 * without _: anxiousstart and anxiousend, notteasingstart and notteasingend.
 */
export interface DetectorEvents {
  result: CustomEvent<Result>;
  smilestart: CustomEvent<SmileStart>;
  smileend: CustomEvent<SmileEnd>;
  warning: CustomEvent<Warning>;
  /** The pace's state has changed. */
  pace: CustomEvent<Pace>;
  error: CustomEvent<DetectorError>;
}

export interface DetectorInfo {
  /** frontend_spec.json as it was read. */
  spec: any;
  /** browser_proof.json as it was read; null without a proof of this spec. */
  proof: any;
  provider: Provider;
  graph: Graph;
  /** Names of the graphs that run. */
  graphs: string[];
  threads: number;
  worker: boolean;
  /** The public key with which the folder's signature was checked; null if none was given. */
  signedBy: string | null;
  /** The graphics adapter with webgpu, else null. */
  adapter: string | null;
  ortVersion: string | null;
  /** Fetching, checking and opening everything. */
  loadMs: number;
  /** The first run. */
  warmUpMs: number;
  warnings: Warning[];
  nResults: number;
  nDropped: number;
}

export declare class SmileDetector extends EventTarget {
  private constructor();
  /** Load spec, graphs and runtime, and run the model once. Rejects with a DetectorError. */
  static create(options?: DetectorOptions): Promise<SmileDetector>;
  readonly info: DetectorInfo;
  /** Whether there are decisions often enough, measured. */
  readonly pace: Pace;
  /** Follow a video, webcam or film: a 'result' event for every new frame that is processed. */
  watch(video: HTMLVideoElement): void;
  /** Stop following; no event of an earlier frame comes afterwards. */
  unwatch(): void;
  /** Compute the result for one frame. timestampMs is its time of capture on any clock that only goes forward. */
  push(source: Source, timestampMs?: number): Promise<Result>;
  /** Forget all frames and the decision, as after a cut. */
  reset(): Promise<void>;
  /** Stop and free the memory. */
  close(): Promise<void>;
  addEventListener<K extends keyof DetectorEvents>(
    type: K,
    listener: (event: DetectorEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListener, options?: boolean | AddEventListenerOptions): void;
}

/** The same by a name that fits models of every class. */
export { SmileDetector as Detector };

/** The whole preprocessing as one function: RGBA bytes to 3 * sizePx * sizePx numbers from 0 to 1, red plane first. */
export declare function preprocess(
  image: { data: Uint8Array | Uint8ClampedArray; width: number; height: number },
  options?: { sizePx?: number; mirrored?: boolean },
): Float32Array;

export interface Camera {
  stream: MediaStream;
  stop(): void;
}

/** Open the webcam in a video element. Rejects with a DetectorError whose code begins with 'camera-'. */
export declare function openCamera(
  video: HTMLVideoElement,
  options?: { constraints?: MediaTrackConstraints; lang?: Lang; onLost?: (error: DetectorError) => void },
): Promise<Camera>;
