/** The engine in a thread of its own, so that the page stays smooth. Exchanges messages with smile-detector.mjs only. */

import { Engine } from './smile-detector.engine.mjs';

const engine = new Engine();

const methods = {
  load: (settings) => engine.load(settings),
  run: (frame, timestampMs) => engine.run(frame, timestampMs),
  noFace: (timestampMs) => engine.noFace(timestampMs),
  forgetDecision: () => engine.forgetDecision(),
  reset: (options) => engine.reset(options),
  close: () => engine.close(),
};

self.addEventListener('message', async ({ data: { id, method, values } }) => {
  try {
    self.postMessage({ id, value: await methods[method](...values) });
  } catch (error) {
    const { code = 'inference-failed', values: details = { reason: String(error?.message ?? error) } } = error;
    self.postMessage({ id, error: { code, values: details } });
  }
});
self.postMessage({ isReady: true });
