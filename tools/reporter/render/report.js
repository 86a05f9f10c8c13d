"use strict";
// Brings the threshold sliders to life. Nothing is loaded and nothing is kept; the tables stand without it.
for (const box of document.querySelectorAll("[data-slider]")) {
  const data = JSON.parse(box.dataset.slider);
  const input = box.querySelector("input");
  const value = box.querySelector(".value");
  const outcome = box.querySelector(".outcome");
  // A score must be strictly greater than the threshold.
  const above = (scores, threshold) => scores.filter((score) => score > threshold).length;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
  const describe = (text, scores, threshold) => {
    const k = above(scores, threshold);
    return fill(text, {
      k,
      n: scores.length,
      percent: scores.length ? ((100 * k) / scores.length).toFixed(1) : "0.0",
      rate: data.minutes ? (k / data.minutes).toFixed(1) : "",
    });
  };
  const show = (threshold) => {
    value.textContent = threshold.toFixed(4);
    outcome.textContent =
      describe(data.caught, data.positives, threshold) + " · " + describe(data.alarms, data.negatives, threshold);
  };
  input.addEventListener("input", () => show(Number(input.value)));
  show(data.threshold);
  box.hidden = false;
}
