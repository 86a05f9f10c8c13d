/**
 * Whether a round can be judged: no round begins, or goes on, while the model cannot say often enough who laughs.
 *
 * Watches a detector's results and its measured pace; knows no page. What it finds is {word, values}: a word of words.mjs.
 */

const STEP_MS = 1000; // between decisions, at most, when a round begins: a laugh between two would not be seen
const SILENT_MS = 2000; // without a decision for so long, a round does not count
const FACELESS_MS = 3000;
const WAIT_MS = 8000; // so long a slow start is waited for
const POLL_MS = 100;

export class Judge {
  #detector;
  #resultMs = 0; // the last result of any kind
  #decisionMs = 0;
  #faceMs = 0;

  constructor(detector) {
    this.#detector = detector;
    detector.addEventListener('result', ({ detail }) => this.#see(detail.state));
  }

  /**
   * Wait until the pace is known.
   * @param {() => boolean} isWanted false ends the wait
   * @returns {Promise<{word: string, values: object} | null>} why a round cannot begin
   */
  async waitUntilReady(isWanted) {
    const endMs = performance.now() + WAIT_MS;
    for (;;) {
      const { state, cause, stepMs } = this.#detector.pace;
      const isFast = (state === 'full' || state === 'reduced') && stepMs !== null && stepMs <= STEP_MS;
      if (isFast || !isWanted()) return null;
      const isHopeless = state === 'too_slow' && cause === 'camera';
      if (isHopeless || performance.now() > endMs) return this.#why();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Begin a round. */
  begin() {
    const nowMs = performance.now();
    this.#resultMs = this.#decisionMs = this.#faceMs = nowMs;
  }

  /** Why the round cannot be judged any more, or null. */
  problem() {
    const nowMs = performance.now();
    if (nowMs - this.#resultMs > SILENT_MS) return { word: 'frozen', values: {} };
    if (this.#detector.pace.state === 'too_slow' || nowMs - this.#decisionMs > SILENT_MS) return this.#why();
    if (nowMs - this.#faceMs > FACELESS_MS) return { word: 'nobody', values: {} };
    return null;
  }

  #see(state) {
    this.#resultMs = performance.now();
    if (state === 'ready' || state === 'no_face') this.#decisionMs = this.#resultMs;
    if (state !== 'no_face') this.#faceMs = this.#resultMs;
  }

  #why() {
    const { state, cause, stepMs, cameraFps, limitMs } = this.#detector.pace;
    if (state === 'no_frames' || cameraFps === null) return { word: 'frozen', values: {} };
    if (cause === 'camera') return { word: 'slow_camera', values: { fps: Math.round(cameraFps) } };
    const seconds = (Math.max(stepMs ?? limitMs, STEP_MS) / 1000).toFixed(1);
    return { word: 'slow', values: { seconds, needed: (STEP_MS / 1000).toFixed(0) } };
  }
}
