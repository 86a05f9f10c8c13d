/**
 * The last seconds of frames, scores and decisions, in the page's memory, and the way to a keep endpoint. Off unless a page
 * imports it: `const highlights = new Highlights(detector)` with a detector made with `keepCrops: 'each'`.
 *
 * Nothing leaves the page before KeepEndpoint.send() is called, and that asks the endpoint for the person's consent first.
 * Only the square that the model sees is kept. README.md explains its use; smile-detector.keep.d.mts lists every option.
 */

/** What an endpoint may refuse for; the same as in the contract. `offline`: nothing answers. */
export const KEEP_CODES = [
  'not-allowed', 'no-consent', 'bad-request', 'bad-moment', 'too-large', 'other-moment', 'other-model', 'unknown-moment',
  'busy', 'no-room', 'offline',
];
const RETRY_MS = [500, 1000, 2000, 4000, 8000];

/** A refusal of an endpoint: `code` for programs, `message` as the endpoint says it. */
export class KeepError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'KeepError';
    this.code = code;
  }
}

/** Keeps the last seconds; a 'moment' event says that a rule found something worth keeping. */
export class Highlights extends EventTarget {
  #detector;
  #options;
  #frames = []; // {timeMs, score, isPositive, rgb}, the oldest first
  #nDropped = 0;
  #changes = []; // when the decision flipped, lately
  #near = null; // since when the score is near the threshold
  #quietUntilMs = -Infinity;

  /**
   * @param {import('./smile-detector.mjs').SmileDetector} detector made with keepCrops: 'each'
   * @param {{seconds?: number, nearBy?: number, nearMs?: number, flipMs?: number, restMs?: number}} [options]
   *   seconds: how far back (10); nearBy: a score this close to the threshold (0.05) for nearMs (1000) is worth keeping;
   *   flipMs: so is a decision that is taken back within this time (300); restMs: no rule speaks again so soon (5000)
   */
  constructor(detector, options = {}) {
    super();
    this.#detector = detector;
    this.#options = { seconds: 10, nearBy: 0.05, nearMs: 1000, flipMs: 300, restMs: 5000, ...options };
    detector.addEventListener('result', this.#onResult);
  }

  /** How many frames are held, and how much memory they take. */
  get held() {
    return { frames: this.#frames.length, bytes: this.#frames.reduce((sum, { rgb }) => sum + rgb.byteLength, 0) };
  }

  /** Forget the frames, as between two players. */
  clear() {
    this.#frames = [];
    this.#changes = [];
    this.#near = null;
    this.#nDropped = this.#detector.info.nDropped;
  }

  /** Stop listening, and forget. */
  close() {
    this.#detector.removeEventListener('result', this.#onResult);
    this.#frames = [];
  }

  /**
   * Take the last seconds out as a moment, which stays in memory. Frames go on being held.
   * @param {string} trigger why: key, button, wrong, near, flip, laugh or laughter (see the contract)
   * @param {{atMs?: number}} [options] atMs: what it is about, on the frames' clock (default: the newest frame)
   * @returns {Moment | null} null before there is a second of it
   */
  take(trigger, { atMs } = {}) {
    const frames = [...this.#frames];
    if (frames.length < 2 || frames[frames.length - 1].timeMs - frames[0].timeMs < 1000) return null;
    const nMissed = Math.max(0, this.#detector.info.nDropped - this.#nDropped);
    return new Moment(this.#detector.info, trigger, frames, atMs ?? frames[frames.length - 1].timeMs, nMissed);
  }

  #onResult = ({ detail: result }) => {
    if (!result.crop) return;
    const { timestampMs: timeMs, prob, isPositive, crop: rgb } = result;
    const newest = this.#frames[this.#frames.length - 1];
    if (newest && timeMs <= newest.timeMs) this.clear(); // another camera, or the film was rewound
    this.#frames.push({ timeMs, score: prob, isPositive: Boolean(isPositive), rgb });
    while (timeMs - this.#frames[0].timeMs > this.#options.seconds * 1000) this.#frames.shift();
    this.#apply(timeMs, prob, Boolean(isPositive), newest?.isPositive ?? false);
  };

  /** The rules: a decision that is taken back at once, and a score that stays near the threshold. */
  #apply(timeMs, prob, isPositive, wasPositive) {
    const { nearBy, nearMs, flipMs, restMs } = this.#options;
    let trigger = null;
    if (isPositive !== wasPositive) {
      const last = this.#changes[this.#changes.length - 1];
      if (last !== undefined && timeMs - last <= flipMs) trigger = 'flip';
      this.#changes = [...this.#changes, timeMs].slice(-4);
    }
    const isNear = prob !== null && Math.abs(prob - this.#detector.info.spec.decision.threshold) <= nearBy;
    this.#near = isNear ? (this.#near ?? timeMs) : null;
    if (this.#near !== null && timeMs - this.#near >= nearMs) trigger ??= 'near';
    if (trigger === null || timeMs < this.#quietUntilMs) return;
    this.#quietUntilMs = timeMs + restMs;
    this.dispatchEvent(new CustomEvent('moment', { detail: { trigger, atMs: timeMs } }));
  }
}

/** Seconds of play in memory: to be shown, labelled by the player, kept or dropped. */
export class Moment {
  #pictures = null;

  constructor(info, trigger, frames, atMs, nMissed) {
    this.id = crypto.randomUUID();
    this.trigger = trigger;
    this.info = info;
    this.frames = frames;
    this.atMs = Math.min(Math.max(atMs, frames[0].timeMs), frames[frames.length - 1].timeMs);
    this.nMissed = nMissed;
    this.capturedUtc = `${new Date().toISOString().slice(0, 19)}Z`;
    this.playerLabel = null; // the player's word: a class, or null
    this.camera = null; // {width, height} in pixels, where the page knows them
  }

  get side() {
    return this.info.spec.preprocessing.width_px;
  }

  get durationMs() {
    return this.frames[this.frames.length - 1].timeMs - this.frames[0].timeMs;
  }

  /** A frame as ImageData, for showing. */
  picture(index) {
    const { rgb } = this.frames[index];
    const { side } = this;
    const rgba = new Uint8ClampedArray(side * side * 4).fill(255);
    const isMirrored = this.info.spec.preprocessing.mirror;
    for (let pixel = 0; pixel < side * side; pixel += 1) {
      const column = pixel % side;
      const from = isMirrored ? pixel - column + side - 1 - column : pixel;
      for (let channel = 0; channel < 3; channel += 1) rgba[pixel * 4 + channel] = rgb[from * 3 + channel];
    }
    return new ImageData(rgba, side, side);
  }

  /** The labelled spans: what the moment is about, by the player's word where there is one, and the longest calm before. */
  marks() {
    const { classes, positive_class: positive, frames: rule } = this.info.spec;
    const other = classes.find((name) => name !== positive);
    const startMs = this.frames[0].timeMs;
    const spanMs = (rule.count - 1) * rule.interval_ms;
    const leastMs = spanMs + rule.interval_ms; // room for a sequence at any pace of frames
    const ends = this.durationMs;
    // A decision is about the window before it: a run of decisions begins so much earlier in the pictures.
    const runs = [];
    for (const { timeMs, score, isPositive } of this.frames) {
      if (score === null) continue;
      const last = runs[runs.length - 1];
      if (last && last.isPositive === isPositive) last.endMs = timeMs - startMs;
      else runs.push({ isPositive, startMs: timeMs - startMs, endMs: timeMs - startMs });
    }
    const atMs = this.atMs - startMs;
    const about = runs.find((run) => run.startMs <= atMs && atMs <= run.endMs) ?? runs[runs.length - 1];
    const modelLabel = about?.isPositive ? positive : other;
    const label = this.playerLabel ?? modelLabel;
    const from = about ? Math.max(about.startMs - spanMs / 2, atMs - 1500) : atMs - 750;
    const focus = widen({ startMs: from, endMs: Math.min(about?.endMs ?? ends, atMs + 1500) }, leastMs, ends);
    const marks = [{ label, ...focus, by: this.playerLabel === null ? 'model' : 'player' }];
    const calm = runs
      .filter((run) => !run.isPositive && run !== about)
      .map((run) => ({ startMs: run.startMs, endMs: Math.min(run.endMs - spanMs, focus.startMs) - spanMs }))
      .filter((run) => run.endMs - run.startMs >= leastMs)
      .sort((a, b) => b.endMs - b.startMs - (a.endMs - a.startMs))[0];
    if (calm && label === positive) marks.push({ label: other, ...calm, by: 'model' });
    return marks.map(({ label: name, startMs: a, endMs: b, by }) => ({ label: name, start_ms: round(a), end_ms: round(b), by }));
  }

  /** The document and the pictures, as an endpoint takes them. */
  async pack(subjectId) {
    this.#pictures ??= this.#encode();
    const files = await this.#pictures;
    const bytes = new Uint8Array(files.reduce((sum, file) => sum + file.length, 0));
    let at = 0;
    for (const file of files) {
      bytes.set(file, at);
      at += file.length;
    }
    const { spec, provider, threads, graph } = this.info;
    const startMs = this.frames[0].timeMs;
    const document = {
      schema_version: 1,
      subject_id: subjectId,
      play: {
        moment_id: this.id,
        captured_utc: this.capturedUtc,
        trigger: this.trigger,
        player_label: this.playerLabel,
        model: {
          spec_id: spec.spec_id,
          sha256: spec.model.sha256,
          threshold: spec.decision.threshold,
          release_threshold: spec.decision.release_threshold,
          min_duration_ms: spec.decision.min_duration_ms,
          frame_count: spec.frames.count,
          frame_interval_ms: spec.frames.interval_ms,
          classes: spec.classes,
          positive_class: spec.positive_class,
        },
        browser: {
          ...describeBrowser(),
          provider,
          threads,
          graph,
          camera_width_px: this.camera?.width || null,
          camera_height_px: this.camera?.height || null,
        },
        n_missed: this.nMissed,
        times_ms: this.frames.map(({ timeMs }) => round(timeMs - startMs)),
        scores: this.frames.map(({ score }) => (score === null ? null : Math.min(1, Math.max(0, score)))),
        is_positive: this.frames.map(({ isPositive }) => isPositive),
        marks: this.marks(),
      },
      pictures: {
        format: 'jpeg',
        width_px: this.side,
        height_px: this.side,
        sha256: await sha256(bytes),
        sizes_bytes: files.map((file) => file.length),
      },
    };
    return { document, bytes };
  }

  /** Forget the pictures; the moment cannot be shown or sent afterwards. */
  drop() {
    this.frames = [];
    this.#pictures = null;
  }

  async #encode() {
    const canvas = new OffscreenCanvas(this.side, this.side);
    const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false });
    const files = [];
    for (let index = 0; index < this.frames.length; index += 1) {
      context.putImageData(this.picture(index), 0, 0);
      const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 });
      files.push(new Uint8Array(await blob.arrayBuffer()));
    }
    return files;
  }
}

/** Speaks with a keep endpoint for one person. Where nothing answers, it tries again; the same moment is kept once. */
export class KeepEndpoint {
  #url;
  #token;
  #inWork = new Map(); // moment id to what is under way
  #gone = new Set(); // ids that were deleted: they are not sent again

  /**
   * @param {string | URL} url of the endpoint, such as /keep/
   * @param {string} token of the person, or of this computer's game
   */
  constructor(url, token) {
    this.#url = new URL(`${url}`.replace(/\/?$/, '/'), document.baseURI);
    this.#token = token;
  }

  /** The text of the consent, and the endpoint's limits. */
  info(subjectId, lang) {
    return this.#ask('GET', 'info', subjectId, { lang });
  }

  /** Whether the person has agreed, and to what. */
  consent(subjectId) {
    return this.#ask('GET', 'consent', subjectId);
  }

  /** Store the person's yes. A no is not sent to anybody. */
  agree(subjectId, statement, scopes) {
    const body = JSON.stringify({ scopes, lang: statement.lang, statement_sha256: statement.sha256 });
    return this.#ask('POST', 'consent', subjectId, {}, { body, headers: { 'Content-Type': 'application/json' } });
  }

  /**
   * Send a moment until it is kept. Resolves when the endpoint has it on disk.
   * @param {Moment} moment
   * @param {string} subjectId whose it is
   * @param {{signal?: AbortSignal, onRetry?: (error: KeepError) => void}} [options]
   */
  send(moment, subjectId, { signal, onRetry } = {}) {
    const known = this.#inWork.get(moment.id);
    if (known) return known;
    const work = this.#send(moment, subjectId, signal, onRetry).finally(() => this.#inWork.delete(moment.id));
    this.#inWork.set(moment.id, work);
    return work;
  }

  async #send(moment, subjectId, signal, onRetry) {
    if (!(await this.consent(subjectId)).has_consent) throw new KeepError('no-consent', 'no consent');
    const { document: described, bytes } = await moment.pack(subjectId);
    for (let attempt = 0; ; attempt += 1) {
      if (this.#gone.has(moment.id)) throw new KeepError('unknown-moment', 'deleted');
      const body = new FormData();
      body.append('moment', new Blob([JSON.stringify(described)], { type: 'application/json' }), 'moment.json');
      body.append('pictures', new Blob([bytes], { type: 'application/octet-stream' }), 'pictures.bin');
      try {
        return await this.#ask('POST', 'moments', subjectId, {}, { body, signal });
      } catch (error) {
        if (signal?.aborted || !['offline', 'busy'].includes(error.code) || attempt >= 20) throw error;
        onRetry?.(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]));
      }
    }
  }

  /** What is kept of the person, the newest first. */
  async list(subjectId) {
    return (await this.#ask('GET', 'moments', subjectId)).moments;
  }

  /** The film of a kept moment, as it is stored. */
  film(subjectId, momentId) {
    return this.#ask('GET', `moments/${momentId}/film`, subjectId, {}, {}, 'blob');
  }

  /** Delete a kept moment; one that is still being sent is waited for, and not sent again. */
  async remove(subjectId, momentId) {
    this.#gone.add(momentId);
    await this.#inWork.get(momentId)?.catch(() => undefined);
    await this.#ask('DELETE', `moments/${momentId}`, subjectId, {}, {}, 'nothing');
  }

  async #ask(method, path, subjectId, query = {}, rest = {}, as = 'json') {
    const url = new URL(path, this.#url);
    for (const [name, value] of Object.entries({ subject: subjectId, ...query })) url.searchParams.set(name, value);
    let response;
    let found;
    try {
      response = await fetch(url, {
        method,
        credentials: 'same-origin',
        cache: 'no-store',
        ...rest,
        headers: { ...rest.headers, Authorization: `Bearer ${this.#token}` },
      });
      if (response.ok) return as === 'blob' ? await response.blob() : as === 'nothing' ? null : await response.json();
      found = await response.json().catch(() => ({}));
    } catch (error) {
      throw new KeepError('offline', error?.message ?? 'nothing answers');
    }
    const code = found.error?.code ?? (response.status >= 500 ? 'offline' : 'bad-request');
    throw new KeepError(code, found.error?.text ?? `status ${response.status}`);
  }
}

/** The browser in a few words that tell nobody apart: name with its version, system, phone or not. */
export function describeBrowser() {
  const data = navigator.userAgentData;
  const brand = data?.brands?.find(({ brand: name }) => !/not.?a.?brand/i.test(name));
  const [, name, version] = /(Firefox|Edg|OPR|Chrome|Version)\/(\d+)/.exec(navigator.userAgent) ?? [];
  const known = { Edg: 'Edge', OPR: 'Opera', Version: 'Safari' }[name] ?? name;
  return {
    name: (brand ? `${brand.brand} ${brand.version}` : known ? `${known} ${version}` : 'unknown').slice(0, 60),
    platform: (data?.platform || navigator.platform || 'unknown').slice(0, 60),
    is_mobile: data?.mobile ?? /Mobi|Android|iPhone|iPad/.test(navigator.userAgent),
  };
}

const round = (ms) => Math.round(ms * 10) / 10;

/** A span at least so long, inside of the moment where it is long enough. */
function widen({ startMs, endMs }, leastMs, durationMs) {
  let from = Math.max(0, startMs);
  let to = Math.min(durationMs, endMs);
  if (to - from < leastMs) {
    const middle = (from + to) / 2;
    from = Math.max(0, Math.min(middle - leastMs / 2, durationMs - leastMs));
    to = Math.min(durationMs, from + leastMs);
  }
  return { startMs: from, endMs: to };
}

async function sha256(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
