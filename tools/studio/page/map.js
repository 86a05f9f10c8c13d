// The map: every document as a card, in the order in which data flows; a chosen one shows what it came from and became.

import { drawCurve } from "./curve.js";
import { ask, by, make, toast } from "./dom.js";
import { openForm } from "./form.js";
import { counted, has, language, t, taskName } from "./words.js";

const COLUMNS = [
  ["data", ["dataset"]],
  ["prepared", ["split", "features", "timeline"]],
  ["learned", ["pretrained", "run"]],
  ["models", ["model"]],
  ["measured", ["results"]],
  ["shown", ["comparison", "approaches", "handoff"]],
];
const FILLED_BY = {
  data: ["collect", "import", "demo"],
  prepared: ["split", "features"],
  learned: ["train", "pretrain"],
  models: ["export", "ab"],
  measured: ["evaluate"],
  shown: ["report", "handoff"],
};
// What can be done with an item, in the order in which it is usually done; the form of each is filled in.
const DONE_WITH = {
  dataset: ({ name }) => [
    ...["suspect", "review", "review-apply", "grid", "verify", "split", "features", "train", "ab", "compare-approaches"].map((task) => [task, { "--dataset": name, ...(task === "review" ? { "--reviewer": "r1" } : {}) }]),
  ],
  split: ({ facts, file }) => [["train", { "--dataset": facts.dataset, "--split": file }]],
  features: ({ facts }) => (NETWORK_OF[facts.features] ? [["train", { "--dataset": facts.dataset, "--network": NETWORK_OF[facts.features] }]] : []),
  run: ({ name }) => [["export", { "--run": name }]],
  model: ({ name, facts }) => [["evaluate", { "--model": name, "--dataset": facts.dataset }], ["handoff", { "--model": name }]],
  results: ({ facts, file }) => [["report", { "--candidate": file, "--dataset": facts.dataset }]],
  timeline: ({ name }) => [["timeline-show", { "--timeline": name }], ["timeline-label", { "--timeline": name }]],
  handoff: ({ name }) => [["validate-spec", { "--model": name, "--browser": true }], ["game", { "--model": name }]],
};
const NETWORK_OF = { landmarks: "landmark_mlp", blendshapes: "blendshape_mlp" };
const SHOWN = 12; // cards of a column, until more are asked for
const open = new Set();
let chosen = null;
let shownItem = null; // in the open details

/** Draw the map of a state. */
export function drawMap(state) {
  const key = (item) => `${item.kind}/${item.name}`;
  const at = state.items.findIndex((item) => key(item) === chosen);
  const sources = at < 0 ? new Set() : reach(at, state.links.map(([from, to]) => [to, from]));
  const results = at < 0 ? new Set() : reach(at, state.links);
  const focused = document.activeElement?.dataset?.key;
  by("map").classList.toggle("choosing", at >= 0);
  by("map").replaceChildren(
    ...COLUMNS.map(([name, kinds]) => {
      const places = state.items.flatMap((item, place) => (kinds.includes(item.kind) && !(item.facts.of_a_fold && place !== at) ? [place] : [])).reverse();
      const folds = state.items.filter((item) => kinds.includes(item.kind) && item.facts.of_a_fold).length;
      const linked = places.filter((place) => place === at || sources.has(place) || results.has(place));
      const first = open.has(name) ? places : [...new Set([...places.slice(0, SHOWN), ...linked])];
      const cards = first.map((place) => {
        const item = state.items[place];
        const role = place === at ? "at" : sources.has(place) ? "source" : results.has(place) ? "result" : "";
        const mark = item.problem ? "broken" : item.facts.stale_since ? "stale" : "";
        return make(
          "li", {},
          make(
            "button",
            { type: "button", class: `card ${role} ${mark}`, "data-key": key(item), "aria-pressed": String(place === at), onclick: () => choose(state, place) },
            make("span", {}, item.kind === "results" ? item.facts.model ?? item.name : item.name),
            make("small", {}, `${t(`kind_${item.kind}`)} · ${summary(item)}`),
          ),
        );
      });
      const rest = places.length - first.length;
      return make(
        "div", { class: "column" },
        make("h3", {}, t(`column_${name}`)),
        ...(cards.length ? [make("ul", {}, ...cards)] : howToBegin(name)),
        rest > 0 ? make("button", { type: "button", onclick: () => { open.add(name); drawMap(state); } }, counted("show_more", rest)) : null,
        folds ? make("p", { class: "soft" }, counted("of_folds", folds)) : null,
      );
    }),
  );
  if (focused) by("map").querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

/** Say what would stand in an empty column, and offer the tasks that fill it. */
function howToBegin(column) {
  const button = (task) => make("button", { type: "button", "data-task": task, onclick: () => openForm(task) }, taskName(task));
  const record = column === "data" ? [make("a", { class: "button", href: "/record" }, t("record"))] : [];
  return [make("p", { class: "soft" }, t(`empty_${column}`)), make("div", { class: "actions" }, ...record, ...FILLED_BY[column].map(button))];
}

function reach(from, links) {
  const next = new Map();
  for (const [a, b] of links) next.set(a, [...(next.get(a) ?? []), b]);
  const found = new Set();
  const open = [from];
  while (open.length) {
    for (const place of next.get(open.pop()) ?? []) {
      if (place !== from && !found.has(place)) {
        found.add(place);
        open.push(place);
      }
    }
  }
  return found;
}

async function choose(state, place) {
  const { kind, name } = state.items[place];
  chosen = `${kind}/${name}`;
  drawMap(state);
  try {
    drawDetails(await ask(`/api/item?${new URLSearchParams({ kind, name })}`));
  } catch (error) {
    toast(error.message); // it was deleted in the meantime
    return;
  }
  by("details").showModal();
  by("details").addEventListener("close", () => by("map").querySelector(".at")?.focus(), { once: true });
}

/** Draw the open item again, such as a training that goes on; whoever is reading it keeps the place. */
export async function refreshDetails() {
  if (!by("details").open || !shownItem || shownItem.facts.status !== "running") return;
  const { kind, name } = shownItem;
  try {
    const item = await ask(`/api/item?${new URLSearchParams({ kind, name })}`);
    if (JSON.stringify(item) !== JSON.stringify(shownItem) && by("details").open) drawDetails(item);
  } catch {
    // it is gone: what is shown stays until it is closed
  }
}

function drawDetails(item) {
  shownItem = item;
  const focused = document.activeElement?.dataset?.task;
  by("details-title").textContent = item.name;
  const names = (others) => others.map(([other, called]) => `${t(`kind_${other}`)} ${called}`).join(", ");
  const facts = Object.entries(item.facts).filter(([fact, value]) => has(`fact_${fact}`) && value !== null && value !== "");
  by("details-body").replaceChildren(
    item.problem ? make("p", { class: "error" }, item.problem) : "",
    item.problem && language() !== "en" ? make("p", { class: "soft" }, t("tool_text")) : "",
    ...doneWith(item),
    make(
      "dl", {},
      ...facts.flatMap(([fact, value]) => [make("dt", {}, t(`fact_${fact}`)), make("dd", {}, fact === "status" ? t(`job_${value}`) : write(value))]),
      ...[["made_from", names(item.made_from)], ["made_into", names(item.made_into)], ["created", item.created_utc ?? ""]].flatMap(
        ([word, text]) => (text ? [make("dt", {}, t(word)), make("dd", {}, text)] : []),
      ),
      make("dt", {}, t("file")), make("dd", {}, make("code", {}, item.file)),
    ),
    ...drawCurve(item.curve),
  );
  if (focused) by("details-body").querySelector(`[data-task="${focused}"]`)?.focus();
}

/** Offer what can be done with an item: pages to open, and tasks whose forms are filled in. */
function doneWith(item) {
  if (item.problem) return [];
  const link = (href, text) => make("a", { class: "button", href }, text);
  const links = [];
  if (item.page) links.push(link(item.page, t("open_page")));
  if (item.kind === "handoff") links.push(link(`/try?${new URLSearchParams({ model: item.name })}`, t("try_this")));
  if (item.facts.dataset_kind === "real" && item.kind === "dataset" && !item.facts.is_of_photos) {
    links.push(link(`/record?${new URLSearchParams({ dataset: item.name })}`, t("record_into")));
  }
  const buttons = (DONE_WITH[item.kind]?.(item) ?? []).map(([task, values]) => {
    const open = () => { by("details").close(); openForm(task, values); };
    return make("button", { type: "button", "data-task": task, onclick: open }, taskName(task));
  });
  if (!links.length && !buttons.length) return [];
  return [make("h3", {}, t("done_with")), make("div", { class: "actions" }, ...links, ...buttons)];
}

function write(value) {
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (typeof value === "number") return Number.isInteger(value) ? value.toLocaleString(language()) : value.toFixed(3);
  if (Array.isArray(value)) return value.map(write).join(", ");
  if (typeof value !== "object") return String(value);
  if ("en" in value && "ko" in value) return value[language()];
  if ("low" in value) return interval(value);
  return Object.entries(value).map(([name, one]) => `${has(`fact_${name}`) ? t(`fact_${name}`) : name} ${write(one)}`).join(", ");
}

function interval({ value, low, high }) {
  if (value === null) return "–";
  return low === null ? value.toFixed(3) : `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

function summary(item) {
  const { facts } = item;
  if (item.problem) return t("unreadable");
  if (facts.stale_since) return t("stale_short");
  switch (item.kind) {
    case "dataset": return `${counted("people", facts.n_people)}, ${counted("sequences", facts.n_sequences)}`;
    case "split": return Object.entries(facts.people).map(([part, n]) => `${t(`part_${part}`)} ${n}`).join(", ");
    case "features": return facts.features;
    case "timeline": return facts.film;
    case "pretrained":
    case "run": return facts.status === "done" ? t("epochs_done", { n: facts.epochs_done }) : t("epoch_of", { n: facts.epochs_done, of: facts.epochs ?? "?" });
    case "model": return `${(facts.bytes / 1e6).toFixed(1)} MB`;
    case "results": return `${t("fact_accuracy")} ${interval(facts.intervals.accuracy)}`;
    case "comparison": return t(`word_${facts.word}`);
    case "approaches": return facts.recommended ?? t(`word_${facts.word}`);
    default: return t(facts.is_proven ? "proven_short" : "not_proven_short");
  }
}
