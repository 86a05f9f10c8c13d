/** Fetches what the model consists of, and refuses what is not what was tested. Runs nothing. */

import { DetectorError, reasonOf } from './smile-detector.errors.mjs';

/** The version of frontend_spec.json that this client reads. */
export const SPEC_VERSION = 2;

const KINDS = ['frames', 'landmarks', 'blendshapes'];
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|warp|software/i;

/** Fetch frontend_spec.json and refuse what this client cannot follow. */
export async function readSpec(url) {
  let answer;
  try {
    answer = await fetch(url, { cache: 'no-cache' });
  } catch (error) {
    throw new DetectorError('spec-missing', { url, reason: reasonOf(error) });
  }
  if (!answer.ok) throw new DetectorError('spec-missing', { url, reason: `HTTP ${answer.status}` });
  let spec;
  try {
    spec = await answer.json();
  } catch {
    throw new DetectorError('spec-invalid', { reason: 'it is not JSON' });
  }
  if (spec?.schema_version !== SPEC_VERSION) {
    throw new DetectorError('spec-version', { found: spec?.schema_version ?? 'none', expected: SPEC_VERSION });
  }
  const isPictures = kindOf(spec) === 'frames';
  const asked = spec.input?.landmarker;
  const scale = isPictures ? 'pixel / 255' : 'bytes';
  const faults = [
    [Array.isArray(spec.graphs) && spec.graphs.length > 0, 'it lists no graphs'],
    [spec.frames?.count >= 1 && spec.frames?.interval_ms >= 0 && spec.frames?.max_deviation_ms >= 0, 'frames'],
    [spec.preprocessing?.crop === 'center_square', `preprocessing.crop is ${spec.preprocessing?.crop}`],
    [spec.preprocessing?.resize === 'area', `preprocessing.resize is ${spec.preprocessing?.resize}`],
    [spec.preprocessing?.scale === scale, `preprocessing.scale is ${spec.preprocessing?.scale}`],
    [KINDS.includes(kindOf(spec)), `input.kind is ${kindOf(spec)}`],
    [isPictures || (asked?.running_mode === 'IMAGE' && asked.face === 'largest'), 'input.landmarker'],
    [isPictures || (Number.isFinite(asked?.border) && asked.border >= 0), 'input.landmarker.border'],
    [isPictures || asked?.frame_without_face === 'nearest', 'input.landmarker.frame_without_face'],
    [isPictures || Number.isFinite(asked?.window_without_face), 'input.landmarker.window_without_face'],
    [spec.preprocessing?.width_px >= 1 && spec.preprocessing?.width_px === spec.preprocessing?.height_px, 'its size'],
    [spec.decision?.operator === '>' && spec.decision?.threshold >= 0, 'decision'],
    [spec.decision?.release_threshold <= spec.decision?.threshold, 'decision.release_threshold is above threshold'],
    [Array.isArray(spec.runtime?.execution_providers) && Array.isArray(spec.tested), 'runtime or tested'],
  ];
  const fault = faults.find(([holds]) => !holds);
  if (fault) throw new DetectorError('spec-invalid', { reason: fault[1] });
  return spec;
}

/** What the window's graph eats: 'frames', 'landmarks' or 'blendshapes'. */
export function kindOf(spec) {
  return spec.input?.kind ?? 'frames'; // older hand-offs, all of them of frames, do not say it
}

/** Fetch a graph and check that it is the one that the spec lists. */
export function fetchGraph(entry, specUrl) {
  return fetchChecked(entry, new URL(entry.file, specUrl).href);
}

/**
 * Fetch a file and check that it is the one that was tested, byte for byte.
 * @param {{file: string, sha256: string, bytes?: number}} entry
 * @param {string} url
 * @returns {Promise<Uint8Array>}
 */
export async function fetchChecked(entry, url) {
  if (!globalThis.crypto?.subtle) throw new DetectorError('insecure-context');
  let failure = null;
  // A copy from before an update may sit in the browser's cache: the second look goes past it.
  for (const cache of ['default', 'reload']) {
    let bytes;
    try {
      const answer = await fetch(url, { cache });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      bytes = await answer.arrayBuffer();
    } catch (error) {
      throw new DetectorError('model-missing', { file: entry.file, reason: reasonOf(error) });
    }
    if (bytes.byteLength < entry.bytes) {
      failure = new DetectorError('model-truncated', {
        file: entry.file,
        found: bytes.byteLength,
        expected: entry.bytes,
      });
      continue;
    }
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (sha256 === entry.sha256) return new Uint8Array(bytes);
    failure = new DetectorError('model-hash', { file: entry.file, found: sha256, expected: entry.sha256 });
  }
  throw failure;
}

/** Tell whether a graphics adapter is drawn in software; gives its name then, else null. */
export function softwareName(adapter) {
  const info = adapter.info ?? {};
  const name = [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(' ');
  const isSoftware = info.isFallbackAdapter || adapter.isFallbackAdapter || SOFTWARE.test(name);
  return isSoftware ? name || 'fallback adapter' : null;
}

/** Load the runtime's module from its folder. */
export async function importOrt(ortUrl, module) {
  const url = new URL(module, ortUrl).href;
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ url);
  } catch (error) {
    if (await isThere(url)) throw new DetectorError('no-provider', { reason: reasonOf(error) });
    throw new DetectorError('wasm-missing', { url: ortUrl });
  }
}

/** Tell whether the server has a file. */
export async function isThere(url) {
  try {
    return (await fetch(url, { method: 'HEAD' })).ok;
  } catch {
    return false;
  }
}
