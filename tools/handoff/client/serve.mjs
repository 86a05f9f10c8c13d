#!/usr/bin/env node
/**
 * Serves this folder on http://localhost with the headers that wasm threads need: node serve.mjs [port]
 *
 * For trying things out on your own computer: it listens on the loopback address only and lists no folder. On your real
 * server, send the same two Cross-Origin headers.
 */

import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.task': 'application/octet-stream',
  '.wasm': 'application/wasm',
  '.onnx': 'application/octet-stream',
  '.bin': 'application/octet-stream',
  '.png': 'image/png',
  '.md': 'text/markdown; charset=utf-8',
  '.mts': 'text/plain; charset=utf-8',
};
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // To this server only: MediaPipe would send usage figures to its maker.
  'Content-Security-Policy': "connect-src 'self' blob: data:",
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-cache',
};

const folder = await realpath(dirname(fileURLToPath(import.meta.url)));
const wanted = process.argv[2] ?? '8000';
const port = Number(wanted);
if (!/^\d+$/.test(wanted) || port > 65535) {
  console.error(`serve.mjs: found port ${wanted}, expected a number from 0 to 65535`);
  process.exit(2);
}

/** The file of an address, or null if none may be served. */
async function find(address) {
  try {
    const path = decodeURIComponent(new URL(address, 'http://localhost').pathname);
    const file = await realpath(join(folder, path.endsWith('/') ? `${path}index.html` : path));
    const isHidden = file.slice(folder.length).split(sep).some((part) => part.startsWith('.'));
    if (!file.startsWith(folder + sep) || isHidden || !(extname(file) in TYPES)) return null;
    return (await stat(file)).isFile() ? file : null;
  } catch {
    return null;
  }
}

const server = createServer(async (request, response) => {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const file = isRead && ['localhost', '127.0.0.1'].includes(host) ? await find(request.url) : null;
  if (!file) {
    response.writeHead(404, { 'Content-Type': 'text/plain', ...HEADERS }).end('not found\n');
    return;
  }
  response.writeHead(200, { 'Content-Type': TYPES[extname(file)], ...HEADERS });
  if (request.method === 'HEAD') response.end();
  else createReadStream(file).on('error', () => response.destroy()).pipe(response);
});
server.on('error', (error) => {
  console.error(`serve.mjs: port ${port}: ${error.code}; give another: node serve.mjs 8001`);
  process.exit(1);
});
server.listen(port, '127.0.0.1', () => {
  console.log(`http://localhost:${server.address().port}/  (Control-C ends it)`);
});
