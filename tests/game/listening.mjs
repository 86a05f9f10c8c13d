// Runs the page's listening in node: one JSON on stdin {definition, rateHz, samples, pieces}, one JSON on stdout.
// Without samples it applies the rule to `laughter`, a number for each patch.
import { readFileSync } from 'node:fs';

const { page, definition, rateHz, samplesFile, pieces, laughter } = JSON.parse(readFileSync(0, 'utf8'));
const { LaughterRule, Patches, Resampler } = await import(page);

if (laughter) {
  const rule = new LaughterRule(definition);
  console.log(JSON.stringify(laughter.map((value, number) => rule.add(value, number))));
} else {
  const bytes = readFileSync(samplesFile);
  const samples = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const resampler = new Resampler(rateHz, definition.rate_hz);
  const patches = new Patches(definition);
  const resampled = [];
  const found = [];
  for (let at = 0, turn = 0; at < samples.length; turn += 1) {
    const piece = samples.slice(at, at + pieces[turn % pieces.length]);
    at += piece.length;
    const next = resampler.add(piece);
    for (const value of next) resampled.push(value);
    patches.add(next, (rows) => found.push(Array.from(rows)));
  }
  console.log(JSON.stringify({ resampled, patches: found }));
}
