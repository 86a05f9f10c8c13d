// Sends a film in parts, again and again until all of it has arrived, and asks what became of it.
//
// The film is in this page's memory alone. When the server cannot be reached, sending goes on where it stopped; when the
// page is closed before, what has arrived is dropped there.

const WAITS_MS = [300, 700, 1500, 3000, 5000];
const ASK_MS = 600;

/** A refusal that no repetition mends; code is a key of the page's words. */
export class Refused extends Error {
  constructor(code, text) {
    super(text || code);
    this.code = code;
  }
}

async function read(answer) {
  const isJson = (answer.headers.get("content-type") ?? "").startsWith("application/json");
  const content = isJson ? await answer.json() : null;
  if (answer.ok) return content;
  const error = content?.error ?? {};
  throw Object.assign(new Refused(error.code ?? "not_allowed", error.text ?? String(answer.status)), { status: answer.status });
}

/** Ask once, with JSON or without. */
export async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const how = body === undefined ? { method } : { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return read(await fetch(path, how));
}

/** Send a picture to be judged; null where the server was busy with another one. */
export async function look(dataset, blob) {
  const path = `/api/record/look?dataset=${encodeURIComponent(dataset)}`;
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "image/jpeg" }, body: blob });
  return answer.status === 204 ? null : read(answer);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether trying again may help: no answer, too many, too slow, no room, or a server in trouble. */
function mayPass(error) {
  return !(error instanceof Refused) || [408, 429, 502, 503, 504, 507].includes(error.status) || error.status >= 500;
}

/** Do something until it succeeds or is refused for good. */
async function insist(work, onTrouble) {
  for (let n = 0; ; n += 1) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error)) throw error;
      onTrouble(error instanceof Refused ? error.code : "offline");
      await pause(WAITS_MS[Math.min(n, WAITS_MS.length - 1)]);
    }
  }
}

/**
 * Send a film.
 *
 * @param {{id: string, data: Uint8Array, capture: object, told: object, partBytes: number, onState: (state: object) => void}} film
 * @returns {Promise<object>} what became of it: {status: "stored" | "apart" | "refused" | "failed" | "undone" ...}
 */
export async function sendFilm({ id, data, capture, told, partBytes, onState }) {
  const place = `/api/record/takes/${id}`;
  const sha256 = [...new Uint8Array(await crypto.subtle.digest("SHA-256", data))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const nParts = Math.ceil(data.byteLength / partBytes);
  const trouble = (code) => onState({ status: "sending", trouble: code });
  for (;;) {
    try {
      let state = await insist(() => ask(place, told), trouble);
      if (state.status === "receiving") {
        const there = new Set(state.parts);
        for (let number = 0; number < nParts; number += 1) {
          if (there.has(number)) continue;
          onState({ status: "sending", share: number / nParts });
          const body = data.subarray(number * partBytes, (number + 1) * partBytes);
          await insist(async () => read(await fetch(`${place}/parts/${number}`, { method: "PUT", body })), trouble);
        }
        state = await insist(() => ask(`${place}/finish`, { n_parts: nParts, sha256, capture }), trouble);
      }
      return await follow(place, state, onState);
    } catch (error) {
      if (error.code !== "unknown_take" || error.wasWhole) throw error; // dropped meanwhile: all of it again
    }
  }
}

/** Ask until the recorder has said what became of a film. */
async function follow(place, first, onState) {
  let state = first;
  while (["waiting", "no_room"].includes(state.status)) {
    onState(state);
    await pause(ASK_MS);
    try {
      state = await insist(() => ask(place), (code) => onState({ ...state, trouble: code }));
    } catch (error) {
      throw Object.assign(error, { wasWhole: true });
    }
  }
  return state;
}

/** Take a take back, or forget one that waits. */
export async function dropTake(id) {
  return ask(`/api/record/takes/${id}`, undefined, "DELETE");
}
