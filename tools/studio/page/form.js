// The form that starts a task: its fields are the task's own flags, as ./inv TASK --help lists them.

import { ask, by, commandWords, make, toast } from "./dom.js";
import { language, t, taskName } from "./words.js";

const FIRST = new Set(["--dataset", "--datasets", "--subject", "--model", "--epochs", "--run", "--film", "--baseline", "--candidate", "--photos", "--windows", "--folds", "--reviewer", "--timeline", "--rater"]);
const PAGES = new Set(["review", "timeline-show", "timeline-label", "game"]); // open in this window
// What a flag names, as far as it is in the workspace; and what its value is where that is a file.
const NAMES = { "--dataset": "dataset", "--datasets": "dataset", "--model": "model", "--run": "run", "--timeline": "timeline" };
const FILES = {
  "--split": ["split", (home, name) => `${home}/artifacts/splits/${name}.json`],
  "--candidate": ["results", (home, name) => `${home}/artifacts/results/${name}.json`],
  "--reference": ["results", (home, name) => `${home}/artifacts/results/${name}.json`],
  "--baseline": ["model", (home, name) => `${home}/artifacts/models/${name}/smile_detector.onnx`],
};
const OTHERWISE = { "game --model": "handoff", "validate-spec --model": "handoff" };
// Settings that belong together; the values are those of ./inv demo, where a training takes seconds.
const SMALL = { "--encoder": "efficientnet_lite0_b7", "--input-px": "112", "--pooling": "grid", "--freeze-epochs": "all", "--epochs": "12" };
const RECIPES = { train: { small: SMALL }, ab: { small: SMALL } };
let forms = [];
let onStarted = () => {};
let workspace = () => ({ home: "", items: [] });

/** Take the tasks that can be started, what to do once one was, and how to get the workspace's state. */
export function setForms(described, started, state) {
  forms = described;
  onStarted = started;
  workspace = state;
  by("task").addEventListener("change", () => draw(by("task").value, {}));
  by("form").addEventListener("input", showCommand);
  by("form").addEventListener("submit", submit);
}

/** Open the form of a task with some values filled in. */
export function openForm(task = forms[0].task, values = {}) {
  by("task").replaceChildren(...forms.map((form) => make("option", { value: form.task }, `${taskName(form.task)} · ${form.task}`)));
  by("task").value = task;
  draw(task, values);
  by("start").showModal();
}

function draw(task, given, recipe = "usual") {
  const form = forms.find((one) => one.task === task);
  // What people read is in the language of this page, unless somebody chooses otherwise.
  const inLanguage = form.flags.some(({ name }) => name === "--lang") ? { "--lang": language() } : {};
  const values = { ...inLanguage, ...onlyOnes(form), ...given };
  by("summary").textContent = form.summary;
  by("summary-note").hidden = language() === "en";
  by("opens-here").hidden = !PAGES.has(task);
  by("form-error").textContent = "";
  by("error-note").hidden = true;
  const isFirst = (flag) => flag.required || FIRST.has(flag.name) || (flag.name in values && flag.name !== "--lang");
  by("fields").replaceChildren(...form.flags.filter(isFirst).map((flag) => field(task, flag, values[flag.name])));
  const rest = form.flags.filter((flag) => !isFirst(flag));
  by("more").hidden = !rest.length;
  by("more").open = false;
  by("more-fields").replaceChildren(...rest.map((flag) => field(task, flag, values[flag.name])));
  drawRecipes(task, recipe);
  showCommand();
}

/** Fill in what there is only one of. */
function onlyOnes(form) {
  const required = form.flags.filter((flag) => flag.required && flag.kind === "text");
  const filled = required.map((flag) => [flag.name, choices(form.task, flag.name)]).filter(([, known]) => known.length === 1);
  return Object.fromEntries(filled.map(([name, [only]]) => [name, only.value]));
}

/** List what a flag may name in this workspace, the newest first. */
function choices(task, flag) {
  const { home, items } = workspace();
  const [kind, file] = task === "report" && flag === "--baseline" ? FILES["--candidate"] : (FILES[flag] ?? [OTHERWISE[`${task} ${flag}`] ?? NAMES[flag]]);
  const known = items.filter((item) => item.kind === kind && !item.problem && !item.facts.of_a_fold).reverse();
  return known.map(({ name }) => ({ value: file ? file(home, name) : name, name }));
}

function drawRecipes(task, chosen) {
  const recipes = Object.entries({ usual: {}, ...RECIPES[task] });
  by("recipes").hidden = recipes.length < 2;
  by("recipes").replaceChildren(
    make("span", { class: "soft" }, t("recipe")),
    ...recipes.map(([name, recipe]) => make("button", { type: "button", "aria-pressed": String(name === chosen), onclick: () => draw(task, { ...without(readValues(), RECIPES[task]), ...recipe }, name) }, t(`recipe_${name}`))),
  );
}

function without(values, recipes) {
  const recipeFlags = new Set(Object.values(recipes).flatMap(Object.keys));
  return Object.fromEntries(Object.entries(values).filter(([name]) => !recipeFlags.has(name)));
}

function field(task, flag, value) {
  const shared = { name: flag.name, "data-kind": flag.kind };
  const help = make("small", { lang: "en" }, flag.help);
  if (flag.kind === "switch") {
    return make("label", { class: "field switch" }, make("input", { ...shared, type: "checkbox", checked: value === true }), make("span", {}, flag.name, " ", help));
  }
  if (flag.kind === "choice") {
    const options = flag.choices.map((one) => make("option", { value: one, selected: one === value }, one));
    return make("label", { class: "field" }, make("span", {}, flag.name), make("select", shared, make("option", { value: "" }, t("as_usual")), ...options), help);
  }
  const known = choices(task, flag.name);
  const list = known.length ? make("datalist", { id: `known${flag.name}` }, ...known.map((one) => make("option", { value: one.value }, one.name))) : "";
  const input = (text) => make("input", { ...shared, type: "text", value: text ?? "", placeholder: flag.default ?? "", required: flag.required, autocomplete: "off", spellcheck: "false", list: list ? list.id : null, "aria-label": flag.kind === "list" ? flag.name : null });
  if (flag.kind !== "list") return make("label", { class: "field" }, make("span", {}, flag.name), input(value), list, help);
  const inputs = make("div", { class: "list" }, ...[value ?? ""].flat().map(input));
  const add = () => {
    const another = input("");
    another.required = false;
    inputs.append(another);
    another.focus();
  };
  return make("div", { class: "field" }, make("span", {}, flag.name), inputs, list, make("button", { type: "button", class: "add", onclick: add }, t("one_more")), help);
}

function readValues() {
  const values = {};
  for (const input of by("form").querySelectorAll("[data-kind]")) {
    const text = input.type === "checkbox" ? "" : input.value.trim();
    if (input.dataset.kind === "switch") {
      if (input.checked) values[input.name] = true;
    } else if (text && input.dataset.kind === "list") values[input.name] = [...(values[input.name] ?? []), text];
    else if (text) values[input.name] = text;
  }
  return values;
}

function showCommand() {
  const quote = (word) => (/^[\w./:@,=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  const words = Object.entries(readValues()).flatMap(([name, value]) => (value === true ? [name] : [value].flat().flatMap((one) => [name, quote(one)])));
  by("command").replaceChildren(...commandWords(["./inv", by("task").value, ...words].join(" ")));
}

async function submit(event) {
  event.preventDefault();
  const button = by("form").querySelector("[type=submit]");
  const task = by("task").value;
  by("form-error").textContent = "";
  by("error-note").hidden = true;
  button.disabled = true; // a page takes a moment to open
  by("opening").hidden = !PAGES.has(task);
  try {
    const { url } = await ask("/api/jobs", { task, values: readValues() });
    if (url) return void location.assign(url); // Back leads to the studio again
  } catch (error) {
    by("form-error").textContent = error.message;
    by("error-note").hidden = language() === "en";
    return;
  } finally {
    button.disabled = false;
    by("opening").hidden = true;
  }
  by("start").close();
  toast(t("queued"));
  onStarted();
}
