/** Plays a moment's frames again and draws its score curve. Everything is in memory; nothing is stored or sent. */

const SVG = 'http://www.w3.org/2000/svg';
const HOLD_MS = 700; // at the end, before it begins again
const BEFORE_MS = 3000; // of what the moment is about, is where a replay begins

/** Draw one frame of a moment into a canvas. */
export function drawFrame(canvas, moment, index) {
  if (canvas.width !== moment.side) canvas.width = canvas.height = moment.side;
  canvas.getContext('2d').putImageData(moment.picture(index), 0, 0);
}

/** The frame of a moment that is nearest to a time on the frames' clock. */
export function frameAt(moment, timeMs) {
  let nearest = 0;
  moment.frames.forEach((frame, index) => {
    if (Math.abs(frame.timeMs - timeMs) < Math.abs(moment.frames[nearest].timeMs - timeMs)) nearest = index;
  });
  return nearest;
}

/** A moment's scores over time as SVG, with the threshold; the element's `place(timeMs)` moves its playhead. */
export function drawCurve(moment, label) {
  const width = 600;
  const height = 120;
  const { threshold } = moment.info.spec.decision;
  const startMs = moment.frames[0].timeMs;
  const x = (timeMs) => ((timeMs - startMs) / Math.max(1, moment.durationMs)) * width;
  const y = (score) => height - 4 - score * (height - 8);
  const add = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    svg.append(element);
    return element;
  };
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  svg.classList.add('curve');
  let path = '';
  let isDown = false;
  for (const { timeMs, score } of moment.frames) {
    if (score === null) {
      isDown = false;
      continue;
    }
    path += `${isDown ? 'L' : 'M'}${x(timeMs).toFixed(1)} ${y(score).toFixed(1)}`;
    isDown = true;
  }
  add('line', { x1: 0, x2: width, y1: y(threshold), y2: y(threshold), class: 'line' });
  add('path', { d: path || 'M0 0', class: 'score' });
  const head = add('line', { x1: 0, x2: 0, y1: 0, y2: height, class: 'head' });
  svg.place = (timeMs) => {
    head.setAttribute('x1', x(timeMs));
    head.setAttribute('x2', x(timeMs));
  };
  return svg;
}

/** Plays a moment in a canvas, again and again, until stop(). Where motion is not wanted, it shows one frame. */
export class Replay {
  #canvas;
  #handle = 0;
  #moment = null;

  constructor(canvas) {
    this.#canvas = canvas;
  }

  get moment() {
    return this.#moment;
  }

  start(moment, curve) {
    this.stop();
    this.#moment = moment;
    this.#canvas.hidden = false;
    const about = frameAt(moment, moment.atMs);
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      drawFrame(this.#canvas, moment, about);
      curve?.place(moment.atMs);
      return;
    }
    const first = frameAt(moment, moment.atMs - BEFORE_MS);
    const fromMs = moment.frames[first].timeMs;
    const lastMs = moment.frames[moment.frames.length - 1].timeMs;
    let startedMs = null;
    let shown = -1;
    const tick = (nowMs) => {
      startedMs ??= nowMs;
      const atMs = fromMs + (nowMs - startedMs);
      if (atMs > lastMs + HOLD_MS) startedMs = nowMs;
      let index = Math.max(first, shown);
      if (moment.frames[index].timeMs > atMs) index = first;
      while (index + 1 < moment.frames.length && moment.frames[index + 1].timeMs <= atMs) index += 1;
      if (index !== shown) {
        shown = index;
        drawFrame(this.#canvas, moment, index);
        curve?.place(moment.frames[index].timeMs);
      }
      this.#handle = requestAnimationFrame(tick);
    };
    this.#handle = requestAnimationFrame(tick);
  }

  stop() {
    cancelAnimationFrame(this.#handle);
    this.#moment = null;
    this.#canvas.hidden = true;
  }
}
