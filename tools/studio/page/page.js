// The studio's page: asks for the state again and again, and draws what has changed.

import { ask, by, commandWords, make, toast } from "./dom.js";
import { openForm, setForms } from "./form.js";
import { drawMap, refreshDetails } from "./map.js";
import { chooseLanguage, counted, language, setWords, t, taskName } from "./words.js";

const EVERY_MS = 2000;
const FIRST_SHOWN = 9; // suggestions, until more are asked for
const JOBS_SHOWN = 3; // of those that are over
let areAllShown = false;
let areJobsShown = false;
let state = null;
let shown = "";
const logs = new Map(); // text and end by job

async function refresh() {
  try {
    state = (await ask(`/api/state?have=${state?.revision ?? ""}`)) ?? state; // null: nothing has changed
    by("notice").hidden = true;
  } catch {
    by("notice").textContent = t("no_server");
    by("notice").hidden = false;
    return;
  }
  await readLogs();
  await refreshDetails();
  const now = JSON.stringify([state.revision, [...logs], language()]);
  if (now !== shown) draw();
  shown = now;
}

function isOver(job) {
  return !["waiting", "running"].includes(job.status);
}

/** Give the jobs whose cards are drawn: those that are not over, the newest others, and all when asked for. */
function jobsShown() {
  const open = state.jobs.filter((job) => !isOver(job));
  return areJobsShown ? state.jobs : [...open, ...state.jobs.filter(isOver).slice(0, JOBS_SHOWN)];
}

async function readLogs() {
  for (const job of jobsShown()) {
    const known = logs.get(job.job_id) ?? { text: "", end: 0 };
    if (known.over) continue;
    try {
      const more = await ask(`/api/jobs/${job.job_id}/log?from=${known.end}`);
      logs.set(job.job_id, { text: (known.text + more.text).slice(-20000), end: more.end, over: isOver(job) });
    } catch {
      // the next round asks again
    }
  }
}

function draw() {
  by("home").textContent = state.home;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const button of document.querySelectorAll("[data-lang]")) button.setAttribute("aria-pressed", String(button.dataset.lang === language()));
  drawNext();
  drawJobs();
  drawMap(state);
  document.body.classList.remove("loading");
}

function drawNext() {
  const all = state.suggestions;
  const rest = all.length - (areAllShown ? all.length : FIRST_SHOWN);
  by("next").replaceChildren(
    ...all.slice(0, areAllShown ? all.length : FIRST_SHOWN).map((each) =>
      make(
        "li", {},
        make("b", {}, each.name || t("begin")),
        make("p", {}, each.text[language()]),
        make(
          "div", { class: "actions" },
          make("code", {}, ...commandWords(each.command)),
          make("button", { type: "button", onclick: () => copy(each.command) }, t("copy")),
          each.starts?.task === "collect" ? make("a", { class: "button first", href: recordHere(each.starts.values) }, t("record_here")) : null,
          each.starts ? make("button", { type: "button", class: each.starts.task === "collect" ? "" : "first", onclick: () => openForm(each.starts.task, each.starts.values) }, t(each.starts.task === "collect" ? "record_window" : "start_here")) : null,
        ),
      ),
    ),
    ...(all.length ? [] : [make("li", {}, t("nothing_next"))]),
    rest > 0 ? make("li", {}, make("button", { type: "button", onclick: showAll }, counted("show_more", rest))) : "",
  );
}

/** Say where this page's own camera records who is to be recorded. */
function recordHere(values) {
  return `/record?${new URLSearchParams({ dataset: values["--dataset"] ?? "", subject: values["--subject"] ?? "" })}`;
}

function showAll() {
  areAllShown = true;
  drawNext();
  by("next").children[FIRST_SHOWN].querySelector("button").focus();
}

function drawJobs() {
  by("jobs-section").hidden = !state.jobs.length;
  const bottoms = new Map([...by("jobs").querySelectorAll("pre")].map((pre) => [pre.dataset.job, pre.scrollTop + pre.clientHeight < pre.scrollHeight - 4 ? pre.scrollTop : null]));
  const rest = state.jobs.length - jobsShown().length;
  by("jobs").replaceChildren(
    ...jobsShown().map((job) => {
      const log = logs.get(job.job_id)?.text ?? "";
      return make(
        "li", {},
        make("b", {}, taskName(job.task)),
        make("p", {}, make("code", {}, ...commandWords(`./inv ${job.words.join(" ")}`))),
        make(
          "div", { class: "actions" },
          make("span", { class: `status ${job.status}` }, t(`job_${job.status}`, { code: job.exit_code ?? "" })),
          make("span", { class: "soft" }, (job.ended_utc ?? job.started_utc ?? job.created_utc).replace("T", " ").replace("Z", " UTC")),
          !isOver(job) ? make("button", { type: "button", onclick: () => cancel(job) }, t("cancel")) : null,
        ),
        log ? make("pre", { "data-job": job.job_id, tabindex: "0", "aria-label": t("log") }, log) : null,
      );
    }),
    rest > 0 ? make("li", {}, make("button", { type: "button", onclick: showAllJobs }, counted("show_more", rest))) : "",
  );
  for (const pre of by("jobs").querySelectorAll("pre")) pre.scrollTop = bottoms.get(pre.dataset.job) ?? pre.scrollHeight;
}

async function showAllJobs() {
  const n = jobsShown().length;
  areJobsShown = true;
  await readLogs();
  draw();
  by("jobs").children[n]?.querySelector("pre, button")?.focus();
}

/** Open the form that an address names, as another page of the studio links to it. */
function openWanted() {
  const { task, ...values } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (!begun.forms.some((form) => form.task === task)) return;
  history.replaceState(null, "", location.pathname + location.search); // a reload does not open it again
  openForm(task, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === "true" || value])));
}

async function copy(text) {
  await navigator.clipboard.writeText(text);
  toast(t("copied"));
}

async function cancel(job) {
  try {
    await ask(`/api/jobs/${job.job_id}/cancel`, {});
  } catch (error) {
    toast(error.message);
  }
  await refresh();
}

for (const button of document.querySelectorAll("[data-lang]")) {
  button.addEventListener("click", () => {
    chooseLanguage(button.dataset.lang);
    draw();
  });
}
for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
by("start-open").addEventListener("click", () => openForm());

const [begun, first] = await Promise.all([ask("/api/start"), ask("/api/state")]);
state = first;
setWords(begun.words);
setForms(begun.forms, refresh, () => state);
await refresh();
openWanted();
addEventListener("hashchange", openWanted);
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, document.hidden ? EVERY_MS * 5 : EVERY_MS));
  await refresh();
}
