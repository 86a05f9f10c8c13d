// The losses of a training, epoch by epoch: a picture with its last figures in words.

import { make } from "./dom.js";
import { t } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, MARGIN] = [400, 120, 6];
const LOSSES = ["train_loss", "validation_loss"];

function draw(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Draw a curve: a list of {epoch, train_loss, validation_loss}, of which each loss may be null. */
export function drawCurve(curve) {
  if (!curve.length) return [];
  const most = Math.max(...curve.flatMap((row) => LOSSES.map((name) => row[name] ?? 0)), 1e-9);
  const x = (at) => MARGIN + (at * (WIDTH - 2 * MARGIN)) / Math.max(1, curve.length - 1);
  const y = (loss) => HEIGHT - MARGIN - (loss * (HEIGHT - 2 * MARGIN)) / most;
  const last = Object.fromEntries(LOSSES.map((name) => [name, curve.findLast((row) => row[name] !== null)?.[name] ?? null]));
  const figures = LOSSES.filter((name) => last[name] !== null).map((name) => `${t(name)} ${last[name].toFixed(3)}`);
  const picture = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "losses", role: "img", "aria-label": [t("curve"), ...figures].join(", ") });
  picture.append(draw("path", { class: "axis", d: `M${MARGIN} ${MARGIN}V${HEIGHT - MARGIN}H${WIDTH - MARGIN}` }));
  for (const name of LOSSES) {
    const points = curve.flatMap((row, at) => (row[name] === null ? [] : [`${x(at).toFixed(1)},${y(row[name]).toFixed(1)}`]));
    if (points.length > 1) picture.append(draw("polyline", { class: name, points: points.join(" ") }));
    else if (points.length) picture.append(draw("circle", { class: name, cx: points[0].split(",")[0], cy: points[0].split(",")[1], r: 3 }));
  }
  const legend = LOSSES.filter((name) => last[name] !== null).map((name) => make("span", { class: name }, `${t(name)} ${last[name].toFixed(3)}`));
  return [make("h3", {}, t("curve")), picture, make("p", { class: "legend" }, ...legend)];
}
