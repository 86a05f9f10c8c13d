"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const cards = [...document.querySelectorAll(".card")];
const sections = [...document.querySelectorAll("main section")];
const chips = [...document.querySelectorAll(".chips button")];
let lang = document.documentElement.lang;
let label = "";

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
  if (big.open) show(current);
  filter();
}

function filter() {
  const subject = byId("subject").value;
  const wanted = byId("search").value.trim().toLowerCase();
  let shown = 0;
  for (const card of cards) {
    const fits = (!label || card.dataset.label === label) && (!subject || card.dataset.subject === subject)
      && (!wanted || card.dataset.search.includes(wanted));
    card.hidden = !fits;
    shown += fits;
  }
  for (const section of sections) section.hidden = !section.querySelector(".card:not([hidden])");
  for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.label === label));
  byId("count").textContent = say("shown", { shown, total: cards.length });
  byId("nothing").hidden = shown > 0;
}

function choose(value) {
  label = value;
  filter();
}

// One film plays at a time: [picture that changes, pictures, timer, what marks it].
let playing = null;
function stop() {
  if (!playing) return;
  clearInterval(playing.timer);
  playing.mark.classList.remove("playing");
  playing = null;
}
function play(target, sources, mark) {
  stop();
  let step = 0;
  const timer = setInterval(() => {
    step = (step + 1) % (sources.length + 2); // rests on the last picture for two steps
    target.src = sources[Math.min(step, sources.length - 1)];
  }, data.play_ms);
  target.src = sources[0];
  mark.classList.add("playing");
  playing = { timer, mark, target };
}
const sourcesOf = (card) => [...card.querySelectorAll(".frames > img")].map((img) => img.src);
function playCard(card) {
  const player = card.querySelector(".player");
  if (player) play(player.querySelector("img"), sourcesOf(card), player);
}

const big = byId("big");
let current = null;
function show(card) {
  stop();
  current = card;
  const sources = sourcesOf(card);
  byId("big-tag").innerHTML = card.querySelector(".tag").innerHTML;
  byId("big-tag").style.background = card.querySelector(".tag").style.background;
  byId("big-id").textContent = card.id;
  const parts = [card.dataset.subject, card.dataset.take, say("starts", { seconds: card.dataset.start })];
  if (card.dataset.emotion) parts.push(say("emotion") + ": " + data.emotions[lang][card.dataset.emotion]);
  parts.push(say("row", { row: card.dataset.row }));
  byId("big-facts").textContent = parts.join(" · ");
  const picture = byId("big-picture");
  picture.src = sources[Math.floor(sources.length / 2)];
  picture.alt = card.id;
  byId("big-play").hidden = sources.length < 2;
  byId("big-strip").replaceChildren(...sources.slice(0, sources.length > 1 ? sources.length : 0).map((source, index) => {
    const button = document.createElement("button");
    const img = document.createElement("img");
    img.src = source;
    img.alt = say("frame", { number: index + 1 });
    button.append(img);
    button.addEventListener("click", () => { stop(); picture.src = source; });
    return button;
  }));
  if (!big.open) big.showModal();
}
const visible = () => cards.filter((card) => !card.hidden);
function move(by) {
  const list = visible();
  if (!list.length) return;
  const from = big.open ? current : document.activeElement.closest && document.activeElement.closest(".card");
  const at = list.indexOf(from);
  const next = list[at < 0 ? 0 : Math.min(Math.max(at + by, 0), list.length - 1)];
  if (big.open) show(next);
  next.focus({ preventScroll: big.open });
}
function playBig() {
  if (playing) stop();
  else play(byId("big-picture"), sourcesOf(current), big);
}

for (const chip of chips) chip.addEventListener("click", () => choose(chip.dataset.label));
byId("subject").addEventListener("change", filter);
byId("search").addEventListener("input", filter);
byId("reset").addEventListener("click", () => {
  byId("subject").value = "";
  byId("search").value = "";
  choose("");
});
for (const e of document.querySelectorAll("[data-lang]")) e.addEventListener("click", () => { lang = e.dataset.lang; translate(); });
const main = document.querySelector("main");
main.addEventListener("click", (event) => {
  const card = event.target.closest(".card");
  if (!card) return;
  if (event.target.closest(".player")) playCard(card);
  else if (event.target.closest(".frames")) show(card);
});
const calm = matchMedia("(prefers-reduced-motion: reduce)");
main.addEventListener("mouseover", (event) => {
  const frames = event.target.closest(".frames");
  const from = event.relatedTarget && event.relatedTarget.closest ? event.relatedTarget.closest(".frames") : null;
  if (frames && frames !== from && !calm.matches && matchMedia("(hover: hover)").matches) playCard(frames.closest(".card"));
});
main.addEventListener("mouseout", (event) => {
  const to = event.relatedTarget && event.relatedTarget.closest ? event.relatedTarget.closest(".frames") : null;
  if (event.target.closest(".frames") && event.target.closest(".frames") !== to) stop();
});
byId("big-close").addEventListener("click", () => big.close());
byId("big-previous").addEventListener("click", () => move(-1));
byId("big-next").addEventListener("click", () => move(1));
byId("big-play").addEventListener("click", playBig);
big.addEventListener("click", (event) => { if (event.target === big) big.close(); });
big.addEventListener("close", () => { stop(); if (current) current.focus(); });

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input, select");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const card = event.target.closest(".card");
  if (event.key === "j" || (big.open && event.key === "ArrowRight")) move(1);
  else if (event.key === "k" || (big.open && event.key === "ArrowLeft")) move(-1);
  else if (event.key === "p") { if (big.open) playBig(); else if (card) playCard(card); }
  else if (event.key === "Enter" && card && event.target === card) show(card);
  else if (event.key === "/" && !big.open) byId("search").focus();
  else if (/^[0-9]$/.test(event.key) && !big.open && chips[Number(event.key)]) choose(chips[Number(event.key)].dataset.label);
  else return;
  event.preventDefault();
});
filter();
