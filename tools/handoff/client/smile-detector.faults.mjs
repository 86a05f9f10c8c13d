/** Tells why a file does not work: what came from its address instead. Asks the server again only after a failure. */

import { DetectorError, reasonOf } from './smile-detector.errors.mjs';

const SHOWN_BYTES = 32;
const LOOKED_AT = 512;
const HTML = /^\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|meta|script|h1)\b/is;
const LFS = 'version https://git-lfs';
const SCRIPT_TYPES = /^(?:text|application)\/(?:x-)?(?:javascript|ecmascript)$/;
const WASM_START = [0x00, 0x61, 0x73, 0x6d];

/**
 * What was to come from an address.
 * @typedef {object} Wanted
 * @property {string} file its name
 * @property {string} url
 * @property {string} option the option of SmileDetector.create() that says where it is
 * @property {'script' | 'wasm' | 'task' | 'model' | 'json'} kind
 * @property {string} missing the code of the error if it is not there
 */

/**
 * Name the fault of a file's bytes.
 * @param {Uint8Array} bytes
 * @param {Wanted} wanted
 * @returns {DetectorError | null} null if they look right
 */
export function faultOfBytes(bytes, wanted) {
  const values = { file: wanted.file, url: wanted.url, option: wanted.option, found: bytes.length, start: startOf(bytes) };
  const text = new TextDecoder().decode(bytes.subarray(0, LOOKED_AT));
  if (HTML.test(text)) return new DetectorError('file-html', values);
  if (text.startsWith(LFS)) return new DetectorError('file-lfs', values);
  if (wanted.kind === 'wasm') {
    if (!WASM_START.every((byte, at) => bytes[at] === byte)) return new DetectorError('file-broken', values);
    if (!isWholeWasm(bytes)) return new DetectorError('file-truncated', values);
  }
  // A task file is a zip archive, whose table of contents stands at its end.
  if (wanted.kind === 'task' && text.startsWith('PK') && !hasZipEnd(bytes)) return new DetectorError('file-truncated', values);
  return null;
}

/**
 * Ask the server for a file again, and name what is wrong with it.
 * @param {Wanted} wanted
 * @returns {Promise<DetectorError | null>} null if the file looks right
 */
export async function findFault(wanted) {
  const { file, url, option } = wanted;
  let bytes;
  let type;
  try {
    const response = await fetch(url, { cache: 'reload' });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    type = (response.headers.get('Content-Type') ?? '').split(';')[0].trim().toLowerCase();
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    return new DetectorError(wanted.missing, { file, url, option, reason: reasonOf(error) });
  }
  const fault = faultOfBytes(bytes, wanted);
  if (fault || wanted.kind !== 'script' || SCRIPT_TYPES.test(type)) return fault;
  return new DetectorError('file-type', { file, url, option, type: type || '-', start: startOf(bytes) });
}

/**
 * Import a module by its address; a bundler leaves it alone.
 * @param {Wanted} wanted
 */
export async function importModule(wanted) {
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ /* turbopackIgnore: true */ wanted.url);
  } catch (error) {
    const fault = await findFault(wanted);
    if (fault) throw fault;
    const { file, url, option } = wanted;
    throw new DetectorError(error instanceof SyntaxError ? 'script-broken' : 'script-blocked', {
      file,
      url,
      option,
      reason: reasonOf(error),
    });
  }
}

/**
 * Look for a fault among files that are there but do not work together.
 * @param {Wanted[]} files
 * @returns {Promise<DetectorError | null>} the first fault
 */
export async function findFaultOf(files) {
  for (const wanted of files) {
    const fault = await findFault(wanted);
    if (fault) return fault;
  }
  return isWasmBlocked() ? new DetectorError('wasm-blocked') : null;
}

/** Tell whether the page's policy forbids WebAssembly: the smallest module there is does not compile. */
function isWasmBlocked() {
  try {
    return !new WebAssembly.Module(new Uint8Array([...WASM_START, 1, 0, 0, 0]));
  } catch {
    return true;
  }
}

/** The first bytes of a file, as text where it is text, else as hex digits. */
function startOf(bytes) {
  const first = bytes.subarray(0, SHOWN_BYTES);
  if (first.length === 0) return '-';
  const isText = (byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127);
  const length = first.findIndex((byte) => !isText(byte));
  if (length === -1 || length >= 8) {
    return new TextDecoder().decode(first.subarray(0, length === -1 ? first.length : length)).replace(/\s+/g, ' ').trim();
  }
  return Array.from(first.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** Tell whether the sections of a wasm file end where the file ends. */
function isWholeWasm(bytes) {
  let at = 8;
  while (at < bytes.length) {
    at += 1; // the section's number
    let size = 0;
    let more = true;
    for (let shift = 0; more; shift += 7) {
      if (at >= bytes.length || shift > 28) return false;
      size += (bytes[at] & 0x7f) * 2 ** shift;
      more = bytes[at] >= 0x80;
      at += 1;
    }
    at += size;
  }
  return at === bytes.length;
}

/** Tell whether a zip's end record lies in its last 64 KiB. */
function hasZipEnd(bytes) {
  for (let at = bytes.length - 22; at >= Math.max(0, bytes.length - 65_557); at -= 1) {
    if (bytes[at] === 0x50 && bytes[at + 1] === 0x4b && bytes[at + 2] === 5 && bytes[at + 3] === 6) return true;
  }
  return false;
}
