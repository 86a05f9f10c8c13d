#!/usr/bin/env node
/**
 * Copies what a page loads into a folder of your site, whose address is the `baseUrl` of SmileDetector.create().
 *
 *   npx smile-detector-assets public/smile-detector      copy
 *   npx smile-detector-assets --list                     show what would be copied, and its size
 *
 * Copied are the spec, its proof, the signature if there is one, the graphs and packages' files that a page takes by
 * itself on the proven execution providers, and the client (for a worker that a bundler left behind). --graph
 * window|pixels adds the graphs of that option. Files that are the same already stay untouched; other files in the folder
 * are left alone.
 */

import { copyFile, mkdir, readFile, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ORT_FILES, TASKS_FILES, findPlans, isProven } from './smile-detector.plans.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const NAME = 'smile-detector-assets';
const USAGE = `usage: ${NAME} FOLDER [--graph window|pixels]\n       ${NAME} --list [--graph window|pixels]`;

class Mistake extends Error {}

/** The folder of an installed package: beside this file, or further up where npm puts it. */
async function findPackage(name, version) {
  for (let folder = HERE; ; folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name);
    const found = await readFile(join(place, 'package.json'), 'utf8').then(JSON.parse, () => null);
    if (found && found.version !== version) {
      throw new Mistake(`${name}: found ${found.version}, expected ${version}; npm install ${name}@${version}`);
    }
    if (found) return place;
    if (folder === dirname(folder)) throw new Mistake(`${name}: not installed; run npm install`);
  }
}

/** List the files that a page loads: from where, and to which path in the folder. */
async function listAssets(graph) {
  const spec = JSON.parse(await readFile(join(HERE, 'frontend_spec.json'), 'utf8'));
  const proof = await readFile(join(HERE, 'browser_proof.json'), 'utf8').then(JSON.parse, () => null);
  const plans = [null, ...(graph ? [graph] : [])].flatMap((wanted) => findPlans(spec, { graph: wanted }));
  const proven = plans.filter((plan) => isProven(plan, proof, spec));
  const usable = proven.length ? proven : plans.filter((plan) => plan.provider === 'wasm');
  // Of each provider and option the best plan, as the client takes it.
  const isFirst = (plan, at) => usable.findIndex((other) => key(other, graph) === key(plan, graph)) === at;
  const taken = usable.filter(isFirst);
  const providers = [...new Set(taken.map((plan) => plan.provider))];

  const own = (await readdir(HERE)).filter((name) => /^smile-detector\..*mjs$/.test(name));
  const isThere = (name) => stat(join(HERE, name)).then(() => true, () => false);
  const sealed = (await isThere('signature.json')) ? ['manifest.json', 'signature.json'] : [];
  const names = ['frontend_spec.json', ...(proof ? ['browser_proof.json'] : []), ...sealed, ...own];
  names.push(...new Set(taken.flatMap((plan) => plan.entries.map((entry) => entry.file))));
  if (spec.input.landmarker) names.push(spec.input.landmarker.file);
  const assets = names.map((name) => ({ from: join(HERE, name), to: name }));
  const ort = await findPackage(spec.runtime.npm_package, spec.runtime.npm_version);
  for (const name of providers.flatMap((provider) => ORT_FILES[provider])) {
    assets.push({ from: join(ort, 'dist', name), to: join('ort', name) });
  }
  if (spec.runtime.landmarker) {
    const tasks = await findPackage(spec.runtime.landmarker.npm_package, spec.runtime.landmarker.npm_version);
    for (const name of TASKS_FILES) assets.push({ from: join(tasks, name), to: join('tasks', name) });
  }
  for (const asset of assets) {
    const found = await stat(asset.from).catch(() => null);
    if (!found) throw new Mistake(`${asset.from}: no such file; npm install, or copy the hand-off folder again`);
    asset.bytes = found.size;
  }
  return assets;
}

/** Plans of one key replace each other; a graph that is asked for stands beside the one that a page takes by itself. */
const key = (plan, graph) => `${plan.provider} ${plan.graph === graph ? graph : ''}`;

/** Copy a file as a whole or not at all, unless it is there already. */
async function copy(from, to) {
  const [before, after] = await Promise.all([readFile(from), readFile(to).catch(() => null)]);
  if (after?.equals(before)) return false;
  await mkdir(dirname(to), { recursive: true });
  const draft = `${to}.${process.pid}.new`;
  try {
    await copyFile(from, draft);
    await rename(draft, to);
  } finally {
    await rm(draft, { force: true });
  }
  return true;
}

const shown = (bytes) => `${(bytes / 1e6).toFixed(2).padStart(8)} MB`;

async function main(given) {
  const words = [...given];
  let graph = null;
  const at = words.indexOf('--graph');
  if (at !== -1) [, graph] = words.splice(at, 2);
  if (at !== -1 && !['window', 'pixels'].includes(graph)) throw new Mistake(USAGE);
  if (words.length !== 1 || (words[0].startsWith('-') && words[0] !== '--list')) throw new Mistake(USAGE);
  const assets = await listAssets(graph);
  const total = assets.reduce((sum, { bytes }) => sum + bytes, 0);
  if (words[0] === '--list') {
    for (const { to, bytes } of assets) console.log(`${shown(bytes)}  ${to}`);
    console.log(`${shown(total)}  in ${assets.length} files`);
    return;
  }
  await mkdir(words[0], { recursive: true });
  if ((await realpath(words[0])) === (await realpath(HERE))) {
    throw new Mistake(`${words[0]}: is the hand-off itself; give a folder of your site`);
  }
  let copied = 0;
  for (const { from, to } of assets) copied += await copy(from, join(words[0], to));
  console.log(`${words[0]}: ${assets.length} files, ${shown(total).trim()}; ${copied} copied, the others were there`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Mistake) && !error.code) throw error;
  console.error(error.message.startsWith('usage') ? error.message : `${NAME}: ${error.message}`);
  process.exitCode = error.message.startsWith('usage') ? 2 : 1;
}
