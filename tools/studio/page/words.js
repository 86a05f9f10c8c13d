// The page's words in the chosen language; a text is looked up by its identifier.

let words = {};
let lang = document.documentElement.lang;

/** Take the catalogue, and the language that this browser was left in. */
export function setWords(catalogue) {
  words = catalogue;
  const kept = localStorage.getItem("studio-lang");
  if (kept in catalogue) lang = kept;
  document.documentElement.lang = lang;
}

/** Tell the language: "en" or "ko". */
export function language() {
  return lang;
}

/** Change the language, and keep it for the next visit. */
export function chooseLanguage(chosen) {
  lang = chosen;
  localStorage.setItem("studio-lang", chosen);
  document.documentElement.lang = chosen;
}

/** Return a text with its places filled: t("people", {n: 3}). */
export function t(key, values = {}) {
  const text = words[lang]?.[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

/** Return a text that counts: that of `key_one` for 1. */
export function counted(key, n, values = {}) {
  return t(n === 1 ? `${key}_one` : key, { n, ...values });
}

/** Say in the chosen language what a task does; one without a text is called as it is typed. */
export function taskName(task) {
  const key = `task_${task.replaceAll("-", "_")}`;
  return has(key) ? t(key) : task;
}

/** Tell whether there is a text. */
export function has(key) {
  return key in (words[lang] ?? {});
}
