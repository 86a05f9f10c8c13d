/**
 * "Don't laugh": how long can you keep a straight face before the model says that you smile?
 *
 * Runs the hand-off's own client (/model/smile-detector.mjs) as a front end would. Nothing leaves the page: the policy in
 * index.html lets it speak to this server alone, and this file sends nothing.
 */

import { SmileDetector, describe, openCamera } from '/model/smile-detector.mjs';
import { Judge } from './judge.mjs';
import { JOKES, WORDS } from './words.mjs';

const COUNTDOWN_MS = 850;
const JOKE_MS = 7000; // a joke's turn, and when its answer comes
const ANSWER_MS = 2600;
const MEAN_OVER = 15; // answers

const $ = (id) => document.getElementById(id);
const video = $('video');
const query = new URLSearchParams(location.search);

let lang = ['ko', 'en'].includes(query.get('lang')) ? query.get('lang') : navigator.language.startsWith('ko') ? 'ko' : 'en';
let state = 'loading';
let detector = null;
let judge = null; // says whether a round can be judged
let camera = null;
let failure = null; // {code, values} or {word, values}
let round = 0; // counts up, so that callbacks of an earlier round can be ignored
let startedMs = 0;
let lastedS = null;
let isRecord = false;
let joke = null; // {order, place, isAnswered, sinceMs}
let answersMs = [];
let latencies = [];

const words = () => WORDS[lang];
const bestKey = () => `smilebench.game.best.${detector?.info.spec.spec_id ?? ''}`;

function readBest() {
  try {
    return Number(localStorage.getItem(bestKey())) || 0;
  } catch {
    return 0; // a browser that keeps nothing
  }
}

function writeBest(seconds) {
  try {
    localStorage.setItem(bestKey(), String(seconds));
  } catch {
    // then it counts for this visit only
  }
}

function enter(next) {
  state = next;
  document.body.dataset.state = next;
  show();
}

/** Write everything that depends on language and state. */
function show() {
  document.documentElement.lang = lang;
  document.title = words().title;
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = words()[element.dataset.text];
  $('lang').textContent = words().other;
  $('lang').lang = lang === 'ko' ? 'en' : 'ko';
  $('start-word').textContent = words()[{ loading: 'loading', opening: 'opening', failed: 'retry' }[state] ?? 'start'];
  $('start').disabled = state === 'loading' || state === 'opening';
  $('message').textContent = !failure
    ? ''
    : failure.word
      ? wordsOf(failure)
      : failure.code
        ? describe(failure.code, failure.values, lang)
        : String(failure.message);
  const best = readBest();
  $('best').textContent = best ? `${best.toFixed(1)} ${words().seconds}` : '–';
  document.body.classList.toggle('record', state === 'over' && isRecord);
  showTime(state === 'over' && lastedS !== null ? lastedS : state === 'playing' ? secondsSo() : 0);
  if (lastedS !== null) {
    $('headline').textContent = words().lasted(lastedS.toFixed(1));
    $('comment').textContent = words().comments.find(([below]) => lastedS < below)[1];
  }
  const { spec, proof } = detector?.info ?? {};
  $('notes').textContent = !spec
    ? ''
    : [spec.synthetic && words().synthetic, !proof?.execution_providers.length && words().unproven]
        .filter(Boolean)
        .join(' ');
  $('gauge').setAttribute('aria-label', words().prob);
  if (joke) showJoke();
}

/** A word of words.mjs, some of which take values. */
function wordsOf({ word, values }) {
  const text = words()[word];
  return typeof text === 'function' ? text(values) : text;
}

const secondsSo = () => (performance.now() - startedMs) / 1000;

function showTime(seconds) {
  const unit = Object.assign(document.createElement('small'), { textContent: words().seconds });
  $('time').replaceChildren(seconds.toFixed(1), unit);
}

function say(text) {
  $('announcer').textContent = text;
}

function fail(error) {
  if (!error.code) console.error(error);
  failure = error;
  stopCamera();
  enter('failed');
}

function stopCamera() {
  round += 1;
  detector?.unwatch();
  camera?.stop();
  camera = null;
  joke = null;
  showGauge(0);
  answersMs = [];
  latencies = [];
  for (const id of ['prob', 'latency', 'fps']) $(id).textContent = '–';
}

function showGauge(prob) {
  const threshold = detector?.info.spec.decision.threshold ?? 1;
  $('fill').style.transform = `scaleY(${prob})`;
  $('gauge').classList.toggle('over', prob > threshold);
  $('gauge').classList.toggle('near', prob > threshold * 0.6 && prob <= threshold);
  $('gauge').setAttribute('aria-valuenow', String(Math.round(prob * 100)));
  // The face in the corner smiles as the model thinks you do.
  const depth = 32 + 9 * Math.min(1, prob / (2 * threshold));
  $('mouth').setAttribute('d', `M14 ${34 - (depth - 32) * 0.4} Q24 ${depth + (depth - 32)} 34 ${34 - (depth - 32) * 0.4}`);
}

function onResult({ detail: result }) {
  const nowMs = performance.now();
  answersMs = [...answersMs.filter((time) => time > nowMs - 1000), nowMs];
  if (result.state !== 'ready') return;
  latencies = [...latencies, result.latencyMs].slice(-MEAN_OVER);
  showGauge(result.smileProb);
  $('prob').textContent = `${Math.round(result.smileProb * 100)} %`;
  $('latency').textContent = `${Math.round(latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length)} ms`;
  $('fps').textContent = String(answersMs.length);
}

function onSmile({ detail }) {
  if (state !== 'playing') return;
  // The smile began before it counted, and before its answer arrived here.
  const agoMs = detail.timestampMs - detail.sinceMs + detail.result.latencyMs;
  end(Math.max(0, (performance.now() - agoMs - startedMs) / 1000), detail);
}

function end(seconds, detail) {
  round += 1;
  joke = null;
  lastedS = Math.floor(seconds * 10) / 10;
  const best = readBest();
  isRecord = best > 0 && lastedS > best; // the first round beats nobody
  if (lastedS > best) writeBest(lastedS);
  drawStrip(detail);
  enter('over');
  $('again').focus({ preventScroll: true });
  say(`${words().laughed} ${words().lasted(lastedS.toFixed(1))}`);
}

function drawStrip({ crops, result }) {
  const newestMs = result.frameTimesMs[result.frameTimesMs.length - 1];
  document.querySelector('.moment').classList.toggle('has', Boolean(crops));
  $('strip').replaceChildren(
    ...(crops ?? []).map((crop, place) => {
      const canvas = document.createElement('canvas');
      canvas.width = crop.width;
      canvas.height = crop.height;
      canvas.getContext('2d').putImageData(crop, 0, 0);
      const caption = document.createElement('figcaption');
      caption.textContent = `${((result.frameTimesMs[place] - newestMs) / 1000).toFixed(1).replace('-', '−')} s`;
      const figure = document.createElement('figure');
      figure.append(canvas, caption);
      return figure;
    }),
  );
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function start() {
  if (['loading', 'opening', 'countdown', 'playing'].includes(state)) return;
  if (!detector) {
    load();
    return;
  }
  failure = null;
  round += 1;
  const own = round;
  if (!camera) {
    enter('opening');
    try {
      const opened = await openCamera(video, { lang, onLost: fail });
      if (own !== round) {
        opened.stop();
        return;
      }
      camera = opened;
    } catch (error) {
      fail(error);
      return;
    }
    detector.watch(video);
  }
  enter('countdown');
  say(words().get_ready);
  for (const number of ['3', '2', '1', 'go']) {
    beat(number === 'go' ? words().go : number, number === 'go');
    if (number === 'go') break;
    await wait(COUNTDOWN_MS);
    if (own !== round) return;
  }
  const problem = await judge.waitUntilReady(() => own === round);
  if (own !== round) return;
  if (problem) {
    cancel(problem);
    return;
  }
  await detector.reset(); // a smile before the start does not count
  if (own !== round) return;
  startedMs = performance.now();
  judge.begin();
  joke = { order: shuffle(JOKES.ko.length), place: -1, sinceMs: 0, isAnswered: true };
  lastedS = null;
  enter('playing');
  say(words().go);
  setTimeout(() => beat('', false), 700);
  requestAnimationFrame(() => tick(own));
}

function beat(text, isWord) {
  const count = $('count');
  count.textContent = text;
  count.classList.toggle('word', isWord);
  count.classList.remove('beat');
  void count.offsetWidth; // lets the animation begin again
  if (text) count.classList.add('beat');
}

function tick(own) {
  if (own !== round || state !== 'playing') return;
  const nowMs = performance.now();
  showTime(secondsSo());
  const problem = judge.problem();
  if (problem) {
    cancel(problem);
    return;
  }
  const sinceStartMs = nowMs - startedMs;
  const place = Math.floor(Math.max(0, sinceStartMs - 1000) / JOKE_MS);
  const isAnswered = (Math.max(0, sinceStartMs - 1000) % JOKE_MS) > ANSWER_MS;
  if (place !== joke.place || isAnswered !== joke.isAnswered) {
    joke = { ...joke, place, isAnswered };
    showJoke();
  }
  requestAnimationFrame(() => tick(own));
}

function showJoke() {
  const list = JOKES[lang];
  const [question, answer] = list[joke.order[Math.max(0, joke.place) % joke.order.length] % list.length];
  $('question').textContent = question;
  $('answer').textContent = answer;
  $('answer').classList.toggle('hidden', !joke.isAnswered);
}

function shuffle(length) {
  const order = Array.from({ length }, (_, place) => place);
  for (let last = length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/** End a round without a result; the problem is {word, values}, or null. */
function cancel(problem) {
  stopCamera();
  beat('', false);
  failure = problem;
  enter('ready');
}

function toggleLanguage() {
  lang = lang === 'ko' ? 'en' : 'ko';
  show();
}

$('start').addEventListener('click', start);
$('again').addEventListener('click', start);
$('lang').addEventListener('click', toggleLanguage);
document.addEventListener('visibilitychange', () => {
  if (document.hidden && ['countdown', 'playing'].includes(state)) cancel({ word: 'away' });
});
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === 'Escape' && state !== 'loading' && state !== 'ready') cancel(camera ? { word: 'stopped' } : null);
  else if (event.code === 'KeyL') toggleLanguage();
  else if (event.code === 'Space') {
    if (event.target instanceof HTMLButtonElement) return; // the browser presses it
    event.preventDefault();
    start();
  }
});

async function load() {
  failure = null;
  enter('loading');
  try {
    detector = await SmileDetector.create({
      spec: '/model/frontend_spec.json',
      ortUrl: '/ort/',
      provider: query.get('provider') ?? 'auto',
      keepCrops: true,
      allowUntested: true, // said on the page
      lang,
    });
  } catch (error) {
    fail(error);
    return;
  }
  judge = new Judge(detector);
  detector.addEventListener('result', onResult);
  detector.addEventListener('smilestart', onSmile);
  detector.addEventListener('error', ({ detail }) => fail(detail));
  detector.addEventListener('warning', ({ detail }) => console.info(detail.code, detail.message));
  const { provider, threads, spec } = detector.info;
  $('runs').textContent = provider === 'wasm' ? `wasm × ${threads}` : provider;
  $('limit').style.bottom = `${spec.decision.threshold * 100}%`;
  enter('ready');
}

show();
load();
