/**
 * Opens the model's graphs with onnxruntime-web: the first plan that is allowed and works here. Runs none of them.
 */

import { DetectorError, reasonOf } from './smile-detector.errors.mjs';
import { findFaultOf, importModule } from './smile-detector.faults.mjs';
import { fetchGraph, softwareName } from './smile-detector.files.mjs';
import { ORT_FILES, findPlans, isProven } from './smile-detector.plans.mjs';

const MOST_THREADS = 4;

/**
 * Open the first plan that is allowed and works.
 * @param {{spec: object, proof: object | null, whyNoProof: string | null}} model
 * @param {object} settings of Engine.load()
 * @param {(code: string, values?: object) => void} warn
 * @returns {Promise<{ort: object, graphs: {entry: object, session: object}[], choice: string, provider: string,
 *   threads: number, adapter: string | null}>} graphs in the order in which they run; threads of wasm; the adapter's name
 */
export async function openGraphs({ spec, proof, whyNoProof }, settings, warn) {
  const { provider, allowUntested } = settings;
  const threads = chooseThreads(settings.threads, warn);
  const plans = findPlans(spec, settings);
  if (plans.length === 0) {
    const found = spec.graphs.map((entry) => entry.name).join(', ');
    throw new DetectorError('graph-missing', { wanted: settings.graph ?? 'stream', found });
  }
  let usable = plans.filter((plan) => isProven(plan, proof, spec));
  if (usable.length === 0) {
    const wanted = `${plans[0].graph}, ${provider === 'auto' ? 'wasm' : provider}`;
    if (!allowUntested) {
      throw whyNoProof
        ? new DetectorError('proof-mismatch', { reason: whyNoProof })
        : new DetectorError('untested', { wanted });
    }
    usable = plans.filter((plan) => provider !== 'auto' || plan.provider === 'wasm');
    warn('untested-allowed', { wanted });
  }
  let failure = null;
  let adapter;
  for (const plan of usable) {
    try {
      if (plan.provider === 'webgpu') {
        if (adapter === undefined) adapter = await findAdapter(provider === 'webgpu', warn);
        if (adapter === null) continue;
      }
      const { ort, graphs } = await open(plan, threads, spec, settings, warn);
      const isWasm = plan.provider === 'wasm';
      return {
        ort,
        graphs,
        choice: plan.graph,
        provider: plan.provider,
        threads: isWasm ? threads : 1,
        adapter: isWasm ? null : adapter,
      };
    } catch (error) {
      // A page that ships only what it loads lacks the graphs of later plans: the first failure is the one to tell.
      if (error instanceof DetectorError && !error.isOfRuntime) throw failure ?? error;
      failure = error instanceof DetectorError ? error : new DetectorError('no-provider', { reason: reasonOf(error) });
      if (usable.length > 1) warn('provider-failed', { provider: plan.provider, reason: reasonOf(error) });
    }
  }
  throw failure ?? new DetectorError('no-provider', { reason: 'no graphics adapter for webgpu' });
}

function chooseThreads(wanted, warn) {
  const isolated = globalThis.crossOriginIsolated === true;
  if (wanted !== 'auto') {
    if (wanted > 1 && !isolated) throw new DetectorError('isolation');
    return wanted;
  }
  if (!isolated) {
    warn('one-thread');
    return 1;
  }
  // Half of the cores: the rest draw the page and decode the camera.
  return Math.max(1, Math.min(MOST_THREADS, Math.floor((navigator.hardwareConcurrency ?? 2) / 2)));
}

/** The name of the graphics adapter; null if there is no useful one. */
async function findAdapter(isDemanded, warn) {
  const adapter = await navigator.gpu?.requestAdapter?.().catch(() => null);
  if (!adapter) return null;
  const software = softwareName(adapter);
  if (software && !isDemanded) {
    warn('software-adapter', { reason: software });
    return null;
  }
  const info = adapter.info ?? {};
  return software ?? ([info.vendor, info.architecture, info.description].filter(Boolean).join(' ') || 'webgpu');
}

async function open({ provider, entries }, threads, spec, settings, warn) {
  const files = ORT_FILES[provider].map((file) => ({
    file,
    url: new URL(file, settings.ortUrl).href,
    option: 'ortUrl',
    kind: file.endsWith('.wasm') ? 'wasm' : 'script',
    missing: 'wasm-missing',
  }));
  const fetched = Promise.all(entries.map((entry) => fetchGraph(entry, settings.specUrl)));
  fetched.catch(() => undefined); // handled below, after the runtime
  const ort = settings.ort ?? (await importModule(files[0]).catch(ofRuntime));
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = threads;
  if (!settings.ort || settings.hasOrtUrl) ort.env.wasm.wasmPaths = settings.ortUrl;
  const version = ort.env.versions?.web ?? ort.env.versions?.common;
  const expected = spec.runtime.npm_version;
  if (version && version !== expected) warn('ort-version', { found: version, expected });
  const models = await fetched;
  const graphs = [];
  try {
    for (const [index, entry] of entries.entries()) {
      const options = { executionProviders: [provider], logSeverityLevel: 3 };
      graphs.push({ entry, session: await ort.InferenceSession.create(models[index], options) });
    }
  } catch (error) {
    for (const { session } of graphs) await session.release();
    // Where a bundler brought the runtime's module, its files may lie elsewhere.
    const fault = settings.ort && !settings.hasOrtUrl ? null : await findFaultOf(files);
    ofRuntime(fault ?? new DetectorError('no-provider', { reason: reasonOf(error) }));
  }
  return { ort, graphs };
}

/** Throw an error of the runtime, after which the next plan is tried. */
function ofRuntime(error) {
  error.isOfRuntime = true;
  throw error;
}
