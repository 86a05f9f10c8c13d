// The cards of the grid and the head line of each person.

import { $, chip, decisionOf, element, isChanged, isPending, model, pictureUrl, say, word } from "./model.js";
import { Film } from "./stage.js";

const PARTS = '<span class="picture"><img alt="" draggable="false"><span class="film"></span></span>'
  + '<span class="mark"></span><span class="alarm" hidden>!</span><span class="under"></span>';

export function makeCard(go, play) {
  const card = element("button", "card");
  card.type = "button";
  card.innerHTML = PARTS;
  const film = new Film(card.querySelector(".film"));
  card.addEventListener("click", () => go(card.dataset.id));
  card.addEventListener("dblclick", play);
  card.addEventListener("pointerenter", (event) => {
    const row = model.rows.get(card.dataset.id);
    if (event.pointerType === "touch" || !row || row.frames < 2) return;
    film.load(row);
    film.play();
    card.classList.add("playing");
  });
  card.addEventListener("pointerleave", () => {
    film.stop();
    card.classList.remove("playing");
  });
  return card;
}

export function fillCard(card, id) {
  const row = model.rows.get(id);
  const decision = decisionOf(id);
  if (card.dataset.id !== id) {
    card.dataset.id = id;
    card.classList.remove("playing");
    card.querySelector("img").src = pictureUrl(row, row.frames >> 1);
  }
  card.classList.toggle("at", id === model.at);
  card.classList.toggle("excluded", decision === "exclude");
  card.classList.toggle("pending", Boolean(decision) && isPending(id));
  card.classList.toggle("changed", isChanged(row));
  card.tabIndex = id === model.at ? 0 : -1;
  card.querySelector(".mark").replaceChildren(...(decision ? [chip(decision)] : []));
  card.querySelector(".alarm").hidden = model.blind || !model.suspects[id]?.[3] || Boolean(decision);
  const name = element("span", "soft", model.grouped ? id.replace("seq_", "") : row.person);
  card.querySelector(".under").replaceChildren(...(model.blind ? [] : [chip(`label:${row.label}`)]), name);
  const label = model.blind ? "" : `, ${say("labelled")}: ${word(row.label)}`;
  const mine = `, ${say("your_decision")}: ${decision ? word(decision) : say("undecided")}`;
  card.setAttribute("aria-description", `${id}, ${row.person}${label}${mine}`); // its name is what it shows
  if (id === model.at) card.setAttribute("aria-current", "true");
  else card.removeAttribute("aria-current");
}

export function fillHead(head, group) {
  const open = group.items.filter((id) => !decisionOf(id)).length;
  head.replaceChildren(group.name, element("small", "", say("sequences", { count: group.items.length, open })));
}

// How far the review is, as a bar of its decisions.
export function drawProgress() {
  const counts = {};
  for (const decision of Object.values(model.state.mine)) counts[decision] = (counts[decision] ?? 0) + 1;
  const order = [...model.classes.map((one) => `label:${one.name}`), "unsure", "exclude"];
  const done = order.reduce((sum, what) => sum + (counts[what] ?? 0), 0);
  const total = model.rows.size;
  const parts = order.filter((what) => counts[what]).map((what) => {
    const part = element("span", what.startsWith("label:") ? `c${order.indexOf(what)}` : what);
    part.style.flexGrow = counts[what];
    part.title = `${word(what)} ${counts[what]}`;
    return part;
  });
  const rest = element("span", "rest");
  rest.style.flexGrow = total - done;
  $("bar").replaceChildren(...parts, rest);
  $("bar").setAttribute("aria-valuemax", total);
  $("bar").setAttribute("aria-valuenow", done);
  $("progress").textContent = say("progress", { done, total });
  $("bar").setAttribute("aria-label", $("progress").textContent);
}
