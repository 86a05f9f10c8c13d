// Times encoders with onnxruntime-web in Node: one thread of wasm, all graphs in turns; prints one JSON line.
// node speed.mjs JOB.json, which holds: dist (onnxruntime-web's folder), graphs ({name: file}), frame (file), shape, rounds
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const job = JSON.parse(await readFile(process.argv[2], 'utf8'));
const ort = await import(pathToFileURL(join(job.dist, 'ort.wasm.min.mjs')).href);
ort.env.logLevel = 'error';
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = pathToFileURL(job.dist + '/').href;

const bytes = await readFile(job.frame);
const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const sessions = new Map();
const found = {};
for (const [name, file] of Object.entries(job.graphs)) {
  try {
    const options = { executionProviders: ['wasm'], logSeverityLevel: 3 };
    sessions.set(name, await ort.InferenceSession.create(new Uint8Array(await readFile(file)), options));
    found[name] = [];
  } catch (error) {
    found[name] = String(error?.message ?? error).split('\n')[0].slice(0, 200);
  }
}
for (let round = 0; round <= job.rounds; round += 1) {
  for (const [name, session] of sessions) {
    const times = [];
    for (let number = 0; number < 3; number += 1) {
      const input = new ort.Tensor('float32', values.slice(), job.shape);
      const started = performance.now();
      const outputs = await session.run({ [session.inputNames[0]]: input });
      times.push(performance.now() - started);
      for (const tensor of Object.values(outputs)) tensor.dispose();
    }
    if (round > 0) found[name].push(Math.min(...times)); // the first round warms up
  }
}
process.stdout.write(`${JSON.stringify(found)}\n`);
