// The review page: loads, shows, decides and moves on.

import { drawProgress, fillCard, fillHead, makeCard } from "./cards.js";
import { SHOWS, connection, drawButtons, drawFilters, drawKeys, listen, notice, speak, toast } from "./controls.js";
import { Grid } from "./grid.js";
import { $, byName, colours, decisionOf, isChanged, model, pictureUrl, say, take } from "./model.js";
import { Outbox, newId } from "./outbox.js";
import { Stage } from "./stage.js";

let grid, stage;
let number = 0;

// ---- deciding

function decide(decision) {
  const row = model.rows.get(model.at);
  if (!row) return;
  send(row, decision);
  const next = model.listed[model.listed.indexOf(row.id) + 1];
  if (next) go(next);
  else openNext();
}

function send(row, decision, undoes = null) {
  const previous = decisionOf(row.id) ?? null;
  const wish = {
    id: newId(), sequence_id: row.id, sha256: row.sha256, decision, undoes, previous,
    saw_others: row.id in model.disagreements, at_ms: Date.now(), n: number++,
  };
  put(wish);
  if (!undoes) model.undoable.push({ id: wish.id, sequence_id: row.id, previous });
  model.outbox.add(wish);
  refresh(row.id);
}

function put({ sequence_id, decision }) {
  if (decision === "cleared") delete model.state.mine[sequence_id];
  else model.state.mine[sequence_id] = decision;
}

function undo() {
  const last = model.undoable.pop();
  if (!last) return toast(say("nothing_to_undo"));
  const row = model.rows.get(last.sequence_id);
  if (!row) return undo();
  send(row, last.previous ?? "cleared", last.id);
  if (!model.listed.includes(row.id)) apply({ show: "all", label: "", person: "" });
  go(row.id);
  toast(say("undone", { id: row.id }));
}

// ---- moving

function go(id) {
  if (!model.rows.has(id)) return;
  const before = model.at;
  model.at = id;
  if (before && before !== id) grid.update(before);
  grid.reveal(id);
  grid.update(id);
  stage.show(model.rows.get(id));
  if (!document.querySelector("dialog[open]")) grid.live.get(id)?.focus({ preventScroll: true });
  const place = model.listed.indexOf(id);
  for (const near of model.listed.slice(place + 1, place + 4)) {
    const row = model.rows.get(near);
    for (let frame = 0; frame < row.frames; frame++) new Image().src = pictureUrl(row, frame);
  }
}

function step(by) {
  const place = model.listed.indexOf(model.at) + by;
  go(model.listed[Math.min(model.listed.length - 1, Math.max(0, place))]);
}

function openNext() {
  const place = model.listed.indexOf(model.at);
  const order = [...model.listed.slice(place + 1), ...model.listed.slice(0, place + 1)];
  const next = order.find((id) => !decisionOf(id));
  if (next) return go(next);
  const left = model.rows.size - Object.keys(model.state.mine).length;
  $("finished-other").textContent = left ? say("finished_other", { count: left }) : "";
  $("finished-other").hidden = $("finished-left").hidden = !left;
  $("finished").showModal();
}

// ---- choosing what is shown

function isShown(row, show) {
  const decision = decisionOf(row.id);
  switch (show) {
    case "open": return !decision;
    case "suspicious": return Boolean(model.suspects[row.id]?.[3]);
    case "disagreements": return row.id in model.disagreements;
    case "changed": return isChanged(row);
    case "unsure": case "exclude": return decision === show;
    default: return true;
  }
}

const isChosen = (row) => {
  const { label, person } = model.filters;
  return (!label || row.label === label) && (!person || row.person === person);
};

function apply(changes = {}) {
  const filters = Object.assign(model.filters, changes);
  const found = [...model.rows.values()].filter((row) => isChosen(row) && isShown(row, filters.show));
  const bySuspicion = filters.sort === "suspicion";
  const quality = (row) => model.suspects[row.id]?.[0] ?? 2; // what no model has judged comes last
  found.sort(bySuspicion
    ? (one, other) => quality(one) - quality(other) || byName(one.id, other.id)
    : (one, other) => byName(one.person, other.person) || byName(one.take, other.take) || byName(one.id, other.id));
  model.listed = found.map((row) => row.id);
  const people = new Set(found.map((row) => row.person)).size;
  model.grouped = !bySuspicion && people <= found.length / 2; // photos of one each need no head lines
  const groups = new Map();
  for (const row of found) {
    const name = model.grouped ? row.person : "";
    if (!groups.has(name)) groups.set(name, { name, items: [] });
    groups.get(name).items.push(row.id);
  }
  grid.show([...groups.values()]);
  location.replace(`#${new URLSearchParams(Object.entries(filters).filter(([, value]) => value))}`);
  $("empty").hidden = found.length > 0;
  const key = `nothing_${filters.show}`;
  $("empty-text").textContent = say(key in model.words[model.lang] ? key : "nothing");
  if (!model.listed.includes(model.at)) {
    model.at = model.listed.find((id) => !decisionOf(id)) ?? model.listed[0] ?? null;
  }
  stage.show(model.rows.get(model.at) ?? null);
  drawFilters(choose);
  count();
  if (model.at) go(model.at);
}

async function choose(changes) {
  if (changes.show === "disagreements") await load(); // the others have gone on since
  model.at = null;
  apply(changes);
}

function count() {
  drawProgress();
  $("count").textContent = say("shown", { count: model.listed.length });
  const counts = Object.fromEntries(SHOWS.map((show) => [show, 0]));
  for (const row of model.rows.values()) {
    if (isChosen(row)) for (const show of SHOWS) if (isShown(row, show)) counts[show]++;
  }
  for (const button of $("show").children) {
    const { show } = button.dataset;
    button.setAttribute("aria-pressed", String(show === model.filters.show));
    button.querySelector("b").textContent = show === "all" ? "" : counts[show] || "";
  }
}

function refresh(id) {
  grid.update(id);
  if (id === model.at) stage.facts(model.rows.get(id));
  count();
}

// ---- the rest

function redraw() {
  speak();
  drawButtons({ decide, undo });
  drawKeys();
  drawFilters(choose);
  connection();
  count();
  grid.updateAll();
  if (model.at) stage.facts(model.rows.get(model.at));
}

function hideLabels(hidden) {
  model.blind = hidden;
  $("blind").checked = hidden;
  document.body.classList.toggle("blind", hidden);
  try {
    localStorage.setItem("review-blind", hidden ? "1" : "");
  } catch {
    // Storage is off: it holds for this page.
  }
}

async function load() {
  const response = await fetch("/api/state");
  const state = response.headers.get("content-type")?.includes("json") ? await response.json() : null;
  if (!response.ok) throw new Error(state?.error ?? `HTTP ${response.status}`);
  take(state);
  if (model.outbox) for (const decision of model.outbox.waiting.values()) put(decision);
}

const acts = {
  decide, undo, step, openNext,
  confirm: () => model.at && decide(`label:${model.rows.get(model.at).label}`),
  row: (by) => model.at && go(grid.beside(model.at, by)),
  end: (place) => go(model.listed.at(place)),
  play: () => stage.toggle(),
  blind: () => {
    hideLabels(!model.blind);
    if (model.blind) toast(say("blind_on"));
    redraw();
  },
  toFilters: () => {
    document.body.classList.add("filtering");
    $("show").querySelector("[aria-pressed=true]").focus();
  },
  toGrid: () => model.at && go(model.at),
  help: () => $("help").showModal(),
};

function bind() {
  for (const id of ["label", "person", "sort"]) $(id).addEventListener("change", () => choose({ [id]: $(id).value }));
  for (const button of document.querySelectorAll("[data-lang]")) {
    button.addEventListener("click", () => {
      model.lang = button.dataset.lang;
      redraw();
    });
  }
  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  $("previous").addEventListener("click", () => step(-1));
  $("next").addEventListener("click", () => step(1));
  $("help-open").addEventListener("click", acts.help);
  $("blind").addEventListener("change", acts.blind);
  $("empty-button").addEventListener("click", () => choose({ show: "all", label: "", person: "" }));
  $("finished-left").addEventListener("click", () => {
    $("finished").close();
    choose({ show: "open", label: "", person: "" });
  });
  $("filter-toggle").addEventListener("click", () => {
    const open = document.body.classList.toggle("filtering");
    $("filter-toggle").setAttribute("aria-expanded", String(open));
  });
  let start = null;
  $("film").addEventListener("touchstart", (event) => (start = event.changedTouches[0]), { passive: true });
  $("film").addEventListener("touchend", (event) => {
    const moved = event.changedTouches[0].clientX - (start?.clientX ?? 0);
    if (start && Math.abs(moved) > 50) step(moved < 0 ? 1 : -1);
    start = null;
  }, { passive: true });
  listen(acts);
}

async function begin() {
  await load();
  const { dataset, reviewer } = model.state;
  colours();
  model.outbox = new Outbox(`review:${dataset.name}:${dataset.created_utc}:${reviewer}:`, {
    saved: ({ sequence_id }) => refresh(sequence_id),
    refused: (decision, reason) => {
      put({ ...decision, decision: decision.previous ?? "cleared" });
      toast(say("refused", { id: decision.sequence_id, reason }));
      refresh(decision.sequence_id);
    },
    state: connection,
    labels: (sha256) => {
      if (sha256 !== model.state.dataset.labels_sha256) notice(say("changed"), "changed", () => location.reload());
    },
  });
  for (const decision of model.outbox.waiting.values()) put(decision);
  stage = new Stage();
  grid = new Grid($("grid"), $("canvas"), {
    make: () => makeCard(go, () => stage.toggle()),
    fill: fillCard,
    head: fillHead,
    least: () => (innerWidth < 700 ? 104 : 138),
    below: () => 30,
  });
  const wanted = new URLSearchParams(location.hash.slice(1));
  const known = Object.keys(model.suspects).length > 0;
  model.filters.sort = known ? "suspicion" : "person";
  for (const name of Object.keys(model.filters)) if (wanted.has(name)) model.filters[name] = wanted.get(name);
  if (!known) model.filters.sort = "person";
  if (!SHOWS.includes(model.filters.show)) model.filters.show = "all";
  let hidden = false;
  try {
    hidden = Boolean(localStorage.getItem("review-blind"));
  } catch {
    // Storage is off.
  }
  hideLabels(hidden);
  bind();
  document.body.classList.remove("loading");
  drawFilters(choose);
  redraw();
  apply();
  model.outbox.wake();
}

begin().catch((error) => {
  const lost = { en: "The page could not be loaded", ko: "페이지를 불러오지 못했습니다" }[model.lang] ?? "";
  $("notice").textContent = `${lost}: ${error.message}`;
  $("notice").hidden = false;
});
