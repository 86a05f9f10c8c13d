// Tries one or two models on the camera or a film: every frame goes to both. No picture leaves the page.

import { ask, by, formAddress, make, sayCommand } from "./dom.js";
import { Panel } from "./panel.js";
import { chooseLanguage, language, setWords, t } from "./words.js";

let started = null; // words and models
let panels = [];
let source = null; // {stop}
let attempt = 0; // counts up, so that a camera that opens after it was stopped is closed again
const video = by("video");

function draw() {
  document.documentElement.lang = language();
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const button of document.querySelectorAll("[data-lang]")) button.setAttribute("aria-pressed", String(button.dataset.lang === language()));
  by("none").hidden = started.models.length > 0;
  by("choice").hidden = document.querySelector(".stages").hidden = !started.models.length;
  for (const option of document.querySelectorAll("#model-1 option[value='']")) option.textContent = t("no_second");
  by("without").replaceChildren(...sayWithout());
  for (const panel of panels) panel.show();
  compare();
  document.body.classList.remove("loading");
}

/** Name the models that have no hand-off, and how to write one. */
function sayWithout() {
  const [first] = started.without;
  if (!first) return [];
  const names = started.without.slice(0, 6).join(", ");
  const start = make("a", { href: formAddress({ task: "handoff", values: { "--model": first } }) }, t("start_here"));
  return [...sayCommand((values) => t("without", { names, ...values }), `./inv handoff --model ${first}`), " ", start];
}

async function choose() {
  const names = [...new Set(["model-0", "model-1"].map((id) => by(id).value).filter(Boolean))];
  const kept = panels.filter((panel) => names.includes(panel.model.name));
  for (const panel of panels) if (!kept.includes(panel)) panel.close();
  panels = names.map((name) => kept.find((panel) => panel.model.name === name) ?? new Panel(started.models.find((model) => model.name === name)));
  by("panels").replaceChildren(...panels.map((panel) => panel.element));
  for (const panel of panels) panel.reset();
  await Promise.all(panels.filter((panel) => !kept.includes(panel)).map((panel) => panel.open(language())));
}

function fail(error) {
  stop();
  by("notice").textContent = error.message;
  by("notice").hidden = false;
}

function stop() {
  attempt += 1;
  source?.stop();
  source = null;
  by("stop").disabled = true;
}

async function start(open) {
  stop();
  by("notice").hidden = true;
  const own = attempt;
  try {
    const opened = await open();
    if (own !== attempt) {
      opened.stop();
      return;
    }
    source = opened;
    for (const panel of panels) panel.reset();
    by("stop").disabled = false;
    follow(own);
  } catch (error) {
    if (own === attempt) fail(error);
  }
}

/** Give each new frame of the video to every model, as long as this source is the one. */
function follow(own) {
  let lastMs = -1;
  const next = (nowMs, about) => {
    if (own !== attempt) return;
    video.requestVideoFrameCallback(next);
    const timeMs = about.captureTime ?? about.mediaTime * 1000;
    if (timeMs < lastMs) for (const panel of panels) panel.reset(); // a film begins again
    if (timeMs === lastMs) return;
    lastMs = timeMs;
    const ready = panels.filter((panel) => panel.isReady);
    if (!ready.length) return;
    const frame = new VideoFrame(video, { timestamp: Math.round(timeMs * 1000) });
    for (const panel of ready) panel.push(frame.clone(), timeMs);
    frame.close();
    compare();
  };
  video.requestVideoFrameCallback(next);
}

function compare() {
  const [a, b] = panels;
  let text = "";
  if (a && b) {
    const both = [...a.answers.keys()].filter((timeMs) => b.answers.has(timeMs));
    const same = both.filter((timeMs) => a.answers.get(timeMs) === b.answers.get(timeMs)).length;
    if (both.length) text = t("agreement", { n: both.length, percent: Math.floor((100 * same) / both.length) });
  }
  if (by("agreement").textContent !== text) by("agreement").textContent = text;
}

by("camera").addEventListener("click", () => start(async () => {
  video.classList.add("selfie"); // only the display is mirrored: the models get the camera's pixels
  const ready = panels.find((panel) => panel.client);
  if (!ready) throw new Error(t("state_loading"));
  return ready.client.openCamera(video, { lang: language(), onLost: fail });
}));
by("film").addEventListener("change", () => {
  const [file] = by("film").files;
  by("film").value = "";
  if (file) start(async () => {
    video.classList.remove("selfie");
    const url = URL.createObjectURL(file);
    video.src = url;
    await video.play().catch(() => { throw new Error(t("film_bad")); });
    return { stop: () => { video.pause(); video.removeAttribute("src"); video.load(); URL.revokeObjectURL(url); } };
  });
});
by("stop").addEventListener("click", stop);
document.addEventListener("visibilitychange", () => {
  for (const panel of panels) panel.reset(); // a hidden page gets no frames; earlier ones are too old
});
for (const button of document.querySelectorAll("[data-lang]")) {
  button.addEventListener("click", () => {
    chooseLanguage(button.dataset.lang);
    draw();
  });
}

started = await ask("/api/try/start");
setWords(started.words);
const asked = new URLSearchParams(location.search).get("model");
for (const [place, id] of ["model-0", "model-1"].entries()) {
  const options = started.models.map((model) => make("option", { value: model.name, selected: place === 0 && model.name === asked }, model.name));
  by(id).replaceChildren(...(place ? [make("option", { value: "" })] : []), ...options);
  by(id).addEventListener("change", choose);
}
draw();
if (started.models.length) await choose();
