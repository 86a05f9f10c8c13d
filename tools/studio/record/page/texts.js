// The page's words in the chosen language; a text is looked up by its identifier.

const KEPT = "studio-lang";
let words = {};
let lang = document.documentElement.lang;

/** Take the catalogue, and the language that this browser was left in. */
export function setWords(catalogue) {
  words = catalogue;
  try {
    const kept = localStorage.getItem(KEPT);
    if (kept in catalogue) lang = kept;
  } catch {
    // a browser that keeps nothing
  }
  document.documentElement.lang = lang;
}

/** Tell the language: "en" or "ko". */
export function language() {
  return lang;
}

/** Change the language, and keep it for the next visit. */
export function chooseLanguage(chosen) {
  lang = chosen;
  document.documentElement.lang = chosen;
  try {
    localStorage.setItem(KEPT, chosen);
  } catch {
    // then it counts for this visit only
  }
}

/** Return a text with its places filled: t("take_n", {n: 3}). */
export function t(key, values = {}) {
  const text = words[lang]?.[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

/** Tell whether there is a text. */
export function has(key) {
  return key in (words[lang] ?? {});
}
