/**
 * From a microphone's samples to "laughter was heard": another rate, log-mel patches, and the rule. Pure: no page, no
 * microphone, no network. Sizes, bands, classes and what is judged come from the server (`shared.sound.laughter`), which
 * holds them in one place; a test holds these features against those.
 */

const PATCH_HOP = 24; // frames of 10 ms: twice as often as in films, so that it matters less when a laugh begins
const MEAN_OVER = 8; // patches, two seconds: people laugh in bursts, and a gasp is over by then
const HEARD = 0.4; // of 1; so measured: laughs 0.43 to 0.73, a gasp 0.36 at most, a throat that is cleared 0.31
const USUAL_S = 60; // what a room sounds like is the median of so long; before somebody listened it counts as silent
const REST_S = 5; // one laugh is one moment, however long it goes on
const ZERO_CROSSINGS = 16; // of the filter, to each side; at the lower one of the two rates

/** Turns samples of any rate into those of another, piece by piece: a windowed sinc, nothing above half of the lower rate. */
export class Resampler {
  #from; // both rates, without what they share
  #to;
  #reach; // input samples to each side
  #kernels = new Map(); // one for each place between two input samples
  #cutoff; // of the input's half rate
  #held;
  #next; // place of the next output sample in #held, and so many #to-ths of a sample after it
  #part = 0;

  constructor(fromHz, toHz) {
    const shared = gcd(fromHz, toHz);
    this.#from = fromHz / shared;
    this.#to = toHz / shared;
    this.#cutoff = Math.min(1, toHz / fromHz) * 0.94; // leaves the filter room to fall off
    this.#reach = Math.ceil(ZERO_CROSSINGS / this.#cutoff);
    this.#held = new Float32Array(this.#reach); // silence before the first sample
    this.#next = this.#reach;
  }

  /** @param {Float32Array} samples the next ones @returns {Float32Array} those that can be told by now */
  add(samples) {
    if (this.#from === this.#to) return samples;
    const held = joined(this.#held, samples);
    const made = [];
    while (this.#next + this.#reach + 1 < held.length) {
      const kernel = this.#kernel(this.#part);
      const first = this.#next - this.#reach;
      let sum = 0;
      for (let n = 0; n < kernel.length; n += 1) sum += kernel[n] * held[first + n];
      made.push(sum);
      this.#part += this.#from;
      this.#next += Math.floor(this.#part / this.#to);
      this.#part %= this.#to;
    }
    const done = Math.min(held.length, this.#next - this.#reach);
    this.#held = held.slice(done);
    this.#next -= done;
    return Float32Array.from(made);
  }

  #kernel(part) {
    const known = this.#kernels.get(part);
    if (known) return known;
    const width = this.#reach + 1;
    const kernel = Float64Array.from({ length: 2 * this.#reach + 2 }, (_, n) => {
      const away = n - this.#reach - part / this.#to;
      const x = Math.PI * away * this.#cutoff;
      return Math.abs(away) < width ? (x === 0 ? 1 : Math.sin(x) / x) * Math.cos((Math.PI * away) / (2 * width)) ** 2 : 0;
    });
    const sum = kernel.reduce((total, value) => total + value, 0);
    this.#kernels.set(part, kernel.map((value) => value / sum)); // a steady level stays what it is
    return this.#kernels.get(part);
  }
}

const gcd = (a, b) => (b === 0 ? a : gcd(b, a % b));

function joined(before, after) {
  const both = new Float32Array(before.length + after.length);
  both.set(before);
  both.set(after, before.length);
  return both;
}

/** Log-mel patches of 0.96 s, one each 0.24 s; each frame of 25 ms is worked out once. */
export class Patches {
  #definition;
  #fft;
  #hann;
  #pending = new Float32Array(0);
  #frames = []; // rows of bands, at most a patch

  /** @param definition as the server gives it */
  constructor(definition) {
    this.#definition = definition;
    this.#fft = new Fft(definition.fft);
    this.#hann = Float32Array.from({ length: definition.window }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / definition.window));
  }

  /** Add samples at the definition's rate; calls `onPatch(patch)` for each patch that is whole, (patch * bands) numbers. */
  add(samples, onPatch) {
    const { hop, window, patch, bands } = this.#definition;
    const pending = joined(this.#pending, samples);
    let at = 0;
    for (; at + window <= pending.length; at += hop) {
      this.#frames.push(this.#frame(pending.subarray(at, at + window)));
      if (this.#frames.length < patch) continue;
      const rows = new Float32Array(patch * bands.length);
      this.#frames.forEach((row, number) => rows.set(row, number * bands.length));
      this.#frames = this.#frames.slice(PATCH_HOP);
      onPatch(rows);
    }
    this.#pending = pending.slice(at);
  }

  #frame(samples) {
    const sizes = this.#fft.sizes(samples.map((value, n) => value * this.#hann[n]));
    return Float32Array.from(this.#definition.bands, ({ first, weights }) => {
      let sum = 0;
      for (let n = 0; n < weights.length; n += 1) sum += weights[n] * sizes[first + n];
      return Math.log(sum + this.#definition.floor);
    });
  }
}

/** The sizes of the frequencies of a real signal that is padded with zeros. */
class Fft {
  #n;
  #cos;
  #sin;
  #order;

  constructor(n) {
    this.#n = n;
    this.#cos = Float64Array.from({ length: n / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / n));
    this.#sin = Float64Array.from({ length: n / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / n));
    const bits = Math.log2(n);
    this.#order = Uint16Array.from({ length: n }, (_, k) => {
      let reversed = 0;
      for (let bit = 0; bit < bits; bit += 1) reversed |= ((k >> bit) & 1) << (bits - 1 - bit);
      return reversed;
    });
  }

  sizes(samples) {
    const n = this.#n;
    const re = Float64Array.from(this.#order, (place) => samples[place] ?? 0);
    const im = new Float64Array(n);
    for (let size = 2; size <= n; size *= 2) {
      const half = size / 2;
      const stride = n / size;
      for (let start = 0; start < n; start += size) {
        for (let k = 0; k < half; k += 1) {
          const [even, odd] = [start + k, start + k + half];
          const cos = this.#cos[k * stride];
          const sin = this.#sin[k * stride];
          const x = re[odd] * cos - im[odd] * sin;
          const y = re[odd] * sin + im[odd] * cos;
          re[odd] = re[even] - x;
          im[odd] = im[even] - y;
          re[even] += x;
          im[even] += y;
        }
      }
    }
    return Float64Array.from({ length: n / 2 + 1 }, (_, k) => Math.hypot(re[k], im[k]));
  }
}

/** The laughter of a patch: the sum of the classes that mean it. */
export function laughterOf(scores, { classes: [first, end] }) {
  let sum = 0;
  for (let place = first; place < end; place += 1) sum += scores[place];
  return sum;
}

/** Says when laughter is heard: two seconds of it, above what is usual in this room, once for each laugh. */
export class LaughterRule {
  #half;
  #usual; // the laughter of the last minute, the oldest first
  #lately = []; // {strength, atMs} of the last patches
  #rest;
  #quiet = 0; // patches until it may speak again

  constructor({ half, hop, rate_hz: rateHz }) {
    const stepS = (hop * PATCH_HOP) / rateHz;
    this.#half = half;
    this.#usual = new Array(Math.round(USUAL_S / stepS)).fill(0);
    this.#rest = Math.round(REST_S / stepS);
  }

  /**
   * Take in the laughter of the next patch.
   * @param {number} laughter
   * @param {number} atMs when it was, on any clock
   * @returns {{strength: number, isHeard: boolean, atMs: number}} the mean strength; atMs: where it was strongest
   */
  add(laughter, atMs) {
    const sorted = [...this.#usual].sort((a, b) => a - b);
    const over = Math.max(0, laughter - sorted[Math.floor(sorted.length / 2)]);
    this.#usual = [...this.#usual.slice(1), laughter];
    this.#lately = [...this.#lately, { strength: over / (over + this.#half), atMs }].slice(-MEAN_OVER);
    const strength = this.#lately.reduce((sum, one) => sum + one.strength, 0) / MEAN_OVER;
    const strongest = this.#lately.reduce((best, one) => (one.strength > best.strength ? one : best));
    const isHeard = strength >= HEARD && this.#quiet === 0;
    this.#quiet = strength >= HEARD ? this.#rest : Math.max(0, this.#quiet - 1);
    return { strength, isHeard, atMs: strongest.atMs };
  }
}
