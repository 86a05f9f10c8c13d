// The form that starts a task: its fields are the task's own flags, as ./inv TASK --help lists them.

import { ask, by, make, toast } from "./dom.js";
import { t } from "./words.js";

const FIRST = new Set(["--dataset", "--datasets", "--subject", "--model", "--epochs", "--run", "--film", "--baseline", "--candidate", "--photos", "--windows", "--folds", "--reviewer", "--timeline", "--rater"]);
let forms = [];
let onStarted = () => {};

/** Take the tasks that can be started, and what to do once one was. */
export function setForms(described, started) {
  forms = described;
  onStarted = started;
  by("task").replaceChildren(...forms.map((form) => make("option", { value: form.task }, form.task)));
  by("task").addEventListener("change", () => draw(by("task").value, {}));
  by("form").addEventListener("input", showCommand);
  by("form").addEventListener("submit", submit);
}

/** Open the form of a task with some values filled in. */
export function openForm(task = forms[0].task, values = {}) {
  by("task").value = task;
  draw(task, values);
  by("start").showModal();
}

function draw(task, values) {
  const form = forms.find((one) => one.task === task);
  by("summary").textContent = form.summary;
  by("form-error").textContent = "";
  const isFirst = (flag) => flag.required || FIRST.has(flag.name) || flag.name in values;
  by("fields").replaceChildren(...form.flags.filter(isFirst).map((flag) => field(flag, values[flag.name])));
  const rest = form.flags.filter((flag) => !isFirst(flag));
  by("more").hidden = !rest.length;
  by("more-fields").replaceChildren(...rest.map((flag) => field(flag)));
  showCommand();
}

function field(flag, value) {
  const shared = { name: flag.name, "data-kind": flag.kind };
  if (flag.kind === "switch") {
    return make("label", { class: "field switch" }, make("input", { ...shared, type: "checkbox", checked: value === true }), make("span", {}, flag.name, make("small", {}, ` ${flag.help}`)));
  }
  const input =
    flag.kind === "choice"
      ? make("select", shared, make("option", { value: "" }, t("as_usual")), ...flag.choices.map((one) => make("option", { value: one, selected: one === value }, one)))
      : make("input", { ...shared, type: "text", value: value ?? "", placeholder: flag.default ?? "", required: flag.required, autocomplete: "off", spellcheck: "false" });
  return make("label", { class: "field" }, make("span", {}, flag.name), input, make("small", {}, flag.help));
}

function readValues() {
  const values = {};
  for (const input of by("form").querySelectorAll("[data-kind]")) {
    if (input.dataset.kind === "switch") {
      if (input.checked) values[input.name] = true;
    } else if (input.value.trim()) values[input.name] = input.value.trim();
  }
  return values;
}

function showCommand() {
  const quote = (word) => (/^[\w./:@,=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  const words = Object.entries(readValues()).flatMap(([name, value]) => (value === true ? [name] : [name, quote(value)]));
  by("command").textContent = ["./inv", by("task").value, ...words].join(" ");
}

async function submit(event) {
  event.preventDefault();
  const button = by("form").querySelector("[type=submit]");
  by("form-error").textContent = "";
  button.disabled = true; // a page takes a moment to open
  try {
    const { url } = await ask("/api/jobs", { task: by("task").value, values: readValues() });
    if (url) return void location.assign(url); // Back leads to the studio again
  } catch (error) {
    by("form-error").textContent = error.message;
    return;
  } finally {
    button.disabled = false;
  }
  by("start").close();
  toast(t("queued"));
  onStarted();
}
