// The page of a timeline: to look (curves, moments to jump between), or to mark moments by keys.

import { Curve } from "./curves.js";

const $ = (id) => document.getElementById(id);
const film = $("film");
const marks = document.body.dataset.mode === "label";
let state, lang = document.documentElement.lang, at = -1, playUntil = null;
let events = [], open = null, rating = 3;
const curves = [];

const say = (key, values = {}) =>
  state.words[lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const named = (channel) => state.words[lang][`channel_${channel}`] ?? channel;
const clock = (time) => {
  const tenths = Math.round(time * 10);
  const pad = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(tenths / 36000);
  return `${hours ? hours + ":" : ""}${pad(Math.floor(tenths / 600) % 60)}:${pad(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
};
const seek = (time) => { film.currentTime = Math.min(Math.max(0, time), state.film.duration_s); };
const spans = () => (marks ? events : state.moments);

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

async function ask(path, body) {
  const options = body ? { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {};
  const answer = await fetch(path, options);
  const document = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(document.error ?? `HTTP ${answer.status}`);
  return document;
}

// ---- moments

function jump(number, play = false) {
  const found = spans();
  if (!found.length) return;
  at = Math.min(Math.max(0, number), found.length - 1);
  playUntil = play ? found[at].end_s : null;
  seek(found[at].start_s);
  if (play) film.play();
  mark();
  $("list").children[at]?.scrollIntoView({ block: "nearest" });
}

function step(by) { // from where the film is
  const found = spans();
  const now = film.currentTime;
  const inside = found.findIndex((one) => Math.abs(one.start_s - now) < 0.05);
  if (inside >= 0) return jump(inside + by);
  const after = found.findIndex((one) => one.start_s > now);
  jump(by > 0 ? (after < 0 ? found.length - 1 : after) : (after < 0 ? found.length : after) - 1);
}

function mark() {
  [...$("list").children].forEach((item, number) => {
    item.classList.toggle("at", number === at);
    item.querySelector(".go").setAttribute("aria-current", number === at ? "true" : "false");
  });
}

function reason(moment) {
  return moment.why.map((one) => say("why", { channel: named(one.channel), mean: one.mean.toFixed(2), usual: one.usual.toFixed(2) })).join(" · ");
}

function drawList() {
  const found = spans();
  $("count").textContent = say(marks ? "marks" : "moments", { n: found.length });
  $("empty").hidden = found.length > 0;
  $("empty").textContent = say(marks ? "no_marks" : "no_moments");
  $("list").replaceChildren(...found.map((one, number) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "go";
    if (!marks) {
      const picture = document.createElement("img");
      picture.src = `/thumbnail/${number}`;
      picture.loading = "lazy";
      picture.alt = "";
      button.append(picture);
    }
    const what = document.createElement("span");
    what.className = "what";
    const time = document.createElement("b");
    time.textContent = `${clock(one.start_s)} – ${clock(one.end_s)}`;
    const facts = document.createElement("span");
    facts.textContent = marks ? `${say("rating")} ${one.rating}` : `${say("score_of", { score: one.score.toFixed(2) })}${one.track ? ` · ${say("track", { track: one.track })}` : ""}`;
    what.append(time, facts);
    if (!marks) {
      const why = document.createElement("span");
      why.className = "soft";
      why.textContent = reason(one);
      what.append(why);
    }
    button.append(what);
    button.addEventListener("click", () => jump(number));
    item.append(button);
    if (marks) {
      const remove = document.createElement("button");
      remove.type = "button";
      remove.textContent = "×";
      remove.setAttribute("aria-label", say("remove"));
      remove.addEventListener("click", () => change(events.filter((_, place) => place !== number)));
      item.append(remove);
    }
    return item;
  }));
  mark();
}

// ---- marking

const past = [];

async function change(wanted, { keep = true } = {}) {
  try {
    $("saved").textContent = say("saving");
    const found = (await ask("/api/events", { events: wanted })).events;
    if (keep) past.push(events);
    events = found;
    notice("");
    $("saved").textContent = say("saved");
  } catch (error) {
    $("saved").textContent = "";
    notice(say("not_saved", { reason: error.message }));
  }
  drawList();
}

function markIn() {
  open = film.currentTime;
  $("mark-in").classList.add("open");
  $("saved").textContent = say("marked_in", { time: clock(open) });
}

function markOut() {
  const now = film.currentTime;
  if (open === null || now <= open) return notice(say("no_in"));
  const other = events.find((one) => one.start_s < now && open < one.end_s);
  if (other) return notice(say("overlaps", { start: clock(other.start_s), end: clock(other.end_s) }));
  const event = { start_s: Number(open.toFixed(3)), end_s: Number(now.toFixed(3)), rating };
  open = null;
  $("mark-in").classList.remove("open");
  change([...events, event]);
}

function rate(value) {
  rating = value;
  [...$("ratings").children].forEach((button, place) => button.setAttribute("aria-pressed", String(place + 1 === value)));
  if (at >= 0 && events[at] && open === null) change(events.map((one, place) => (place === at ? { ...one, rating: value } : one)));
}

function undo() {
  if (past.length) change(past.pop(), { keep: false });
}

// ---- keys

const KEYS = {
  " ": ["key_play", () => (film.paused ? film.play() : film.pause())],
  ArrowLeft: ["key_back", () => seek(film.currentTime - 5)],
  ArrowRight: ["key_forward", () => seek(film.currentTime + 5)],
  ",": ["key_frame_back", () => seek(film.currentTime - 1 / (state.film.fps ?? 30))],
  ".": ["key_frame", () => seek(film.currentTime + 1 / (state.film.fps ?? 30))],
  n: ["key_next", () => step(1)],
  p: ["key_previous", () => step(-1)],
  r: ["key_replay", () => jump(Math.max(at, 0), true)],
  ...(marks ? {
    i: ["mark_in", markIn], o: ["mark_out", markOut], u: ["undo", undo],
    x: ["remove", () => at >= 0 && change(events.filter((_, place) => place !== at))],
    ...Object.fromEntries([1, 2, 3, 4, 5].map((value) => [String(value), ["rating", () => rate(value)]])),
  } : {}),
  "?": ["keys", () => $("help").showModal()],
};
// On a Korean keyboard the same keys give Hangul letters.
const HANGUL = { ㅜ: "n", ㅔ: "p", ㄱ: "r", ㅑ: "i", ㅐ: "o", ㅕ: "u", ㅌ: "x" };
const SIGNS = { " ": "space", ArrowLeft: "←", ArrowRight: "→" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("select, dialog")) return;
  if (event.key === " " && event.target.closest("button")) return;
  const key = HANGUL[event.key] ?? (event.key.length === 1 ? event.key.toLowerCase() : event.key);
  if (!KEYS[key] || !state) return;
  event.preventDefault();
  event.stopPropagation();
  KEYS[key][1]();
}, true);

function drawKeys() {
  $("keys").replaceChildren(...Object.entries(KEYS).flatMap(([key, [text]]) => {
    const term = document.createElement("dt");
    const sign = document.createElement("kbd");
    sign.textContent = SIGNS[key] ?? key;
    term.append(sign);
    const meaning = document.createElement("dd");
    meaning.textContent = say(text) + (text === "rating" ? ` ${key}` : "");
    return [term, meaning];
  }));
}

// ---- words and curves

function speak(chosen) {
  lang = chosen;
  document.documentElement.lang = lang;
  document.querySelectorAll("[data-t]").forEach((each) => { each.textContent = say(each.dataset.t); });
  document.querySelectorAll("[data-t-aria]").forEach((each) => each.setAttribute("aria-label", say(each.dataset.tAria)));
  document.querySelectorAll("[data-lang]").forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.lang === lang)));
  $("title").textContent = say(marks ? "title_label" : "title", { name: state.name, rater: state.rater });
  document.title = $("title").textContent;
  if (!marks) {
    $("threshold").textContent = say("threshold", { channels: state.channels.map(named).join(", "), high: state.rules.high });
    const chosen = $("channel").value;
    $("channel").replaceChildren(...state.names.map((name) => new Option(named(name), name)));
    $("channel").value = chosen || state.names[0];
    $("tension-note").textContent = say(noteOfTension(), { from: state.tension.from.map(named).join(" + "), window: state.tension.window_s });
  }
  drawKeys();
  drawList();
}

async function showChannel(name) {
  const { step_s, moments } = state;
  const { duration_s } = state.film;
  try {
    curves[2].show({ values: await ask(`/api/channel/${encodeURIComponent(name)}`), step_s, duration_s, moments });
  } catch (error) {
    notice(error.message);
  }
}

function noteOfTension() {
  if (state.tension.band) return "tension_note_band";
  return state.tension.from.join() === state.channels.join() ? "tension_note_score" : "tension_note";
}

function startCurves() {
  const { step_s, moments, score, tension, rules } = state;
  const { duration_s } = state.film;
  for (const [id, colour] of [["score", "--score"], ["tension", "--tension"], ["other", "--other"]]) curves.push(new Curve($(id), colour, seek));
  $("charts").hidden = false;
  curves[0].show({ values: score, step_s, duration_s, moments, threshold: rules.high });
  curves[1].show({ values: tension.values, step_s, duration_s, moments, band: tension.band });
  $("channel").addEventListener("change", () => showChannel($("channel").value));
  showChannel(state.names[0]);
  window.addEventListener("resize", () => curves.forEach((curve) => curve.draw(film.currentTime)));
}

function tick() {
  if (playUntil !== null && film.currentTime >= playUntil) {
    film.pause();
    playUntil = null;
  }
  curves.forEach((curve) => curve.draw(film.currentTime));
  requestAnimationFrame(tick);
}

try {
  state = await ask("/api/state");
  events = state.events ?? [];
  $("marking").hidden = !marks;
  for (const value of [1, 2, 3, 4, 5]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = value;
    button.setAttribute("aria-pressed", String(value === rating));
    button.addEventListener("click", () => rate(value));
    $("ratings").append(button);
  }
  speak(lang);
  document.body.classList.remove("loading");
  if (!marks) startCurves();
  document.querySelectorAll("[data-lang]").forEach((each) => each.addEventListener("click", () => speak(each.dataset.lang)));
  $("mark-in").addEventListener("click", markIn);
  $("mark-out").addEventListener("click", markOut);
  $("undo").addEventListener("click", undo);
  $("help-open").addEventListener("click", () => $("help").showModal());
  $("help-close").addEventListener("click", () => $("help").close());
  film.addEventListener("error", () => notice(say("cannot_play")));
  requestAnimationFrame(tick);
} catch (error) {
  notice(error.message);
}
