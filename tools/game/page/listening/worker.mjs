/**
 * Listens for laughter beside the page: samples come from the microphone's worklet, scores go to the page. Nothing else
 * does: samples are dropped as soon as they are a patch of log-mel values, and no more than a second of them is held.
 */

import { LaughterRule, Patches, Resampler, laughterOf } from './laughter.mjs';

const MOST_WAITING = 4; // patches; a machine that cannot follow leaves out the oldest
const SCORES = 'scores';

let session = null;
let ort = null;
let definition = null;
let rule = null;
let isRunning = false;
const waiting = []; // {rows, atMs}

addEventListener('message', async ({ data: { port, rateHz } }) => {
  try {
    definition = await (await fetch('/laughter/definition.json')).json();
    ort = await import('/ort/ort.wasm.min.mjs');
    ort.env.wasm.wasmPaths = new URL('/ort/', location.href).href;
    ort.env.wasm.numThreads = 1; // the cores are for the decisions
    const network = await fetch('/laughter/yamnet.onnx');
    if (!network.ok) throw new Error(`yamnet.onnx: status ${network.status}`);
    session = await ort.InferenceSession.create(await network.arrayBuffer(), { executionProviders: ['wasm'] });
    rule = new LaughterRule(definition);
    const resampler = new Resampler(rateHz, definition.rate_hz);
    const patches = new Patches(definition);
    const patchMs = (1000 * definition.patch * definition.hop) / definition.rate_hz;
    port.onmessage = ({ data: samples }) => {
      const startedMs = performance.now();
      // A patch is over when its last sample arrives; what it is about lies in its middle.
      const atMs = performance.timeOrigin + startedMs - patchMs / 2;
      patches.add(resampler.add(samples), (rows) => waiting.push({ rows, atMs, tookMs: performance.now() - startedMs }));
      while (waiting.length > MOST_WAITING) waiting.shift();
      run();
    };
    postMessage({ type: 'ready' });
  } catch (error) {
    postMessage({ type: 'failed', text: String(error?.message ?? error) });
  }
});

async function run() {
  if (isRunning) return;
  isRunning = true;
  try {
    while (waiting.length) {
      const { rows, atMs, tookMs } = waiting.shift();
      const startedMs = performance.now();
      const patch = new ort.Tensor('float32', rows, [1, definition.patch, definition.bands.length]);
      const { [SCORES]: scores } = await session.run({ patch });
      const laughter = laughterOf(scores.data, definition);
      const found = rule.add(laughter, atMs);
      postMessage({ type: 'patch', laughter, ...found, tookMs: tookMs + performance.now() - startedMs });
    }
  } catch (error) {
    postMessage({ type: 'failed', text: String(error?.message ?? error) });
  } finally {
    isRunning = false;
  }
}
