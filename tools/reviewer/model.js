// What the page knows: the sequences, this reviewer's decisions, the words. The other modules read and change it here.

export const model = {
  state: null, words: null, outbox: null,
  lang: document.documentElement.lang,
  rows: new Map(), // by id, in the order of labels.csv
  classes: [],
  suspects: {}, // id: [quality, likely class, its probability, flagged, face found]
  disagreements: {}, // id: [[reviewer, decision]] of the others
  listed: [], // ids in the order of the grid
  at: null, // the id at hand
  undoable: [], // {id, sequence_id, previous}, the last one last
  filters: { show: "all", label: "", person: "", sort: "" },
  grouped: true, // the grid has a head line for each person
  blind: false,
};

const FIELDS = ["id", "person", "take", "label", "frames", "interval_ms", "start_ms", "sha256", "reviewed"];
const SIGNS = { unsure: "?", exclude: "✕" };

export const $ = (id) => document.getElementById(id);
export const byName = new Intl.Collator("en", { numeric: true }).compare;
export const pictureUrl = (row, frame) => `/picture/${row.id}/${frame}?h=${row.sha256.slice(0, 16)}`;

export function take(state) {
  model.state = state;
  model.words = state.words;
  model.classes = state.classes;
  model.rows = new Map(
    state.rows.map((cells) => [cells[0], Object.fromEntries(FIELDS.map((field, place) => [field, cells[place]]))]),
  );
  model.suspects = state.suspects;
  model.disagreements = state.disagreements;
  model.undoable = state.history;
}

export function say(key, values = {}) {
  return model.words[model.lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export const hasWord = (key) => key in model.words[model.lang];
export const decisionOf = (id) => model.state.mine[id];

export function isPending(id) {
  for (const decision of model.outbox.waiting.values()) if (decision.sequence_id === id) return true;
  return false;
}

export function isChanged(row) {
  const decision = decisionOf(row.id);
  return Boolean(decision?.startsWith("label:")) && decision !== `label:${row.label}`;
}

export function word(decision) {
  const name = decision.startsWith("label:") ? decision.slice(6) : decision;
  const found = model.classes.find((one) => one.name === name);
  return found ? found.words[model.lang] : model.words[model.lang][name] ?? name;
}

export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

// The style of a label or decision; the colours of the classes are set by `colours`.
export function styleOf(decision) {
  const place = model.classes.findIndex((one) => `label:${one.name}` === decision);
  return place >= 0 ? `c${place}` : decision;
}

// A small sign of a label or a decision: shape, word and colour, so that it needs none of them alone.
export function chip(decision) {
  if (!decision) return element("span", "chip open", say("undecided"));
  const made = element("span", `chip ${styleOf(decision)}`);
  const found = model.classes.find((one) => `label:${one.name}` === decision);
  const sign = element("i", "", found ? "" : SIGNS[decision]);
  if (found) sign.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true">${found.shape}</svg>`; // our own shapes
  made.append(sign, element("span", "", word(decision)));
  return made;
}

// Colours come with the classes; a style sheet of rules is what the page's policy allows.
export function colours() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(model.classes.map((one, place) => `.c${place} { --tone: ${one.colour}; }`).join("\n"));
  document.adoptedStyleSheets = [sheet];
}
