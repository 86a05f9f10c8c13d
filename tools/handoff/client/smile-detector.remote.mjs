/** The engine in a worker, as the page sees it: calls become messages, frames are handed over. */

import { DetectorError, reasonOf } from './smile-detector.errors.mjs';

const WORKER_START_MS = 10_000;

/** The engine in a worker of its own. Make one with WorkerEngine.start(). */
export class WorkerEngine {
  #worker;
  #calls = new Map();
  #nextId = 1;
  #failure = null;

  static async start() {
    const engine = new WorkerEngine();
    await engine.#start();
    return engine;
  }

  #start() {
    this.#worker = new Worker(new URL('./smile-detector.worker.mjs', import.meta.url), { type: 'module' });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(reject, new Error('no answer')), WORKER_START_MS);
      this.#worker.addEventListener('error', (event) => {
        clearTimeout(timer);
        event.preventDefault();
        this.#fail(reject, new Error(event.message || 'its script did not load'));
      });
      this.#worker.addEventListener('message', ({ data }) => {
        if (data.isReady) {
          clearTimeout(timer);
          resolve();
          return;
        }
        const call = this.#calls.get(data.id);
        this.#calls.delete(data.id);
        if (data.error) call?.reject(new DetectorError(data.error.code, data.error.values));
        else call?.resolve(data.value);
      });
    });
  }

  #fail(reject, error) {
    this.#worker.terminate();
    reject(error);
    this.#failure = new DetectorError('inference-failed', { reason: reasonOf(error) });
    for (const call of this.#calls.values()) call.reject(this.#failure);
    this.#calls.clear();
  }

  #call(method, values, handedOver = []) {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      const id = this.#nextId;
      this.#nextId += 1;
      this.#calls.set(id, { resolve, reject });
      this.#worker.postMessage({ id, method, values }, handedOver);
    });
  }

  load(settings) {
    return this.#call('load', [settings]);
  }

  run(frame, timestampMs) {
    return this.#call('run', [frame, timestampMs], frame instanceof ImageData ? [] : [frame]);
  }

  noFace(timestampMs) {
    return this.#call('noFace', [timestampMs]);
  }

  reset(options) {
    return this.#call('reset', [options]);
  }

  async close() {
    if (!this.#failure) await this.#call('close', []);
    this.#worker.terminate();
  }
}
