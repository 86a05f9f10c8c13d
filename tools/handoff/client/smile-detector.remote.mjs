/** The engine in a worker, as the page sees it: calls become messages, frames are handed over. */

import { DetectorError, reasonOf } from './smile-detector.errors.mjs';
import { findFault } from './smile-detector.faults.mjs';

const WORKER_START_MS = 10_000;

/** The engine in a worker of its own. Make one with WorkerEngine.start(). */
export class WorkerEngine {
  #worker;
  #calls = new Map();
  #nextId = 1;
  #failure = null;

  /**
   * Start the first worker that answers: the given one; else the bundler's or the one beside this file, then the other.
   * @param {{workerUrl: string | null, otherWorkerUrl: string | null}} addresses
   */
  static async start({ workerUrl, otherWorkerUrl }) {
    const given = [workerUrl, otherWorkerUrl].filter(Boolean).map((url) => () => new Worker(url, { type: 'module' }));
    // Bundlers know this expression, and only as a whole: they put the worker beside the page's code.
    const own = () => new Worker(new URL('./smile-detector.worker.mjs', import.meta.url), { type: 'module' });
    let failure = null;
    for (const make of workerUrl ? given.slice(0, 1) : [own, ...given]) {
      const engine = new WorkerEngine();
      try {
        await engine.#start(make);
        return engine;
      } catch (error) {
        failure = error;
      }
    }
    const url = workerUrl ?? otherWorkerUrl;
    const wanted = { file: 'smile-detector.worker.mjs', url, option: 'workerUrl', kind: 'script', missing: 'no-worker' };
    const fault = url && (await findFault(wanted));
    throw fault ? new Error(`${url}: ${fault.values.reason ?? fault.values.type ?? fault.values.start}`) : failure;
  }

  #start(make) {
    this.#worker = make();
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

  forgetDecision() {
    this.#call('forgetDecision', []).catch(() => undefined); // a worker that is gone has no decision
  }

  /** End a worker that gives no answer; its calls are rejected. */
  abandon(reason) {
    this.#fail(() => undefined, new Error(reason));
  }

  async close() {
    if (!this.#failure) await this.#call('close', []);
    this.#worker.terminate();
  }
}
