// Decisions on their way to the disk. Each is kept in this browser until the server says that it is saved, so neither a
// closed tab nor a dead server loses one; what is sent twice has the same id and is stored once.

const BATCH = 50;
const PATIENCE_MS = [300, 600, 1200, 2500, 5000];
const ANSWER_MS = 15000;

export class Outbox {
  // prefix: what tells this dataset's and reviewer's decisions from others in the same browser.
  // on.saved(decision), on.refused(decision, reason), on.state(), on.labels(sha256)
  constructor(prefix, on) {
    this.prefix = prefix;
    this.on = on;
    this.waiting = new Map();
    this.state = "ready"; // ready, sending, offline, closed
    this.failures = 0;
    this.timer = 0;
    for (const decision of this.stored()) this.waiting.set(decision.id, decision);
    addEventListener("online", () => this.wake());
    addEventListener("storage", (event) => {
      // Another tab's decisions are that tab's to send; what it has sent need not be sent again.
      if (event.key?.startsWith(prefix) && event.newValue === null) this.forget(event.key.slice(prefix.length));
    });
  }

  stored() {
    const found = [];
    try {
      for (let index = 0; index < localStorage.length; index++) {
        const key = localStorage.key(index);
        if (!key.startsWith(this.prefix)) continue;
        try {
          found.push(JSON.parse(localStorage.getItem(key)));
        } catch {
          localStorage.removeItem(key);
        }
      }
    } catch {
      return found; // storage is off: decisions live in this page only
    }
    return found.sort((one, other) => one.at_ms - other.at_ms || one.n - other.n);
  }

  get size() {
    return this.waiting.size;
  }

  has(id) {
    return this.waiting.has(id);
  }

  add(decision) {
    this.waiting.set(decision.id, decision);
    try {
      localStorage.setItem(this.prefix + decision.id, JSON.stringify(decision));
    } catch {
      // Full or off: it is still sent from memory.
    }
    this.wake();
  }

  forget(id) {
    this.waiting.delete(id);
    try {
      localStorage.removeItem(this.prefix + id);
    } catch {
      // Storage is off.
    }
  }

  wake() {
    if (this.state === "sending") return;
    clearTimeout(this.timer);
    if (this.waiting.size) this.send();
    else this.become("ready");
  }

  become(state) {
    this.state = state;
    this.on.state();
  }

  async send() {
    this.become("sending");
    const batch = [...this.waiting.values()].slice(0, BATCH);
    const wishes = batch.map(({ id, sequence_id, sha256, decision, saw_others, undoes }) => ({
      id, sequence_id, sha256, decision, saw_others, undoes,
    }));
    let answer;
    try {
      const response = await fetch("/api/decisions", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ decisions: wishes }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (response.status === 403) return this.become("closed");
      if (!response.ok) throw new Error(await response.text());
      answer = await response.json();
    } catch {
      const wait = PATIENCE_MS[Math.min(this.failures++, PATIENCE_MS.length - 1)];
      this.become("offline");
      this.timer = setTimeout(() => this.wake(), wait);
      return;
    }
    this.failures = 0;
    for (const id of answer.saved) {
      const decision = this.waiting.get(id);
      this.forget(id);
      if (decision) this.on.saved(decision);
    }
    for (const { id, reason } of answer.refused) {
      const decision = this.waiting.get(id);
      this.forget(id);
      if (decision) this.on.refused(decision, reason);
    }
    this.on.labels(answer.labels_sha256);
    this.state = "ready";
    if (this.waiting.size) this.send();
    else this.become("ready");
  }
}

export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
