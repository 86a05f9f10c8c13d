// Makes elements without any markup in text: names of files and people are text, never HTML.

/** Make an element: make("p", {class: "soft"}, "text", otherElement). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Return an element by its id. */
export function by(id) {
  return document.getElementById(id);
}

/** Make the words of a command, which breaks between words only; copied, it is the command as it is typed. */
export function commandWords(command) {
  return command.split(" ").flatMap((word, at) => [...(at ? [" "] : []), make("span", { class: "unbroken" }, word)]);
}

/** Make what a sentence says of a command: sentence({command}) gives the text. */
export function sayCommand(sentence, command) {
  const [before, after] = sentence({ command: "\u0000" }).split("\u0000");
  return [before, make("code", {}, ...commandWords(command)), after];
}

/** Give the address of the first page with a task's form open and filled in. */
export function formAddress({ task, values }) {
  return `/#${new URLSearchParams({ task, ...values })}`;
}

let hiding = 0;

/** Say something for a moment. */
export function toast(text) {
  by("toast").textContent = text;
  by("toast").hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (by("toast").hidden = true), 3500);
}

/** Ask the server; throws an Error with the server's own reason. What has not changed (204) is null. */
export async function ask(path, body) {
  const how = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, how);
  if (answer.status === 204) return null;
  const type = answer.headers.get("content-type") ?? "";
  const content = type.startsWith("application/json") ? await answer.json() : { error: (await answer.text()).trim() };
  if (!answer.ok) throw new Error(content.error || String(answer.status));
  const revision = answer.headers.get("x-revision");
  return revision ? { ...content, revision } : content;
}
