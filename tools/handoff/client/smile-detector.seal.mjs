/**
 * The team's signature over a hand-off, checked with its public key before anything of it runs.
 *
 * Signed are the hashes of manifest.json, which lists every file of the folder, and of browser_proof.json. The packages
 * (onnxruntime-web, tasks-vision) are npm's and not in it. A page that is falsified itself can leave the check out.
 */

import { DetectorError, reasonOf } from './smile-detector.errors.mjs';
import { faultOfBytes } from './smile-detector.faults.mjs';
import { hashOf } from './smile-detector.files.mjs';

const MANIFEST = 'manifest.json';
const SIGNATURE = 'signature.json';
const SPEC = 'frontend_spec.json';
const PROOF = 'browser_proof.json';
const TITLE = 'smilebench hand-off 1';
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const OWN_SCRIPT = /^smile-detector(?:\.\w+)?\.mjs$/;

/** Tell whether a text is an Ed25519 public key as ./inv handoff --sign shows it. */
export const isPublicKey = (text) => bytesOf(text, KEY_BYTES) !== null;

/**
 * Check the signature of a hand-off, and every file of it that is read before the graphs or runs beside the page.
 * @param {string} publicKey 32 bytes as base64
 * @param {{specUrl: string, scriptFolders: string[]}} addresses scriptFolders: where the client's own files are loaded from
 * @returns {Promise<{specSha256: string, proofSha256: string | null}>} what was signed: spec (whose hashes hold graphs and
 *   landmarker) and proof
 */
export async function checkSeal(publicKey, { specUrl, scriptFolders }) {
  if (globalThis.isSecureContext === false || !globalThis.crypto?.subtle) throw new DetectorError('insecure-context');
  const key = await importKey(publicKey);
  const [manifest, signature, spec, proof] = await Promise.all(
    [MANIFEST, SIGNATURE, SPEC, PROOF].map((file) => fetchBytes(file, specUrl)),
  );
  const sealed = parse(signature, SIGNATURE, specUrl);
  const listed = parse(manifest, MANIFEST, specUrl);
  if (sealed.public_key !== publicKey) {
    throw new DetectorError('signature-key', { found: sealed.public_key, expected: publicKey });
  }
  const manifestSha256 = await hashOf(manifest.bytes);
  const proofSha256 = proof.bytes && (await hashOf(proof.bytes));
  if (sealed.manifest_sha256 !== manifestSha256) throw mismatch(MANIFEST, specUrl);
  if (sealed.proof_sha256 !== proofSha256) throw mismatch(PROOF, specUrl);
  const message = new TextEncoder().encode(`${TITLE}\n${manifestSha256}\n${proofSha256 ?? '-'}\n`);
  const bytes = bytesOf(sealed.signature, SIGNATURE_BYTES);
  if (bytes === null || !(await crypto.subtle.verify('Ed25519', key, bytes, message))) {
    throw new DetectorError('signature-wrong', { url: new URL(SIGNATURE, specUrl).href });
  }
  const hashes = new Map((Array.isArray(listed.files) ? listed.files : []).map(({ file, sha256 }) => [file, sha256]));
  const specSha256 = spec.bytes && (await hashOf(spec.bytes));
  if (hashes.get(SPEC) !== specSha256) throw mismatch(SPEC, specUrl);
  const scripts = [...hashes.keys()].filter((file) => OWN_SCRIPT.test(file));
  await Promise.all(scriptFolders.flatMap((folder) => scripts.map((file) => checkScript(file, folder, hashes.get(file)))));
  return { specSha256, proofSha256 };
}

/** Refuse spec and proof that are others than those whose signature was checked, as a server may send later. */
export function checkSame({ sealed, specUrl }, { specSha256, proofSha256 }) {
  if (sealed && sealed.specSha256 !== specSha256) throw mismatch(SPEC, specUrl);
  if (sealed && sealed.proofSha256 !== proofSha256) throw mismatch(PROOF, specUrl);
}

/** Refuse a script of the client that is not the signed one; one that is missing does not run. */
async function checkScript(file, folder, sha256) {
  const { bytes } = await fetchBytes(file, folder);
  if (bytes && (await hashOf(bytes)) !== sha256) throw mismatch(file, folder);
}

async function importKey(publicKey) {
  try {
    return await crypto.subtle.importKey('raw', bytesOf(publicKey, KEY_BYTES), 'Ed25519', false, ['verify']);
  } catch (error) {
    throw new DetectorError('signature-unsupported', { reason: reasonOf(error) });
  }
}

/** Fetch a file; bytes is null, with the reason, if it is not there or the server sent its own page instead. */
async function fetchBytes(file, base) {
  const url = new URL(file, base).href;
  try {
    const response = await fetch(url, { cache: 'no-cache' });
    if (!response.ok) return { bytes: null, reason: `HTTP ${response.status}` };
    const bytes = new Uint8Array(await response.arrayBuffer());
    const isPage = faultOfBytes(bytes, { file, url, option: 'baseUrl', kind: 'json' })?.code === 'file-html';
    return isPage ? { bytes: null, reason: 'HTML' } : { bytes };
  } catch (error) {
    return { bytes: null, reason: reasonOf(error) };
  }
}

/** Parse one of the two documents of the seal. */
function parse({ bytes, reason }, file, specUrl) {
  const url = new URL(file, specUrl).href;
  if (bytes === null) throw new DetectorError('signature-missing', { file, url, reason });
  try {
    const document = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof document === 'object' && document !== null) return document;
  } catch {
    // no JSON: named below
  }
  throw file === SIGNATURE ? new DetectorError('signature-wrong', { url }) : mismatch(file, specUrl);
}

const mismatch = (file, base) => new DetectorError('signature-mismatch', { file, url: new URL(file, base).href });

/** The bytes of a base64 text of the given length; null if it is no such text. */
function bytesOf(text, length) {
  try {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    return typeof text === 'string' && bytes.length === length ? bytes : null;
  } catch {
    return null;
  }
}
