/** Types of smile-detector.keep.mjs. Times are milliseconds on the frames' clock, fractions go from 0 to 1. */

import type { DetectorInfo, Lang, SmileDetector } from './smile-detector.mjs';

/** Why a moment is kept: by a person (key, button, wrong), by a rule (near, flip), or by the page (laugh, laughter). */
export type Trigger = 'key' | 'button' | 'wrong' | 'near' | 'flip' | 'laugh' | 'laughter';

/** Codes of KeepError. They never change; messages may. offline: nothing answers. */
export type KeepCode =
  | 'not-allowed'
  | 'no-consent'
  | 'bad-request'
  | 'bad-moment'
  | 'too-large'
  | 'other-moment'
  | 'other-model'
  | 'unknown-moment'
  | 'busy'
  | 'no-room'
  | 'offline';

export declare const KEEP_CODES: readonly KeepCode[];

export declare class KeepError extends Error {
  readonly code: KeepCode;
}

export interface HighlightOptions {
  /** How far back frames are held. Default: 10. A frame takes 150 kB at 224 pixels: 45 MB at 30 a second. */
  seconds?: number;
  /** A score this close to the threshold for nearMs is worth keeping. Defaults: 0.05 and 1000. */
  nearBy?: number;
  nearMs?: number;
  /** So is a decision that is taken back within this time. Default: 300. */
  flipMs?: number;
  /** No rule speaks again so soon. Default: 5000. */
  restMs?: number;
}

/** Holds the last seconds of a detector made with `keepCrops: 'each'`, in memory. */
export declare class Highlights extends EventTarget {
  constructor(detector: SmileDetector, options?: HighlightOptions);
  readonly held: { frames: number; bytes: number };
  /** Take the last seconds out as a moment; null before there is a second of them. */
  take(trigger: Trigger, options?: { atMs?: number }): Moment | null;
  /** Forget the frames, as between two players. */
  clear(): void;
  /** Stop listening, and forget. */
  close(): void;
  /** A rule found something worth keeping: take() it, or let it go. */
  addEventListener(
    type: 'moment',
    listener: (event: CustomEvent<{ trigger: 'near' | 'flip'; atMs: number }>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListener, options?: boolean | AddEventListenerOptions): void;
}

export interface HeldFrame {
  timeMs: number;
  score: number | null;
  isPositive: boolean;
  rgb: Uint8ClampedArray;
}

export interface Mark {
  label: string;
  start_ms: number;
  end_ms: number;
  by: 'player' | 'model';
}

/** Seconds of play in memory. Set playerLabel to what the player says before it is sent. */
export declare class Moment {
  private constructor();
  readonly id: string;
  readonly trigger: Trigger;
  readonly info: DetectorInfo;
  frames: HeldFrame[];
  readonly atMs: number;
  readonly nMissed: number;
  readonly capturedUtc: string;
  playerLabel: string | null;
  /** The camera's picture, where you know its size. */
  camera: { width: number; height: number } | null;
  readonly side: number;
  readonly durationMs: number;
  /** A frame, for showing. */
  picture(index: number): ImageData;
  /** The labelled spans, from the first frame. */
  marks(): Mark[];
  /** The document and the pictures, as an endpoint takes them; schemas/kept_moment.schema.json has the document. */
  pack(subjectId: string): Promise<{ document: object; bytes: Uint8Array }>;
  /** Forget the pictures. */
  drop(): void;
}

export interface ConsentStatement {
  lang: Lang;
  version: string;
  sha256: string;
  title: string;
  points: string[];
  questions: Record<'train' | 'publish', string>;
}

export interface KeptMoment {
  moment_id: string;
  take_id: string;
  captured_utc: string;
  trigger: Trigger;
  player_label: string | null;
  duration_s: number;
  n_frames: number;
  n_sequences: number;
  /** Why it is kept apart from the dataset, such as blurred; empty where it is in it. */
  faults: string[];
}

/** Speaks with a keep endpoint for one person. Every call rejects with a KeepError. */
export declare class KeepEndpoint {
  constructor(url: string | URL, token: string);
  info(
    subjectId: string,
    lang: Lang,
  ): Promise<{ version: number; dataset: string; most_bytes: number; most_seconds: number; statement: ConsentStatement }>;
  consent(subjectId: string): Promise<{ has_consent: boolean; scopes: ('train' | 'publish')[] }>;
  agree(
    subjectId: string,
    statement: ConsentStatement,
    scopes: ('train' | 'publish')[],
  ): Promise<{ has_consent: boolean; scopes: ('train' | 'publish')[] }>;
  /** Resolves when the moment is on the endpoint's disk; tries again where nothing answers. It is kept once. */
  send(
    moment: Moment,
    subjectId: string,
    options?: { signal?: AbortSignal; onRetry?: (error: KeepError) => void },
  ): Promise<KeptMoment>;
  list(subjectId: string): Promise<KeptMoment[]>;
  film(subjectId: string, momentId: string): Promise<Blob>;
  remove(subjectId: string, momentId: string): Promise<void>;
}

/** The browser in a few words that tell nobody apart. */
export declare function describeBrowser(): { name: string; platform: string; is_mobile: boolean };
