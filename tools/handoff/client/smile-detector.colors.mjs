/**
 * From a frame to RGBA bytes: brightness and colour differences become colours by one rule, in every browser.
 *
 * A browser with a graphics card mixes neighbouring colour samples and one without it does not, which moves pixels at
 * colourful edges by up to 80 of 255 levels. So the planes are read as they were decoded and converted here: the same
 * whole numbers as in Python (shared.films.yuv). Where a browser shows no planes, its own conversion is taken.
 */

import { DetectorError, reasonOf } from './smile-detector.errors.mjs';

// By matrix, limited range (black is 16) then full: gain and offset of brightness; blue of u, green of u and of v, red
// of v. Source: libyuv, which browsers without a graphics card draw with.
const CONSTANTS = {
  bt601: [
    [18997, -1160, 128, 25, 52, 102],
    [16320, 32, 113, 22, 46, 90],
  ],
  bt709: [
    [18997, -1160, 128, 14, 34, 115],
    [16320, 32, 119, 12, 30, 101],
  ],
};
// A webcam's frame says nothing: it is BT.601, as browsers take it.
const MATRICES = { null: 'bt601', undefined: 'bt601', smpte170m: 'bt601', bt470bg: 'bt601', bt709: 'bt709' };
const BRIGHT = ['pq', 'hlg']; // for bright screens: only the browser can show these on an ordinary one
// For each layout: right shifts of a colour sample's column and row; NV12 has its two differences in pairs.
const LAYOUTS = { I420: [1, 1], I420A: [1, 1], I422: [1, 0], I444: [0, 0], NV12: [1, 1] };

/**
 * Convert planes as browsers do.
 * @param {Uint8Array} bytes all planes
 * @param {{offset: number, stride: number}[]} planes where each begins, and the bytes of a row
 * @param {{format: string, width: number, height: number, matrix: string, fullRange: boolean}} picture matrix is bt601
 *   or bt709
 * @param {Uint8ClampedArray} rgba width * height * 4 bytes, written
 */
export function toRgba(bytes, planes, { format, width, height, matrix, fullRange }, rgba) {
  const [gain, offset, blueOfU, greenOfU, greenOfV, redOfV] = CONSTANTS[matrix][fullRange ? 1 : 0];
  const [across, down] = LAYOUTS[format];
  const step = format === 'NV12' ? 2 : 1;
  const brightness = Int32Array.from({ length: 256 }, (_, y) => ((y * 257 * gain) >>> 16) + offset);
  const [yPlane, uPlane] = planes;
  const vPlane = format === 'NV12' ? { offset: uPlane.offset + 1, stride: uPlane.stride } : planes[2];
  let at = 0;
  for (let row = 0; row < height; row += 1) {
    const yRow = yPlane.offset + row * yPlane.stride;
    const uRow = uPlane.offset + (row >> down) * uPlane.stride;
    const vRow = vPlane.offset + (row >> down) * vPlane.stride;
    for (let column = 0; column < width; ) {
      const sample = (column >> across) * step;
      const u = bytes[uRow + sample] - 128;
      const v = bytes[vRow + sample] - 128;
      const red = redOfV * v;
      const green = greenOfU * u + greenOfV * v;
      const blue = blueOfU * u;
      const end = Math.min(width, column + 1 + across);
      for (; column < end; column += 1, at += 4) {
        const y = brightness[bytes[yRow + column]];
        rgba[at] = (y + red) >> 6;
        rgba[at + 1] = (y - green) >> 6;
        rgba[at + 2] = (y + blue) >> 6;
        rgba[at + 3] = 255;
      }
    }
  }
}

/** Enlarge a picture to square pixels along one axis, as browsers do: neighbours are mixed by sixteenths. */
function stretch({ data, width, height }, shownWidth, shownHeight) {
  if (width === shownWidth && height === shownHeight) return { data, width, height };
  const isAcross = width !== shownWidth;
  const [stored, shown] = isAcross ? [width, shownWidth] : [height, shownHeight];
  const apart = isAcross ? 4 : 4 * width; // bytes from a pixel to its neighbour along the axis
  const result = new Uint8ClampedArray(shownWidth * shownHeight * 4);
  for (let row = 0, at = 0; row < shownHeight; row += 1) {
    for (let column = 0; column < shownWidth; column += 1) {
      const place = ((isAcross ? column : row) + 0.5) * (stored / shown) - 0.5;
      const before = Math.floor(place);
      const share = Math.floor((place - before) * 16);
      const line = isAcross ? row * width * 4 : column * 4;
      const first = line + Math.max(before, 0) * apart;
      const second = line + Math.min(before + 1, stored - 1) * apart;
      for (let channel = 0; channel < 4; channel += 1, at += 1) {
        result[at] = (data[first + channel] * (16 - share) + data[second + channel] * share) >> 4;
      }
    }
  }
  return { data: result, width: shownWidth, height: shownHeight };
}

/** The centred square of a picture of square pixels, which is all that a model sees; the whole where the square's edge
 * would cut a colour sample in two. */
function neededRect({ x, y, width, height }, isSquarePixels) {
  const side = Math.min(width, height);
  const [left, top] = [(width - side) / 2, (height - side) / 2];
  if (!isSquarePixels || (x + left) % 2 || (y + top) % 2) return { x, y, width, height };
  return { x: x + left, y: y + top, width: side, height: side };
}

/** Reads a frame's pixels as RGBA, upright and of square pixels, and closes the frame. Keeps its buffers. */
export class PixelReader {
  #planes = new Uint8Array(0);
  #rgba = new Uint8ClampedArray(0);
  #canvas = null;
  #copies = true;

  /**
   * @param {VideoFrame | ImageBitmap | ImageData} frame always closed afterwards
   * @returns {Promise<{data: Uint8Array | Uint8ClampedArray, width: number, height: number}>} the whole picture or its
   *   centred square; the data is overwritten by the next call
   */
  async read(frame) {
    try {
      if (frame.data) return { data: frame.data, width: frame.width, height: frame.height };
      const isTurned = frame.rotation || frame.flip;
      const picture = typeof frame.copyTo === 'function' && !isTurned ? await this.#copy(frame) : null;
      return picture ?? this.#draw(frame);
    } finally {
      frame.close?.();
    }
  }

  /** The frame's bytes, converted here or, where the rule does not cover them, by the browser; null if it cannot. */
  async #copy(frame) {
    const { matrix, fullRange, transfer } = frame.colorSpace ?? {};
    const { visibleRect, displayWidth, displayHeight } = frame;
    const isSquarePixels = visibleRect.width === displayWidth && visibleRect.height === displayHeight;
    const rect = neededRect(visibleRect, isSquarePixels);
    const { width, height } = rect;
    const length = width * height * 4;
    if (this.#rgba.length !== length) this.#rgba = new Uint8ClampedArray(length);
    const picture = { data: this.#rgba, width, height };
    if (frame.format in LAYOUTS && String(matrix) in MATRICES && !BRIGHT.includes(transfer)) {
      try {
        const size = frame.allocationSize({ rect });
        if (this.#planes.length !== size) this.#planes = new Uint8Array(size);
        const planes = await frame.copyTo(this.#planes, { rect });
        const about = { format: frame.format, width, height, matrix: MATRICES[matrix], fullRange: fullRange === true };
        toRgba(this.#planes, planes, about, this.#rgba);
        return isSquarePixels ? picture : stretch(picture, displayWidth, displayHeight);
      } catch {
        // a browser that shows the format, but not its planes
      }
    }
    if (!this.#copies || !isSquarePixels) return null;
    try {
      const options = { rect, format: 'RGBA', colorSpace: 'srgb' };
      // An older browser ignores the option and would hand over YUV.
      if (frame.allocationSize(options) !== length) throw new TypeError('no RGBA');
      await frame.copyTo(this.#rgba, options);
      return picture;
    } catch {
      this.#copies = false; // a browser without the RGBA option
      return null;
    }
  }

  #draw(frame) {
    // A turned film of a phone has its upright size in displayWidth and displayHeight.
    const width = frame.displayWidth ?? frame.width;
    const height = frame.displayHeight ?? frame.height;
    if (!this.#canvas) this.#canvas = makeCanvas(width, height);
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    const context = this.#canvas.getContext('2d', { willReadFrequently: true, alpha: false });
    context.drawImage(frame, 0, 0);
    return context.getImageData(0, 0, width, height);
  }
}

/** Take a picture that can be handed to a worker. */
export async function grab(source, timestampMs) {
  try {
    if (source instanceof ImageData || source instanceof ImageBitmap) return source;
    if (typeof VideoFrame === 'function') {
      if (source instanceof VideoFrame) return source;
      if (source instanceof HTMLVideoElement) return new VideoFrame(source, { timestamp: Math.round(timestampMs * 1000) });
    }
    return await createImageBitmap(source, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
  } catch (error) {
    throw new DetectorError('bad-source', { reason: reasonOf(error) });
  }
}

/** A VideoFrame's pixels as ImageData, the whole or its centred square; other pictures as they are. The frame is closed. */
export async function copyOf(frame) {
  if (typeof VideoFrame !== 'function' || !(frame instanceof VideoFrame)) return frame;
  const { data, width, height } = await new PixelReader().read(frame);
  return new ImageData(new Uint8ClampedArray(data.buffer), width, height);
}

function makeCanvas(width, height) {
  if (typeof OffscreenCanvas === 'function') return new OffscreenCanvas(width, height);
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  return canvas;
}
