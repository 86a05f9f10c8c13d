// Words, buttons, menus, keys: everything that a reviewer decides and chooses with.

import { $, byName, chip, element, model, say, word } from "./model.js";

const RESERVED = "uxzjkplbocfh"; // letters that mean something already
export const SHOWS = ["all", "open", "suspicious", "disagreements", "changed", "unsure", "exclude"];

// The letter that stands for a class: the first of its name that is free.
export function letterOf(place) {
  const before = model.classes.slice(0, place).map((_, earlier) => letterOf(earlier));
  const free = (letter) => /[a-z]/.test(letter) && !RESERVED.includes(letter) && !before.includes(letter);
  return [...model.classes[place].name].find(free) ?? "";
}

function button(className, content, key, act) {
  const made = element("button", className);
  made.type = "button";
  made.append(content, element("kbd", "", key));
  made.addEventListener("click", act);
  return made;
}

export function drawButtons(acts) {
  const decide = (decision, key) => {
    const made = button("decide", chip(decision), key, () => acts.decide(decision));
    made.dataset.decision = decision;
    return made;
  };
  $("buttons").replaceChildren(
    ...model.classes.map((one, place) => decide(`label:${one.name}`, letterOf(place).toUpperCase() || `${place + 1}`)),
    decide("unsure", "U"),
    decide("exclude", "X"),
    button("undo", element("span", "", say("undo")), "Z", acts.undo),
  );
}

export function drawKeys() {
  const list = [
    ...model.classes.map((one, place) => [
      [letterOf(place).toUpperCase(), `${place + 1}`].filter(Boolean), word(`label:${one.name}`),
    ]),
    [["Enter", "C"], say("key_confirm")],
    [["U"], say("key_unsure")],
    [["X"], say("key_exclude")],
    [["Z", "⌫"], say("key_undo")],
    [["→", "←", "↓", "↑"], say("key_move")],
    [["O"], say("key_open")],
    [["Space"], say("key_play")],
    [["B"], say("key_blind")],
    [["F"], say("key_filter")],
    [["?"], say("key_help")],
  ];
  $("keys").replaceChildren(...list.flatMap(([keys, text]) => {
    const term = element("dt");
    term.append(...keys.map((key) => element("kbd", "", key)));
    return [term, element("dd", "", text)];
  }));
}

// The parts of a text; a command in it is one that does not break behind a hyphen.
function withCommands(text) {
  return text.split(/(\.\/inv [a-z-]+)/).map((part, at) => (at % 2 ? element("code", "", part) : part));
}

function options(select, list, value) {
  select.replaceChildren(...list.map(([key, text, disabled]) => {
    const option = new Option(text, key);
    option.disabled = Boolean(disabled);
    return option;
  }));
  select.value = value;
}

export function drawFilters(choose) {
  const { filters, lang, rows } = model;
  const people = [...new Set([...rows.values()].map((row) => row.person))].sort(byName);
  options($("label"), [["", say("all_labels")], ...model.classes.map((one) => [one.name, one.words[lang]])], filters.label);
  options($("person"), [["", say("all_people")], ...people.map((name) => [name, name])], filters.person);
  const known = Object.keys(model.suspects).length > 0;
  const suspicion = say(known ? "sort_suspicion" : "sort_unavailable");
  options($("sort"), [["person", say("sort_person")], ["suspicion", suspicion, !known]], filters.sort);
  $("show").replaceChildren(...SHOWS.map((show) => {
    const made = element("button", "", say(`show_${show}`));
    made.type = "button";
    made.dataset.show = show;
    made.append(element("b"));
    made.addEventListener("click", () => choose({ show }));
    return made;
  }));
}

export function speak() {
  document.documentElement.lang = model.lang;
  document.title = say("title", { dataset: model.state.dataset.name });
  $("title").textContent = model.state.dataset.name;
  $("synthetic").textContent = say("synthetic");
  $("synthetic").hidden = !model.state.dataset.synthetic;
  $("reviewer").textContent = model.state.reviewer;
  for (const part of document.querySelectorAll("[data-t]")) part.replaceChildren(...withCommands(say(part.dataset.t)));
  for (const part of document.querySelectorAll("[data-t-aria]")) {
    part.setAttribute("aria-label", say(part.dataset.tAria));
    part.title = say(part.dataset.tAria);
  }
  for (const part of document.querySelectorAll("[data-lang]")) {
    part.setAttribute("aria-pressed", String(part.dataset.lang === model.lang));
  }
}

export function connection() {
  const { size: count, state } = model.outbox;
  const trouble = state === "offline" || state === "closed";
  $("saved").className = `saved ${trouble ? state : count ? "saving" : "ready"}`;
  $("saved").textContent = count ? say("saving", { count }) : trouble ? "" : say("saved");
  if (trouble) notice(say(state, { count }), state);
  else if ($("notice").dataset.about !== "changed") $("notice").hidden = true;
}

export function notice(text, about, act = null) {
  $("notice").replaceChildren(text);
  if (act) {
    const made = element("button", "", say("reload"));
    made.addEventListener("click", act);
    $("notice").append(" ", made);
  }
  $("notice").dataset.about = about;
  $("notice").hidden = false;
}

let toastTimer = 0;
export function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($("toast").hidden = true), 2500);
}

// Keys by their place on the keyboard, so that they work while a Korean keyboard writes Hangul.
export function listen(acts) {
  const places = () => Object.fromEntries(model.classes.flatMap((one, place) => {
    const act = () => acts.decide(`label:${one.name}`);
    const letter = letterOf(place).toUpperCase();
    return [[`Digit${place + 1}`, act], [`Numpad${place + 1}`, act], ...(letter ? [[`Key${letter}`, act]] : [])];
  }));
  const fixed = {
    Enter: acts.confirm, NumpadEnter: acts.confirm, KeyC: acts.confirm,
    KeyU: () => acts.decide("unsure"), KeyX: () => acts.decide("exclude"), Delete: () => acts.decide("exclude"),
    KeyZ: acts.undo, Backspace: acts.undo,
    ArrowRight: () => acts.step(1), KeyJ: () => acts.step(1), ArrowLeft: () => acts.step(-1), KeyK: () => acts.step(-1),
    ArrowDown: () => acts.row(1), ArrowUp: () => acts.row(-1), PageDown: () => acts.row(4), PageUp: () => acts.row(-4),
    Home: () => acts.end(0), End: () => acts.end(-1), KeyO: acts.openNext,
    Space: acts.play, KeyP: acts.play, KeyB: acts.blind, KeyF: acts.toFilters, KeyH: acts.help, Slash: acts.help,
  };
  addEventListener("keydown", (event) => {
    if (!model.state || document.querySelector("dialog[open]")) return;
    const inMenu = event.target.closest?.("select, input, .filters, .tools");
    if (event.code === "Escape") return acts.toGrid();
    if (inMenu && !(event.target.matches("button, input[type=checkbox]") && event.code.startsWith("Key"))) return;
    const undoing = (event.ctrlKey || event.metaKey) && event.code === "KeyZ";
    if (!undoing && (event.ctrlKey || event.metaKey || event.altKey)) return;
    const act = fixed[event.code] ?? places()[event.code];
    const isMove = /^(Arrow|Page)/.test(event.code) || ["KeyJ", "KeyK", "KeyZ", "Backspace"].includes(event.code);
    if (!act) return;
    event.preventDefault();
    if (!event.repeat || isMove) act(); // a key that is held down decides once
  });
}
