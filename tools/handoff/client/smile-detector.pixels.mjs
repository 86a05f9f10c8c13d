/**
 * From a picture to the encoder's input: the same bytes as OpenCV's INTER_AREA, which the model was trained with.
 *
 * Canvas shrinks pictures in another way in every browser (up to 49 of 255 levels away on a hard picture), so a canvas
 * is used to read pixels at their own size only, never to resize them. Knows no model and no camera.
 */

/**
 * The largest centred square of a picture.
 * @param {number} width pixels
 * @param {number} height pixels
 * @param {boolean} [flipped] the pixels are mirrored: count the odd pixel from the other side
 * @returns {{x: number, y: number, side: number}} whole pixels
 */
export function squareBox(width, height, flipped = false) {
  const side = Math.min(width, height);
  const x = Math.floor((width - side) / 2);
  return { x: flipped ? width - side - x : x, y: Math.floor((height - side) / 2), side };
}

/** Which source pixels make each target pixel, and with what weight (float32), when a line shrinks: entries from
 * starts[target] to starts[target + 1]. */
function areaTable(sourceLength, targetLength) {
  const scale = sourceLength / targetLength;
  const targets = [];
  const sources = [];
  const weights = [];
  const add = (target, source, weight) => {
    targets.push(target);
    sources.push(source);
    weights.push(weight);
  };
  for (let target = 0; target < targetLength; target += 1) {
    const from = target * scale;
    const to = from + scale;
    const cell = Math.min(scale, sourceLength - from);
    const last = Math.min(Math.floor(to), sourceLength - 1);
    const first = Math.min(Math.ceil(from), last);
    if (first - from > 1e-3) add(target, first - 1, (first - from) / cell);
    for (let source = first; source < last; source += 1) add(target, source, 1 / cell);
    if (to - last > 1e-3) add(target, last, Math.min(to - last, 1, cell) / cell);
  }
  const starts = new Int32Array(targetLength + 1).fill(targets.length);
  for (let entry = targets.length - 1; entry >= 0; entry -= 1) starts[targets[entry]] = entry;
  return { starts, sources: Int32Array.from(sources), weights: Float32Array.from(weights) };
}

/** Left neighbour and the right one's weight of 2048 for each target pixel, when a line grows. */
function growTable(sourceLength, targetLength) {
  const scale = sourceLength / targetLength;
  const left = new Int32Array(targetLength);
  const right = new Int32Array(targetLength);
  const weight = new Int32Array(targetLength);
  for (let target = 0; target < targetLength; target += 1) {
    let source = Math.floor(target * scale);
    let fraction = Math.fround(target + 1 - (source + 1) * (targetLength / sourceLength));
    fraction = fraction <= 0 ? 0 : Math.fround(fraction - Math.floor(fraction));
    if (source >= sourceLength - 1) {
      source = sourceLength - 1;
      fraction = 0;
    }
    left[target] = source;
    right[target] = Math.min(source + 1, sourceLength - 1);
    weight[target] = fraction * 2048 + 0.5;
  }
  return { left, right, weight };
}

/**
 * Crops and resizes RGBA pictures to a square of RGB bytes. Keeps its tables and rows between pictures of one size.
 *
 * The result equals cv2.resize(..., interpolation=cv2.INTER_AREA) of the centred square: area averages when it shrinks,
 * OpenCV's own linear rule when it grows, with halves rounded as in OpenCV.
 */
export class AreaResizer {
  #side = 0;
  #tables = null;
  #row = new Float32Array(0);
  #sum = new Float32Array(0);

  /** @param {number} sizePx side of the result */
  constructor(sizePx) {
    this.sizePx = sizePx;
  }

  /**
   * @param {Uint8Array | Uint8ClampedArray} rgba width * height * 4 bytes
   * @param {number} width pixels
   * @param {number} height pixels
   * @param {{flipBefore?: boolean, flipAfter?: boolean}} [flips] flipBefore: the picture is mirrored, undo it;
   *   flipAfter: the model wants it mirrored
   * @returns {Uint8ClampedArray} sizePx * sizePx * 3 bytes, RGB, a new array
   */
  resize(rgba, width, height, { flipBefore = false, flipAfter = false } = {}) {
    const box = squareBox(width, height, flipBefore);
    if (box.side < 1 || rgba.length < width * height * 4) throw new RangeError(`no picture of ${width} x ${height}`);
    if (box.side !== this.#side) this.#prepare(box.side);
    // This kind of array rounds halves to even, as OpenCV does.
    const result = new Uint8ClampedArray(this.sizePx * this.sizePx * 3);
    const start = (box.y * width + box.x) * 4;
    if (box.side === this.sizePx) this.#copy(rgba, start, width, result);
    else if (box.side < this.sizePx) this.#grow(rgba, start, width, result);
    else if (box.side % this.sizePx === 0) this.#shrinkWhole(rgba, start, width, result);
    else this.#shrink(rgba, start, width, result);
    if (flipBefore !== flipAfter) flipRows(result, this.sizePx, this.sizePx, 3);
    return result;
  }

  #prepare(side) {
    this.#side = side;
    this.#tables = side > this.sizePx ? areaTable(side, this.sizePx) : growTable(side, this.sizePx);
    this.#row = new Float32Array(this.sizePx * 3);
    this.#sum = new Float32Array(this.sizePx * 3);
  }

  #copy(rgba, start, width, result) {
    let at = 0;
    for (let y = 0; y < this.sizePx; y += 1) {
      let from = start + y * width * 4;
      for (let x = 0; x < this.sizePx; x += 1, from += 4, at += 3) {
        result[at] = rgba[from];
        result[at + 1] = rgba[from + 1];
        result[at + 2] = rgba[from + 2];
      }
    }
  }

  #shrinkWhole(rgba, start, width, result) {
    const times = this.#side / this.sizePx;
    const share = Math.fround(1 / (times * times));
    const two = times === 2;
    let at = 0;
    for (let y = 0; y < this.sizePx; y += 1) {
      for (let x = 0; x < this.sizePx; x += 1, at += 3) {
        let red = 0;
        let green = 0;
        let blue = 0;
        for (let inner = 0; inner < times; inner += 1) {
          let from = start + ((y * times + inner) * width + x * times) * 4;
          for (let step = 0; step < times; step += 1, from += 4) {
            red += rgba[from];
            green += rgba[from + 1];
            blue += rgba[from + 2];
          }
        }
        // OpenCV rounds halves up where it shrinks by two, and to even elsewhere.
        result[at] = two ? (red + 2) >> 2 : Math.fround(red * share);
        result[at + 1] = two ? (green + 2) >> 2 : Math.fround(green * share);
        result[at + 2] = two ? (blue + 2) >> 2 : Math.fround(blue * share);
      }
    }
  }

  #shrink(rgba, start, width, result) {
    const { starts, sources, weights } = this.#tables;
    const row = this.#row;
    const sum = this.#sum;
    const lineLength = this.sizePx * 3;
    let rowOf = -1;
    for (let line = 0; line < this.sizePx; line += 1) {
      for (let entry = starts[line]; entry < starts[line + 1]; entry += 1) {
        if (sources[entry] !== rowOf) {
          rowOf = sources[entry];
          this.#shrinkRow(rgba, start + rowOf * width * 4);
        }
        const weight = weights[entry];
        if (entry === starts[line]) {
          for (let at = 0; at < lineLength; at += 1) sum[at] = weight * row[at];
        } else {
          for (let at = 0; at < lineLength; at += 1) sum[at] += Math.fround(weight * row[at]);
        }
      }
      result.set(sum, line * lineLength);
    }
  }

  #shrinkRow(rgba, start) {
    const { starts, sources, weights } = this.#tables;
    const row = this.#row;
    // OpenCV adds in single precision; so does this code, else a half could round the other way.
    for (let target = 0, at = 0; target < this.sizePx; target += 1, at += 3) {
      const end = starts[target + 1];
      let entry = starts[target];
      let from = start + sources[entry] * 4;
      let weight = weights[entry];
      let red = Math.fround(rgba[from] * weight);
      let green = Math.fround(rgba[from + 1] * weight);
      let blue = Math.fround(rgba[from + 2] * weight);
      for (entry += 1; entry < end; entry += 1) {
        from += 4;
        weight = weights[entry];
        red = Math.fround(red + Math.fround(rgba[from] * weight));
        green = Math.fround(green + Math.fround(rgba[from + 1] * weight));
        blue = Math.fround(blue + Math.fround(rgba[from + 2] * weight));
      }
      row[at] = red;
      row[at + 1] = green;
      row[at + 2] = blue;
    }
  }

  #grow(rgba, start, width, result) {
    const { left, right, weight } = this.#tables;
    const across = (line, x, channel) => {
      const base = start + line * width * 4 + channel;
      return rgba[base + left[x] * 4] * (2048 - weight[x]) + rgba[base + right[x] * 4] * weight[x];
    };
    let at = 0;
    for (let y = 0; y < this.sizePx; y += 1) {
      const lower = weight[y];
      const upper = 2048 - lower;
      for (let x = 0; x < this.sizePx; x += 1) {
        for (let channel = 0; channel < 3; channel += 1, at += 1) {
          const top = (upper * (across(left[y], x, channel) >> 4)) >> 16;
          const bottom = (lower * (across(right[y], x, channel) >> 4)) >> 16;
          result[at] = (top + bottom + 2) >> 2;
        }
      }
    }
  }
}

/** Mirror a picture in place, left to right. */
export function flipRows(pixels, width, height, channels) {
  for (let y = 0; y < height; y += 1) {
    for (let a = 0, b = width - 1; a < b; a += 1, b -= 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        const left = (y * width + a) * channels + channel;
        const right = (y * width + b) * channels + channel;
        const kept = pixels[left];
        pixels[left] = pixels[right];
        pixels[right] = kept;
      }
    }
  }
}

/**
 * Turn RGB bytes into the network's numbers: channel by channel, 0 to 1.
 * @param {Uint8Array} rgb size * size * 3 bytes
 * @param {Float32Array} target 3 * size * size numbers, from `offset` on
 */
export function toPlanes(rgb, target, offset = 0) {
  const plane = rgb.length / 3;
  for (let pixel = 0, at = 0; pixel < plane; pixel += 1, at += 3) {
    target[offset + pixel] = rgb[at] / 255;
    target[offset + plane + pixel] = rgb[at + 1] / 255;
    target[offset + 2 * plane + pixel] = rgb[at + 2] / 255;
  }
}

/**
 * The encoder's input from a picture: the whole preprocessing as one function, for tests and for your own model code.
 * @param {{data: Uint8Array | Uint8ClampedArray, width: number, height: number}} image RGBA, such as ImageData
 * @param {{sizePx?: number, mirrored?: boolean}} [options] mirrored: the pixels are mirrored, undo it
 * @returns {Float32Array} 3 * sizePx * sizePx numbers from 0 to 1, red plane first
 */
export function preprocess(image, { sizePx = 224, mirrored = false } = {}) {
  const rgb = new AreaResizer(sizePx).resize(image.data, image.width, image.height, { flipBefore: mirrored });
  const planes = new Float32Array(rgb.length);
  toPlanes(rgb, planes);
  return planes;
}

/** RGB bytes of a square as ImageData. */
export function toImageData(rgb, side) {
  const rgba = new Uint8ClampedArray(side * side * 4).fill(255);
  for (let pixel = 0; pixel < side * side; pixel += 1) {
    rgba[pixel * 4] = rgb[pixel * 3];
    rgba[pixel * 4 + 1] = rgb[pixel * 3 + 1];
    rgba[pixel * 4 + 2] = rgb[pixel * 3 + 2];
  }
  return new ImageData(rgba, side, side);
}
