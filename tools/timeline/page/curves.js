// Curves on canvases: one value a beat, the moments as bands, the film's place as a line; a click seeks.

const tone = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Curve {
  constructor(canvas, colour, seek) {
    this.canvas = canvas;
    this.colour = colour;
    this.data = null;
    canvas.addEventListener("pointerdown", (event) => {
      const box = canvas.getBoundingClientRect();
      if (this.data) seek(((event.clientX - box.left) / box.width) * this.data.duration_s);
    });
  }

  show(data) { // { values, step_s, duration_s, moments, threshold, band }
    this.data = data;
    this.picture = null;
    this.draw(this.now ?? 0);
  }

  draw(now) {
    this.now = now;
    if (!this.data) return;
    const { canvas, data } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    if (canvas.width !== width || canvas.height !== height || !this.picture) {
      canvas.width = width;
      canvas.height = height;
      this.picture = this.paint(width, height, ratio);
    }
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    pen.drawImage(this.picture, 0, 0);
    pen.fillStyle = tone("--now");
    pen.fillRect(Math.round((now / data.duration_s) * width) - ratio, 0, 2 * ratio, height);
  }

  paint(width, height, ratio) {
    const { values, step_s, duration_s, moments, threshold, band } = this.data;
    const picture = document.createElement("canvas");
    picture.width = width;
    picture.height = height;
    const pen = picture.getContext("2d");
    const known = values.filter((value) => value !== null);
    const most = Math.max(1, ...range(known)), least = Math.min(0, ...range(known));
    const y = (value) => height - 3 * ratio - ((value - least) / (most - least)) * (height - 6 * ratio);
    pen.fillStyle = tone("--moment");
    for (const moment of moments) {
      const from = (moment.start_s / duration_s) * width;
      pen.fillRect(from, 0, Math.max(2 * ratio, ((moment.end_s - moment.start_s) / duration_s) * width), height);
    }
    if (band) {
      pen.fillStyle = tone(this.colour);
      pen.globalAlpha = 0.25;
      const low = columns(band.low, step_s, duration_s, width), high = columns(band.high, step_s, duration_s, width);
      high.forEach(([place, value], number) => {
        if (value === null || low[number][1] === null) return;
        const next = high[number + 1]?.[0] ?? width;
        pen.fillRect(place, y(value), Math.max(next - place, 1), Math.max(y(low[number][1]) - y(value), 1));
      });
      pen.globalAlpha = 1;
    }
    if (threshold !== undefined) {
      pen.strokeStyle = tone("--soft");
      pen.setLineDash([4 * ratio, 4 * ratio]);
      line(pen, [[0, y(threshold)], [width, y(threshold)]]);
      pen.setLineDash([]);
    }
    pen.strokeStyle = tone(this.colour);
    pen.lineWidth = 1.6 * ratio;
    let piece = [];
    for (const [place, value] of columns(values, step_s, duration_s, width)) {
      if (value === null) {
        line(pen, piece);
        piece = [];
      } else piece.push([place, y(value)]);
    }
    line(pen, piece);
    return picture;
  }
}

function range(values) { // Math.max cannot take a hundred thousand arguments
  return values.length ? [values.reduce((a, b) => Math.max(a, b)), values.reduce((a, b) => Math.min(a, b))] : [0];
}

function columns(values, step_s, duration_s, width) { // the highest value of each column, so that no peak is lost
  const found = [];
  let last = -1;
  values.forEach((value, beat) => {
    const place = Math.floor(((beat * step_s) / duration_s) * width);
    if (place !== last) found.push([place, value]);
    else if (value !== null && (found.at(-1)[1] === null || value > found.at(-1)[1])) found.at(-1)[1] = value;
    last = place;
  });
  return found;
}

function line(pen, points) {
  if (points.length === 1) points = [points[0], [points[0][0] + 2, points[0][1]]];
  pen.beginPath();
  points.forEach(([x, y], number) => (number ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
}
