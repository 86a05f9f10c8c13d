/** Fetches the files of the model, and refuses files that differ from the tested ones. Runs nothing. */

import { DetectorError, reasonOf } from './smile-detector.errors.mjs';
import { faultOfBytes } from './smile-detector.faults.mjs';

/** The version of frontend_spec.json that this client reads. */
export const SPEC_VERSION = 3;

/** The version of browser_proof.json that this client reads. */
export const PROOF_VERSION = 1;

const KINDS = ['frames', 'landmarks', 'blendshapes'];
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|warp|software/i;

/**
 * Fetch frontend_spec.json and refuse a spec that this client cannot run.
 * @param {string} url
 * @returns {Promise<{spec: object, sha256: string}>} the spec, and the checksum of its file
 */
export async function readSpec(url) {
  let bytes;
  try {
    const response = await fetch(url, { cache: 'no-cache' });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    bytes = await response.arrayBuffer();
  } catch (error) {
    throw new DetectorError('spec-missing', { url, reason: reasonOf(error) });
  }
  const spec = parse(bytes);
  if (spec === undefined) {
    const wanted = { file: 'frontend_spec.json', url, option: 'baseUrl', kind: 'json' };
    throw faultOfBytes(new Uint8Array(bytes), wanted) ?? new DetectorError('spec-invalid', { reason: 'it is not JSON' });
  }
  check(spec);
  return { spec, sha256: await hashOf(bytes) };
}

/**
 * Fetch browser_proof.json beside the spec.
 * @param {string} specUrl
 * @param {string} specSha256 the checksum of the spec's file, which the proof must have
 * @returns {Promise<{proof: object | null, sha256: string | null, reason: string | null}>} proof: null without one for this
 *   spec; sha256: the checksum of the file that came; the reason why it does not fit
 */
export async function readProof(specUrl, specSha256) {
  let bytes;
  try {
    const response = await fetch(new URL('browser_proof.json', specUrl), { cache: 'no-cache' });
    if (!response.ok) return { proof: null, sha256: null, reason: null };
    bytes = await response.arrayBuffer();
  } catch (error) {
    return { proof: null, sha256: null, reason: reasonOf(error) };
  }
  const proof = parse(bytes);
  const wanted = { file: 'browser_proof.json', url: specUrl, option: 'baseUrl', kind: 'json' };
  // Many servers answer with their own page where a file is missing.
  if (proof === undefined && faultOfBytes(new Uint8Array(bytes), wanted)?.code === 'file-html') {
    return { proof: null, sha256: null, reason: null };
  }
  const sha256 = await hashOf(bytes);
  const faults = [
    [typeof proof === 'object' && proof !== null, 'it is not a JSON object'],
    [proof?.schema_version === PROOF_VERSION, `version ${proof?.schema_version ?? 'none'}, not ${PROOF_VERSION}`],
    [proof?.spec_sha256 === specSha256, 'it belongs to another frontend_spec.json'],
    [Array.isArray(proof?.execution_providers) && Array.isArray(proof.tested), 'execution_providers or tested'],
  ];
  const fault = faults.find(([holds]) => !holds);
  return fault ? { proof: null, sha256, reason: fault[1] } : { proof, sha256, reason: null };
}

/** Parse fetched JSON; undefined if it is invalid. */
function parse(bytes) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Refuse a spec that this client cannot run. */
function check(spec) {
  if (spec?.schema_version !== SPEC_VERSION) {
    throw new DetectorError('spec-version', { found: spec?.schema_version ?? 'none', expected: SPEC_VERSION });
  }
  const isPictures = kindOf(spec) === 'frames';
  const landmarker = spec.input?.landmarker;
  const scale = isPictures ? 'pixel / 255' : 'bytes';
  const faults = [
    [Array.isArray(spec.graphs) && spec.graphs.length > 0, 'it lists no graphs'],
    [spec.frames?.count >= 1 && spec.frames?.interval_ms >= 0 && spec.frames?.max_deviation_ms >= 0, 'frames'],
    [spec.preprocessing?.crop === 'center_square', `preprocessing.crop is ${spec.preprocessing?.crop}`],
    [spec.preprocessing?.resize === 'area', `preprocessing.resize is ${spec.preprocessing?.resize}`],
    [spec.preprocessing?.scale === scale, `preprocessing.scale is ${spec.preprocessing?.scale}`],
    [KINDS.includes(kindOf(spec)), `input.kind is ${kindOf(spec)}`],
    [isPictures || (landmarker?.running_mode === 'IMAGE' && landmarker.face === 'largest'), 'input.landmarker'],
    [isPictures || (Number.isFinite(landmarker?.border) && landmarker.border >= 0), 'input.landmarker.border'],
    [isPictures || landmarker?.frame_without_face === 'nearest', 'input.landmarker.frame_without_face'],
    [isPictures || Number.isFinite(landmarker?.window_without_face), 'input.landmarker.window_without_face'],
    [spec.preprocessing?.width_px >= 1 && spec.preprocessing?.width_px === spec.preprocessing?.height_px, 'its size'],
    [spec.decision?.operator === '>' && spec.decision?.threshold >= 0, 'decision'],
    [Number.isFinite(spec.decision?.release_threshold), `decision.release_threshold is ${spec.decision?.release_threshold}`],
    [spec.decision?.release_threshold <= spec.decision?.threshold, 'decision.release_threshold is above threshold'],
    [spec.decision?.min_duration_ms >= 0, `decision.min_duration_ms is ${spec.decision?.min_duration_ms}`],
    [typeof spec.decision?.output === 'string', `decision.output is ${spec.decision?.output}`],
    [typeof spec.runtime?.npm_version === 'string', 'runtime.npm_version'],
  ];
  const fault = faults.find(([holds]) => !holds);
  if (fault) throw new DetectorError('spec-invalid', { reason: fault[1] });
}

/** SHA-256 in lower-case hex digits. */
export async function hashOf(bytes) {
  if (!globalThis.crypto?.subtle) throw new DetectorError('insecure-context');
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The input kind of the window's graph: 'frames', 'landmarks' or 'blendshapes'. */
export function kindOf(spec) {
  return spec.input?.kind ?? 'frames'; // older hand-offs, all of frames, lack it
}

/** Fetch a graph and check that it is the one that the spec lists. */
export function fetchGraph(entry, specUrl) {
  return fetchChecked(entry, new URL(entry.file, specUrl).href, { option: 'baseUrl', kind: 'model' });
}

/**
 * Fetch a file and check that its bytes are those that were tested.
 * @param {{file: string, sha256: string, bytes?: number}} entry
 * @param {string} url
 * @param {{option: string, kind: 'model' | 'task'}} about the option that says where it is
 * @returns {Promise<Uint8Array>}
 */
export async function fetchChecked(entry, url, about) {
  let failure = null;
  // The browser's cache may hold an old copy: the second attempt bypasses it.
  for (const cache of ['default', 'reload']) {
    let bytes;
    try {
      const response = await fetch(url, { cache });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      bytes = await response.arrayBuffer();
    } catch (error) {
      throw new DetectorError('model-missing', { file: entry.file, url, reason: reasonOf(error) });
    }
    const sha256 = await hashOf(bytes);
    if (sha256 === entry.sha256) return new Uint8Array(bytes);
    failure = faultOfBytes(new Uint8Array(bytes), { file: entry.file, url, ...about });
    if (failure) continue;
    if (bytes.byteLength < entry.bytes) {
      failure = new DetectorError('model-truncated', {
        file: entry.file,
        found: bytes.byteLength,
        expected: entry.bytes,
        url,
      });
      continue;
    }
    failure = new DetectorError('model-hash', { file: entry.file, url, found: sha256, expected: entry.sha256 });
  }
  throw failure;
}

/** Return the name of a software adapter; null for a real one. */
export function softwareName(adapter) {
  const info = adapter.info ?? {};
  const name = [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(' ');
  const isSoftware = info.isFallbackAdapter || adapter.isFallbackAdapter || SOFTWARE.test(name);
  return isSoftware ? name || 'fallback adapter' : null;
}
