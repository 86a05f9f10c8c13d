/** From the options of SmileDetector.create() to an engine that has loaded the model. */

import { addressesOf } from './smile-detector.addresses.mjs';
import { Engine } from './smile-detector.engine.mjs';
import { DetectorError, reasonOf } from './smile-detector.errors.mjs';
import { WorkerEngine } from './smile-detector.remote.mjs';
import { checkSeal, isPublicKey } from './smile-detector.seal.mjs';

/**
 * Check the signature where a key is given, then start an engine in a worker or on the page and load the model.
 * @param {object} options see smile-detector.d.mts
 * @returns {Promise<{engine: object, info: object}>} info: what was loaded, with its warnings as codes and values
 */
export async function startEngine(options) {
  const settings = {
    ...addressesOf(options),
    ort: options.ort ?? null,
    provider: options.provider ?? 'auto',
    graph: options.graph ?? null,
    threads: options.threads ?? 'auto',
    allowUntested: options.allowUntested ?? false,
    mirrored: options.mirrored ?? false,
    keepCrops: options.keepCrops ?? false,
  };
  checkOptions(settings);
  const publicKey = readKey(options.publicKey);
  if (publicKey !== null) settings.sealed = await checkSeal(publicKey, settings);
  const warnings = [];
  let engine = null;
  // A module cannot be sent to a worker: a given one runs on the page.
  if ((options.worker ?? true) && !settings.ort) {
    try {
      engine = await WorkerEngine.start(settings);
    } catch (error) {
      warnings.push({ code: 'no-worker', values: { reason: reasonOf(error) } });
    }
  }
  const isWorker = engine !== null;
  engine ??= new Engine();
  try {
    const loaded = await engine.load(settings);
    warnings.push(...loaded.warnings);
    return { engine, info: { ...loaded, worker: isWorker, signedBy: publicKey, warnings } };
  } catch (error) {
    await engine.close().catch(() => undefined);
    throw error;
  }
}

/** An expected failure in the caller's language; others as they are. */
export const inLanguage = (error, lang) =>
  error instanceof DetectorError ? new DetectorError(error.code, error.values, lang) : error;

function checkOptions({ provider, graph, threads }) {
  if (!['auto', 'webgpu', 'wasm'].includes(provider)) throw new TypeError(`provider: found ${provider}`);
  if (![null, 'stream', 'window', 'pixels'].includes(graph)) throw new TypeError(`graph: found ${graph}`);
  if (threads !== 'auto' && !(Number.isInteger(threads) && threads >= 1)) throw new TypeError(`threads: found ${threads}`);
}

/** The public key; null where none is asked for. An empty one is a mistake, never a wish for no check. */
function readKey(given) {
  if (given === undefined || given === null) return null;
  const key = String(given).trim();
  if (!isPublicKey(key)) throw new TypeError(`publicKey: found ${key.slice(0, 80) || 'nothing'}, not 32 bytes as base64`);
  return key;
}
