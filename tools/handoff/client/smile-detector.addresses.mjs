/**
 * Where a page's files lie: in one folder (`baseUrl`), at addresses of their own, or beside this file.
 *
 * A bundler copies whatever an expression of this file with import.meta.url could mean; so its address is taken apart from
 * the names of files. The worker, which a bundler shall find, is named in smile-detector.remote.mjs.
 */

import { DetectorError } from './smile-detector.errors.mjs';

const HERE = import.meta.url;
const OWN_NAME = 'smile-detector.addresses.mjs';

/**
 * The addresses that the engine needs, from the options of SmileDetector.create().
 * @param {{baseUrl?: string | URL, spec?: string | URL, ortUrl?: string | URL, tasksUrl?: string | URL,
 *   landmarkModel?: string | URL, workerUrl?: string | URL}} options
 */
export function addressesOf({ baseUrl, spec, ortUrl, tasksUrl, landmarkModel, workerUrl }) {
  const base = baseUrl ? folderOf(`${String(baseUrl).replace(/\/+$/, '')}/`) : null;
  // webpack gives the file's path on the computer that built the page, esbuild nothing at all.
  const isMoved = !HERE || (HERE.startsWith('file:') && !document.baseURI.startsWith('file:'));
  if (isMoved && !base && !(spec && ortUrl)) throw new DetectorError('base-missing');
  return {
    specUrl: spec ? absolute(spec) : new URL('frontend_spec.json', base ?? HERE).href,
    ortUrl: packageFolder(ortUrl, base, 'ort/', 'onnxruntime-web', 'dist/'),
    hasOrtUrl: Boolean(ortUrl ?? base),
    tasksUrl: packageFolder(tasksUrl, base, 'tasks/', '@mediapipe/tasks-vision', ''),
    landmarkModelUrl: landmarkModel ? absolute(landmarkModel) : null,
    workerUrl: workerUrl ? absolute(workerUrl) : null,
    scriptFolders: [...new Set([...(isAsShipped() ? [folderOf(HERE)] : []), ...(base ? [base] : [])])],
    otherWorkerUrl: base && new URL('smile-detector.worker.mjs', base).href,
  };
}

const absolute = (url) => new URL(url, document.baseURI).href;
const folderOf = (url) => new URL('.', absolute(url)).href;

/** Tell whether the client's files run as they were shipped: a bundler gives them other names. */
function isAsShipped() {
  try {
    return new URL(HERE).pathname.endsWith(`/${OWN_NAME}`) && !HERE.startsWith('file:');
  } catch {
    return false;
  }
}

/** The folder of a package's files: the given one, that in the base folder, the import map's, or npm's beside this file. */
function packageFolder(given, base, inBase, name, below) {
  if (given) return folderOf(given);
  if (base) return new URL(inBase, base).href;
  try {
    return new URL('.', import.meta.resolve(name)).href;
  } catch {
    return HERE ? new URL(['node_modules', name, below].join('/'), HERE).href : null;
  }
}
