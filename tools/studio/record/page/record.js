// The recording page: who, consent, camera, takes. What is recorded is a film of the camera and nothing else; it is in
// this page's memory until the server has it.

import { by, make } from "./dom.js";
import { chooseClock, recordTake, TakeEnded } from "./film.js";
import { openPhone } from "./phone.js";
import { ask, dropTake, look, Refused, sendFilm } from "./send.js";
import { play, wake } from "./sound.js";
import { chooseLanguage, has, language, setWords, t } from "./texts.js";

const LOOK_MS = 320;
const LOOK_MS_TAKING = 700;
const LOOK_SIDE_PX = 960;
const CAMERA_FAULTS = { NotAllowedError: "camera_refused", SecurityError: "camera_refused", NotFoundError: "camera_absent", OverconstrainedError: "camera_absent", NotReadableError: "camera_taken", AbortError: "camera_taken" };
const SMILES = 0.5; // a score above which a face smiles whatever its range, as the recorder has it
const SMILES_LITTLE = 0.25;

const wanted = new URLSearchParams(location.search); // whom the studio's link names
const begun = await ask("/api/record/start").catch(() => null);
const now = { state: "loading", dataset: null, person: null, stream: null, track: null, clock: "presentation", taking: null, phase: null, takes: [], problem: null, verdict: null, reading: null };

function show(state) {
  now.state = state;
  document.body.dataset.state = state;
  by("who").hidden = state !== "who";
  by("consent").hidden = state !== "consent";
  by("camera").hidden = !["opening", "ready", "taking"].includes(state);
  const isTaking = state === "taking";
  by("take").hidden = isTaking;
  by("take").disabled = state !== "ready";
  by("stop").hidden = by("prompt-box").hidden = by("bar").hidden = !isTaking;
  by("next-person").hidden = isTaking;
  by("done").hidden = isTaking || begun.is_fixed; // a phone has no other page
  by("device").hidden = isTaking || by("device").childElementCount < 2;
  draw();
}

/** Write everything that depends on language and state. */
function draw() {
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const button of document.querySelectorAll("[data-lang]")) button.setAttribute("aria-pressed", String(button.dataset.lang === language()));
  document.title = `smilebench · ${t("title")}`;
  by("whose").textContent = now.person ? t("whose", { subject: now.person.subject_id, dataset: now.dataset.dataset, n: now.person.n_takes }) : "";
  by("problem").hidden = now.problem === null;
  by("problem").textContent = now.problem === null ? "" : said(now.problem);
  drawStatement();
  drawTakes();
  drawReading();
  drawPhase();
}

function said({ code, text, values }) {
  return has(code) ? t(code, values) : (text ?? code);
}

function complain(error) {
  const code = error instanceof Refused || error instanceof TakeEnded ? error.code : error instanceof TypeError ? "offline" : "other";
  now.problem = { code, text: error.message, values: { text: error.message } };
  draw();
}

function forgive() {
  now.problem = null;
}

// ---- who ------------------------------------------------------------------------------------------------------------

async function openWho() {
  closeCamera();
  Object.assign(now, { person: null, takes: [], verdict: null });
  by("datasets").replaceChildren(...begun.datasets.map((name) => make("option", { value: name })));
  by("dataset-field").hidden = begun.is_fixed;
  by("phone-open").hidden = !begun.has_phones;
  if (!by("dataset").value || begun.is_fixed) by("dataset").value = (begun.is_fixed ? null : wanted.get("dataset")) || (begun.datasets[0] ?? "people");
  by("who-problem").textContent = "";
  show("who");
  await suggest();
  by("subject").focus();
  by("subject").select();
}

async function suggest() {
  try {
    now.dataset = await ask(`/api/record/dataset?dataset=${encodeURIComponent(by("dataset").value.trim())}`);
    const isWanted = !begun.is_fixed && now.dataset.dataset === wanted.get("dataset");
    by("subject").value = begun.subject ?? ((isWanted && wanted.get("subject")) || now.dataset.next);
    wanted.delete("subject"); // the next person is another one
    by("who-problem").textContent = "";
  } catch (error) {
    by("who-problem").textContent = said({ code: error.code === "bad_request" ? "dataset_wrong" : error.code, text: error.message, values: { text: error.message } });
  }
}

by("dataset").addEventListener("change", suggest);
by("who-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  wake();
  forgive();
  const told = { dataset: by("dataset").value.trim(), subject_id: by("subject").value.trim() };
  try {
    now.dataset = await ask(`/api/record/dataset?dataset=${encodeURIComponent(told.dataset)}`);
  } catch (error) {
    by("who-problem").textContent = said({ code: error.code === "bad_request" ? "dataset_wrong" : (error.code ?? "offline"), text: error.message, values: { text: error.message } });
    return;
  }
  try {
    const person = await ask("/api/record/person", told);
    now.person = person;
    if (person.needs_consent) openConsent();
    else await openCamera();
  } catch (error) {
    now.person = null;
    const code = error.code === "bad_request" ? "subject_wrong" : (error.code ?? "offline");
    by("who-problem").textContent = said({ code, text: error.message, values: { text: error.message } });
  }
});

// ---- consent --------------------------------------------------------------------------------------------------------

function openConsent() {
  for (const scope of ["train", "publish"]) by(`scope-${scope}`).checked = false;
  by("given-by").value = "self";
  show("consent");
  by("consent-title").focus();
  scrollTo(0, 0);
}

function drawStatement() {
  if (!begun) return;
  const statement = begun.statements[language()];
  by("consent-title").textContent = statement.title;
  by("points").replaceChildren(...statement.points.map((point) => make("li", {}, point)));
  for (const scope of ["train", "publish"]) by(`scope-${scope}-text`).textContent = statement.questions[scope];
  by("consent-yes").disabled = !by("scope-train").checked;
}

by("scope-train").addEventListener("change", drawStatement);
by("consent-no").addEventListener("click", async () => {
  await openWho();
  now.problem = { code: "said_no" };
  draw();
});
by("consent-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  wake();
  forgive();
  const scopes = ["train", "publish"].filter((scope) => by(`scope-${scope}`).checked);
  const answer = { scopes, given_by: by("given-by").value, statement_sha256: begun.statements[language()].sha256 };
  try {
    now.person = await ask("/api/record/consent", { ...told(), ...answer });
    await openCamera();
  } catch (error) {
    complain(error);
  }
});

function told() {
  return { dataset: now.dataset.dataset, subject_id: now.person.subject_id, lang: language() };
}

// ---- camera ---------------------------------------------------------------------------------------------------------

async function openCamera(deviceId) {
  closeCamera();
  forgive();
  show("opening");
  by("camera-title").focus();
  const [width, height] = now.person.size_px ?? [1280, 720];
  // Turned phones give their pictures upright; the size is wished for as it will be shown.
  const video = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: now.person.nominal_fps ?? 30, max: 60 } };
  Object.assign(video, deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" });
  try {
    if (!navigator.mediaDevices?.getUserMedia) throw Object.assign(new Error(), { name: "insecure" });
    now.stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    now.problem = { code: error.name === "insecure" ? "camera_insecure" : (CAMERA_FAULTS[error.name] ?? "camera_taken"), text: error.message };
    return show("opening");
  }
  [now.track] = now.stream.getVideoTracks();
  now.track.addEventListener("ended", onUnplugged);
  by("video").srcObject = now.stream;
  await by("video").play().catch(() => undefined);
  fitStage();
  await listDevices();
  now.clock = await chooseClock(by("video"));
  if (now.stream === null) return undefined;
  show("ready");
  watch(now.stream);
  return undefined;
}

function onUnplugged() {
  if (now.taking !== null) return; // the take says so itself
  now.problem = { code: "unplugged" };
  closeCamera();
  show("opening");
}

function closeCamera() {
  now.taking?.abort();
  if (now.stream === null) return;
  now.track.removeEventListener("ended", onUnplugged);
  for (const track of now.stream.getTracks()) track.stop();
  Object.assign(now, { stream: null, track: null, reading: null });
  by("video").srcObject = null;
}

async function listDevices() {
  const devices = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  const own = now.track.getSettings().deviceId;
  by("device").setAttribute("aria-label", t("which_camera"));
  by("device").replaceChildren(...devices.map(({ deviceId, label }, at) => make("option", { value: deviceId, selected: deviceId === own }, label || `${t("which_camera")} ${at + 1}`)));
}

function fitStage() {
  const { videoWidth: width, videoHeight: height } = by("video");
  if (!width) return;
  by("stage").style.setProperty("--ratio", `${width} / ${height}`);
  by("stage").style.setProperty("--ratio-n", String(width / height));
}

by("video").addEventListener("resize", fitStage);
by("device").addEventListener("change", () => openCamera(by("device").value));

/** Have the picture judged a few times a second, as long as this stream is open. */
async function watch(stream) {
  const canvas = document.createElement("canvas");
  const video = by("video");
  while (now.stream === stream) {
    const { videoWidth, videoHeight } = video;
    if (!document.hidden && videoWidth) {
      const share = Math.min(1, LOOK_SIDE_PX / Math.max(videoWidth, videoHeight));
      Object.assign(canvas, { width: Math.round(videoWidth * share), height: Math.round(videoHeight * share) });
      canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
      try {
        now.reading = (await look(now.dataset.dataset, blob)) ?? now.reading;
      } catch {
        now.reading = null; // the meter rests; a take is judged all the same
      }
      if (now.stream === stream) drawReading();
    }
    await new Promise((resolve) => setTimeout(resolve, now.taking ? LOOK_MS_TAKING : LOOK_MS));
  }
}

function drawReading() {
  const { reading } = now;
  by("meter").hidden = reading === null;
  for (const name of ["good", "bad"]) {
    const holds = reading !== null && (reading.fault === null) === (name === "good");
    by("meter").classList.toggle(name, holds);
    by("stage").classList.toggle(name, holds);
  }
  if (reading === null) return;
  by("advice").textContent = reading.fault ? t(reading.fault) : (smileAdvice(reading) ?? t(reading.knows_faces ? "good" : "light_good"));
  by("smile-box").hidden = !reading.knows_smiles;
  const percent = Math.round(100 * (reading.smile ?? 0));
  by("smile").setAttribute("aria-valuenow", String(percent));
  by("smile").firstElementChild.style.width = `${percent}%`;
}

/** While a take asks for a face, say whether it is that one. */
function smileAdvice({ smile }) {
  if (now.taking === null || smile === null || now.phase === null) return null;
  if (now.phase.isSmile) return smile < SMILES_LITTLE ? t("smile_more") : t("smile_good");
  return smile > SMILES ? t("smile_less") : null;
}

// ---- takes ----------------------------------------------------------------------------------------------------------

function phaseAt(timeS) {
  const { phases, windows, positive_class: positive } = now.dataset.protocol;
  const phase = phases.find(({ end_s: end }) => timeS < end) ?? phases.at(-1);
  const isSmile = windows.some(({ start_s: start, label }) => label === positive && start >= phase.start_s && start < phase.end_s);
  return { phase, isSmile, leftS: Math.max(0, Math.ceil(phase.end_s - timeS)) };
}

function onTime(timeS) {
  const { phase, isSmile, leftS } = phaseAt(timeS);
  by("bar").firstElementChild.style.width = `${Math.min(100, (100 * timeS) / now.dataset.protocol.duration_s)}%`;
  if (now.phase?.phase === phase && now.phase.leftS === leftS) return;
  const begins = now.phase?.phase !== phase;
  now.phase = { phase, isSmile, leftS };
  drawPhase();
  if (begins) play(isSmile ? "smile" : phase.start_s === 0 ? "first" : "other");
}

function drawPhase() {
  if (now.phase === null) return;
  const { phase, isSmile, leftS } = now.phase;
  by("prompt").textContent = phase.prompt[language()];
  by("count").textContent = String(leftS);
  by("prompt-box").classList.toggle("smile", isSmile);
}

async function take() {
  if (now.state !== "ready") return;
  wake();
  forgive();
  now.verdict = null;
  by("again").hidden = true;
  drawVerdict();
  now.taking = new AbortController();
  now.phase = null;
  show("taking");
  const { dataset } = now;
  try {
    const film = await recordTake({ video: by("video"), track: now.track, seconds: dataset.protocol.duration_s, clock: now.clock, onTime, signal: now.taking.signal });
    send(film);
  } catch (error) {
    if (error.code !== "stopped") {
      complain(error);
      play("refused");
    }
    if (error.code === "unplugged") {
      now.taking = null;
      closeCamera();
    }
  } finally {
    now.taking = null;
    now.phase = null;
  }
  if (now.person !== null) show(now.stream === null ? "opening" : "ready");
}

async function send({ data, capture }) {
  const one = { id: crypto.randomUUID(), number: now.takes.length + 1, told: told(), state: { status: "sending" } };
  now.takes.unshift(one);
  const onState = (state) => {
    one.state = state;
    drawTakes();
  };
  onState(one.state);
  try {
    onState(await sendFilm({ id: one.id, data, capture, told: one.told, partBytes: begun.part_bytes, onState }));
  } catch (error) {
    onState({ status: "failed", code: error.code, reason: error.message });
  }
  play(one.state.status === "stored" ? "saved" : "refused");
  if (now.person?.subject_id === one.told.subject_id && one.state.n_takes !== undefined) now.person.n_takes = one.state.n_takes;
  draw();
}

/** Say in words what became of a take. */
function describe({ status, trouble, faults, cause, reason, code, n_sequences: n, share }) {
  if (trouble) return t(has(trouble) ? trouble : "retrying");
  if (status === "sending") return t("sending", { percent: Math.round(100 * (share ?? 0)) });
  if (status === "stored") return t("stored", { n });
  if (status === "apart") return t("apart", { why: faults.map((fault) => t(fault)).join(" · ") });
  if (status === "refused") return t("refused", { why: cause !== "other" && has(cause) ? t(cause) : reason });
  if (status === "failed") return t("failed", { why: code && has(code) ? t(code, { text: reason }) : reason });
  return t(status);
}

function drawTakes() {
  by("takes-title").hidden = now.takes.length === 0;
  by("takes").replaceChildren(
    ...now.takes.map((one) =>
      make(
        "li", { class: one.state.status },
        make("b", {}, t("take_n", { n: one.number })),
        make("span", {}, describe(one.state)),
        one.state.status === "stored" ? make("button", { type: "button", onclick: () => takeBack(one) }, t("take_back")) : null,
      ),
    ),
  );
  drawVerdict();
}

function drawVerdict() {
  const newest = now.takes[0];
  const isShown = newest !== undefined && now.state !== "taking" && newest.state.status !== "undone";
  by("verdict").hidden = !isShown;
  const text = isShown ? describe(newest.state) : "";
  if (by("verdict").textContent !== text) by("verdict").textContent = text;
  by("again").hidden = !(isShown && ["stored", "apart", "refused", "failed"].includes(newest.state.status));
}

async function takeBack(one) {
  try {
    one.state = await dropTake(one.id);
    if (now.person) now.person = { ...now.person, n_takes: Math.max(0, now.person.n_takes - 1) };
  } catch (error) {
    complain(error);
  }
  draw();
}

/** Take the last take back where it was stored, and record it anew. */
async function again() {
  const [newest] = now.takes;
  if (newest?.state.status === "stored") await takeBack(newest);
  if (newest?.state.status !== "stored") await take();
}

by("take").addEventListener("click", take);
by("again").addEventListener("click", again);
by("stop").addEventListener("click", () => now.taking?.abort());
by("next-person").addEventListener("click", openWho);
by("phone-open").addEventListener("click", () => openPhone(by("dataset").value.trim(), by("subject").value.trim(), complain));
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || by("phone").open) return;
  const isTyping = event.target instanceof Element && event.target.closest("input, select, button, a");
  if (now.state === "taking" && (event.key === "Escape" || event.key === "r")) now.taking?.abort();
  else if (now.state === "ready" && event.key === " " && !isTyping) {
    event.preventDefault();
    take();
  } else if (now.state === "ready" && event.key === "r" && !isTyping && !by("again").hidden) again();
});
addEventListener("beforeunload", (event) => {
  if (now.taking || now.takes.some(({ state }) => state.status === "sending")) event.preventDefault();
});
for (const button of document.querySelectorAll("[data-lang]")) {
  button.addEventListener("click", () => {
    chooseLanguage(button.dataset.lang);
    draw();
  });
}

if (begun) {
  setWords(begun.words);
  await openWho();
} else {
  by("problem").hidden = false;
  by("problem").textContent = "No server: open the address shown in the terminal. 서버에 연결할 수 없습니다. 터미널에 나온 주소로 여세요.";
}
