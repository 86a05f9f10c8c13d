/**
 * The microphone's part of "laughter was heard": asks for it when the player switches it on, lets it go when the player,
 * the menu, Esc, a hidden page or another window ends it. No sound leaves the page and none is stored; what comes back
 * from the worker is a number each quarter of a second.
 */

// The page's own sounds are taken out. Taking out noise changes little (a laugh of 0.59 has 0.66), so it is left in.
const AUDIO = { echoCancellation: true, noiseSuppression: false, autoGainControl: true };
const PROBLEMS = {
  NotAllowedError: 'listen_refused',
  SecurityError: 'listen_refused',
  NotFoundError: 'listen_missing',
  OverconstrainedError: 'listen_missing',
  NotReadableError: 'listen_busy',
  AbortError: 'listen_busy',
};

const SILENT_MS = 15_000; // a browser that gives no samples for so long gives none

export class Listening {
  #onHeard;
  #onChange;
  #turn = 0; // counts up, so that what belongs to an earlier turn can be ignored
  #state = 'off';
  #problem = null;
  #strength = 0;
  #open = []; // how to let go of what is open, the newest first

  /** @param {{onHeard: (atMs: number) => void, onChange: () => void}} page atMs: of Date.now(), where it was loudest */
  constructor({ onHeard, onChange }) {
    this.#onHeard = onHeard;
    this.#onChange = onChange;
  }

  /** 'off', 'asking', or 'on' from the moment on in which the microphone is open. */
  get state() {
    return this.#state;
  }

  /** A word of words.mjs that says why it is off, or null. */
  get problem() {
    return this.#problem;
  }

  /** How much laughter there was in the last two seconds, from 0 to 1. */
  get strength() {
    return this.#strength;
  }

  /** Ask for the microphone and listen. */
  async start() {
    if (this.#state !== 'off') return;
    this.#turn += 1;
    const own = this.#turn;
    this.#problem = null;
    this.#enter('asking');
    try {
      if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('no microphones', 'NotFoundError');
      const stream = await navigator.mediaDevices.getUserMedia({ audio: AUDIO });
      if (own !== this.#turn) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      this.#open.unshift(() => stream.getTracks().forEach((track) => track.stop()));
      for (const track of stream.getTracks()) track.addEventListener('ended', () => own === this.#turn && this.stop('listen_lost'));
      this.#enter('on');
      await this.#connect(stream, own);
    } catch (error) {
      if (own !== this.#turn) return;
      if (!PROBLEMS[error?.name]) console.info('listening', error);
      this.stop(PROBLEMS[error?.name] ?? 'listen_failed');
    }
  }

  /** Let the microphone go; problem is a word that says why, where the player did not do it. */
  stop(problem = null) {
    this.#turn += 1;
    for (const close of this.#open) close();
    this.#open = [];
    this.#strength = 0;
    this.#problem = problem;
    this.#enter('off');
  }

  async #connect(stream, own) {
    const context = new AudioContext();
    this.#open.unshift(() => context.close().catch(() => undefined));
    const worker = new Worker(new URL('worker.mjs', import.meta.url), { type: 'module' });
    this.#open.unshift(() => worker.terminate());
    const ready = new Promise((resolve, reject) => {
      worker.addEventListener('error', (event) => reject(new Error(event.message ?? 'a worker that does not start')));
      worker.addEventListener('message', ({ data }) => {
        if (own !== this.#turn) return;
        if (data.type === 'ready') resolve();
        else if (data.type === 'patch') this.#hear(data);
        else if (this.#state === 'on') {
          reject(new Error(data.text));
          this.stop('listen_failed');
        }
      });
    });
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ port: port1, rateHz: context.sampleRate }, [port1]);
    await Promise.all([ready, context.audioWorklet.addModule(new URL('pick_up.worklet.mjs', import.meta.url))]);
    if (own !== this.#turn) return;
    const node = new AudioWorkletNode(context, 'pick-up', { numberOfOutputs: 0 });
    node.port.postMessage({ port: port2 }, [port2]);
    context.createMediaStreamSource(stream).connect(node);
    // Nobody shall believe that they are listened to where a browser has no sound.
    const timer = setTimeout(() => this.stop('listen_failed'), SILENT_MS);
    this.#open.unshift(() => clearTimeout(timer));
    worker.addEventListener('message', () => clearTimeout(timer));
    await context.resume();
  }

  #hear({ strength, isHeard, atMs }) {
    this.#strength = strength;
    if (isHeard) this.#onHeard(atMs);
    this.#onChange();
  }

  #enter(state) {
    this.#state = state;
    this.#onChange();
  }
}
