"use strict";
// The page of a large dataset: 100,000 cards cost as much as the fifty in view. Pictures are tiles of sprites beside it.
const data = JSON.parse(document.getElementById("data").textContent);
const rows = JSON.parse(document.getElementById("rows").textContent);
const [ID, PERSON, TAKE, LABEL, EMOTION, START, ROW, REVIEWED, SPRITE, TILE, FRAMES] = rows[0] ? rows[0].keys() : [];
const byId = (id) => document.getElementById(id);
const chips = [...document.querySelectorAll(".chips button")];
const canvas = byId("canvas");
const many = rows.some((row) => row[FRAMES] > 1);
const GAP = 8;
const TEXT = 66; // px of words under a picture
const SPARE = 800; // px above and below the view
let lang = document.documentElement.lang;
let label = "";
let listed = [];
let at = -1;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? values[key] : whole));
const say = (key, values = {}) => fill(data.words[lang][key], values);

function translate() {
  document.documentElement.lang = lang;
  for (const e of document.querySelectorAll("[data-t]")) e.textContent = say(e.dataset.t, JSON.parse(e.dataset.v || "{}"));
  for (const e of document.querySelectorAll("[data-t-aria]")) e.setAttribute("aria-label", say(e.dataset.tAria));
  for (const e of document.querySelectorAll("[data-t-placeholder]")) e.placeholder = say(e.dataset.tPlaceholder);
  for (const e of document.querySelectorAll("[data-label-word]")) e.textContent = data.labels[lang][e.dataset.labelWord];
  for (const e of document.querySelectorAll("[data-lang]")) e.setAttribute("aria-pressed", String(e.dataset.lang === lang));
  document.title = document.querySelector("h1").textContent;
  if (big.open) show(at);
  filter();
}

function filter() {
  const wanted = byId("search").value.trim().toLowerCase();
  const number = label === "" ? -1 : data.order.indexOf(label);
  const before = at >= 0 ? listed[at] : null;
  listed = rows.filter((row) => (number < 0 || row[LABEL] === number)
    && (!wanted || row[ID].includes(wanted) || row[PERSON].toLowerCase().includes(wanted) || row[TAKE].includes(wanted)));
  at = before ? listed.indexOf(before) : -1;
  for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.label === label));
  byId("count").textContent = say("shown", { shown: listed.length, total: rows.length });
  byId("nothing").hidden = listed.length > 0;
  lay();
}

function choose(value) {
  label = value;
  filter();
  scrollTo(0, Math.min(scrollY, canvas.offsetTop));
}

// ---- what is in view ------------------------------------------------------------------------------------------------

let columns = 1;
let side = 112;
let pitch = 1;
const live = new Map(); // place in the list: its card
function lay() {
  const width = canvas.clientWidth;
  columns = many ? 1 : Math.max(2, Math.floor((width + GAP) / (150 + GAP)));
  side = many ? Math.min(150, (width - 24) / 3) : (width - GAP * (columns - 1)) / columns - 16;
  pitch = side + TEXT + 16 + GAP;
  canvas.style.height = `${Math.ceil(listed.length / columns) * pitch}px`;
  for (const card of live.values()) card.remove();
  live.clear();
  draw();
}

function draw() {
  const top = canvas.getBoundingClientRect().top;
  const first = Math.max(0, Math.floor((-top - SPARE) / pitch) * columns);
  const last = Math.min(listed.length, Math.ceil((innerHeight - top + SPARE) / pitch) * columns);
  for (const [place, card] of live) if (place < first || place >= last) { card.remove(); live.delete(place); }
  for (let place = first; place < last; place++) if (!live.has(place)) live.set(place, canvas.appendChild(make(place)));
}

function picture(row, frame, px) {
  const e = document.createElement("span");
  e.className = "thumb";
  paint(e, row, frame, px);
  return e;
}
function paint(e, row, frame, px) {
  const tile = row[TILE] + frame;
  e.style.width = e.style.height = `${px}px`;
  e.style.backgroundImage = `url("thumbs_${String(row[SPRITE]).padStart(5, "0")}.jpg")`;
  e.style.backgroundSize = `${px * data.across}px auto`;
  e.style.backgroundPosition = `${-(tile % data.across) * px}px ${-Math.floor(tile / data.across) * px}px`;
}
function text(tag, content, name = "") {
  const e = document.createElement(tag);
  e.textContent = content;
  e.className = name;
  return e;
}
function mark(row) {
  const e = document.createElement("span");
  const chip = chips.find((one) => one.dataset.label === data.order[row[LABEL]]);
  e.className = "tag";
  e.style.background = chip.style.background;
  e.append(...[...chip.children].map((child) => child.cloneNode(true)));
  return e;
}
function make(place) {
  const row = listed[place];
  const card = document.createElement("article");
  card.className = "card cell";
  card.tabIndex = 0;
  card.dataset.place = place;
  card.id = row[ID];
  card.style.top = `${Math.floor(place / columns) * pitch}px`;
  card.style.left = many ? "0" : `${(place % columns) * (side + 16 + GAP)}px`;
  card.style.width = many ? "100%" : `${side + 16}px`;
  card.style.height = `${pitch - GAP}px`;
  const strip = document.createElement("div");
  strip.className = "strip";
  if (many) strip.tabIndex = 0; // it scrolls sideways where pictures do not fit
  for (let frame = 0; frame < row[FRAMES]; frame++) strip.append(picture(row, frame, side));
  const words = document.createElement("div");
  words.className = "line";
  words.append(mark(row), text("strong", row[ID]), text("span", row[PERSON], "soft"));
  if (row[REVIEWED]) words.append(text("span", say("reviewed"), "soft"));
  card.append(strip, words);
  return card;
}

// ---- one of them, large ---------------------------------------------------------------------------------------------

const big = byId("big");
let timer = 0;
function stop() {
  clearInterval(timer);
  timer = 0;
}
function side_of_big() {
  return Math.min(innerWidth * 0.8, innerHeight * 0.55);
}
function show(place) {
  stop();
  at = place;
  const row = listed[at];
  byId("big-tag").replaceWith(Object.assign(mark(row), { id: "big-tag" }));
  byId("big-id").textContent = row[ID];
  const parts = [row[PERSON], row[TAKE], say("starts", { seconds: row[START].toFixed(1) })];
  if (row[EMOTION]) parts.push(say("emotion") + ": " + data.emotions[lang][row[EMOTION]]);
  parts.push(say("row", { row: row[ROW] }));
  byId("big-facts").textContent = parts.join(" · ");
  paint(byId("big-picture"), row, Math.floor(row[FRAMES] / 2), side_of_big());
  byId("big-picture").setAttribute("aria-label", row[ID]);
  byId("big-play").hidden = row[FRAMES] < 2;
  if (!big.open) big.showModal();
}
function playBig() {
  if (timer) return stop();
  const row = listed[at];
  let step = 0;
  timer = setInterval(() => {
    step = (step + 1) % (row[FRAMES] + 2); // rests on the last picture for two steps
    paint(byId("big-picture"), row, Math.min(step, row[FRAMES] - 1), side_of_big());
  }, data.play_ms);
}
function move(by) {
  if (!listed.length) return;
  const focused = document.activeElement.closest && document.activeElement.closest(".card");
  const from = big.open ? at : focused ? Number(focused.dataset.place) : -1;
  const next = from < 0 ? 0 : Math.min(Math.max(from + by, 0), listed.length - 1);
  if (big.open) show(next);
  reveal(next);
}
function reveal(place) {
  const top = canvas.getBoundingClientRect().top + scrollY + Math.floor(place / columns) * pitch;
  const bar = document.querySelector(".bar").offsetHeight;
  if (top < scrollY + bar || top + pitch > scrollY + innerHeight) scrollTo(0, top - bar - GAP);
  draw();
  if (!big.open) live.get(place).focus({ preventScroll: true });
}

for (const chip of chips) chip.addEventListener("click", () => choose(chip.dataset.label));
let typed = 0;
byId("search").addEventListener("input", () => { clearTimeout(typed); typed = setTimeout(filter, 120); });
byId("reset").addEventListener("click", () => { byId("search").value = ""; choose(""); });
for (const e of document.querySelectorAll("[data-lang]")) e.addEventListener("click", () => { lang = e.dataset.lang; translate(); });
canvas.addEventListener("click", (event) => {
  const card = event.target.closest(".card");
  if (card && event.target.closest(".strip")) show(Number(card.dataset.place));
});
addEventListener("scroll", draw, { passive: true });
new ResizeObserver(lay).observe(byId("list"));
byId("big-close").addEventListener("click", () => big.close());
byId("big-previous").addEventListener("click", () => move(-1));
byId("big-next").addEventListener("click", () => move(1));
byId("big-play").addEventListener("click", playBig);
big.addEventListener("click", (event) => { if (event.target === big) big.close(); });
big.addEventListener("close", () => { stop(); if (at >= 0) reveal(at); });

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const card = event.target.closest(".card");
  if (event.key === "j" || (big.open && event.key === "ArrowRight")) move(1);
  else if (event.key === "k" || (big.open && event.key === "ArrowLeft")) move(-1);
  else if (event.key === "p" && big.open) playBig();
  else if (event.key === "Enter" && card && event.target === card) show(Number(card.dataset.place));
  else if (event.key === "/" && !big.open) byId("search").focus();
  else if (/^[0-9]$/.test(event.key) && !big.open && chips[Number(event.key)]) choose(chips[Number(event.key)].dataset.label);
  else return;
  event.preventDefault();
});
filter();
