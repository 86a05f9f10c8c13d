/**
 * "Don't laugh": how long can you keep a straight face before the model says that you smile? Alone, in turns, or two
 * players side by side.
 *
 * Runs the hand-off's own client (/model/smile-detector.mjs) as a front end would. The policy in index.html lets the page
 * speak to this server alone, and only `keeping.mjs` sends anything: what a player who has agreed wants to keep.
 */

import { SmileDetector, describe, openCamera } from '/model/smile-detector.mjs';
import { Highlights } from '/model/smile-detector.keep.mjs';
import { watchHalves } from './halves.mjs';
import { Keeping, takeToken } from './keeping.mjs';
import { Judge } from './judge.mjs';
import { Listening } from './listening/listening.mjs';
import { Match, addBest } from './match.mjs';
import { Clips, Jokes } from './material.mjs';
import { Replay, drawCurve } from './replay.mjs';
import { muted, play, toggleSound } from './sound.mjs';
import { WORDS } from './words.mjs';

const COUNTDOWN_MS = 850;
const FROZEN_MS = 2000; // without an answer for so long, a round of two halves does not count
const LAUGH_MS = 900; // of the laugh itself are shown and kept
const MEAN_OVER = 15; // answers
const SAME_LAUGH_MS = 4000; // so near to the laugh that ended the round, what is heard is that laugh
const HEARD_MS = 2500; // so long the mark says that laughter was heard

const $ = (id) => document.getElementById(id);
const video = $('video');
const query = new URLSearchParams(location.search);
const replay = new Replay($('replay'));

let lang = ['ko', 'en'].includes(query.get('lang')) ? query.get('lang') : navigator.language.startsWith('ko') ? 'ko' : 'en';
let state = 'loading';
let sides = []; // {detector, highlights, judge, answersMs, latencies, clock}, one a player who is watched at the same time
let camera = null;
let stopWatching = null;
let failure = null; // {code, values} or {word, values}
let round = 0; // counts up, so that callbacks of an earlier round can be ignored
let match = new Match('solo', 1);
let startedMs = 0;
let endedMs = -Infinity; // when somebody's laugh ended a round
let lastedS = null;
let laughed = null; // who: 0, 1, or null
let isRecord = false;
let material = null;
let clips = [];
let keeping = null;
let listening = null; // where the game keeps, and knows laughter
let heardMs = -Infinity; // when laughter was heard last
let howToListen = null; // the command that gets what is missing for it
let lastAnswerMs = 0;

const words = () => WORDS[lang];
const picked = (name) => document.querySelector(`input[name=${name}]:checked`)?.value;
const spec = () => sides[0]?.detector.info.spec;
const bestsKey = () => `smilebench.game.bests.${spec()?.spec_id ?? ''}`;

function readBests() {
  try {
    const found = JSON.parse(localStorage.getItem(bestsKey()) ?? '[]');
    return Array.isArray(found) ? found.filter(({ seconds }) => seconds > 0) : [];
  } catch {
    return []; // a browser that keeps nothing
  }
}

function writeBest(seconds, player) {
  try {
    localStorage.setItem(bestsKey(), JSON.stringify(addBest(readBests(), { seconds, player, at: Date.now() })));
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
  $('sound-word').textContent = muted() ? words().sound_off : words().sound_on;
  $('sound').setAttribute('aria-label', $('sound-word').textContent);
  $('sound').setAttribute('aria-pressed', String(!muted()));
  $('start-word').textContent = words()[{ loading: 'loading', opening: 'opening', failed: 'retry' }[state] ?? 'start'];
  $('start').disabled = state === 'loading' || state === 'opening';
  $('message').textContent = !failure
    ? ''
    : failure.word
      ? wordsOf(failure)
      : failure.code
        ? describe(failure.code, failure.values, lang)
        : String(failure.message);
  showBests();
  showMatch();
  document.body.classList.toggle('record', state === 'over' && isRecord);
  showTime(state === 'over' && lastedS !== null ? lastedS : state === 'playing' ? secondsSo() : 0);
  const { proof } = sides[0]?.detector.info ?? {};
  $('notes').textContent = !spec()
    ? ''
    : [spec().synthetic && words().synthetic, !proof?.execution_providers.length && words().unproven]
        .filter(Boolean)
        .join(' ');
  $('private-text').textContent = words()[keeping ? 'private_keep' : 'private'];
  for (const side of [0, 1]) $(`gauge${side}`).setAttribute('aria-label', words().prob);
  material?.show(lang);
  keeping?.show();
  showListening();
}

/** The switch, and the mark that is to be seen while the microphone is open. */
function showListening() {
  $('listen').hidden = !listening;
  $('listen-how').hidden = !howToListen;
  $('listen-how').textContent = howToListen ? words().listen_how(howToListen) : '';
  const isOn = listening?.state === 'on';
  const hasHeard = isOn && performance.now() - heardMs < HEARD_MS;
  $('listen-switch').checked = isOn || listening?.state === 'asking';
  $('listen-problem').textContent = listening?.problem ? words()[listening.problem] : '';
  $('listening').hidden = !isOn;
  document.body.classList.toggle('listens', isOn);
  $('listening').classList.toggle('heard', hasHeard);
  $('listening-word').textContent = words()[hasHeard ? 'listen_heard' : 'listening'];
}

function showBests() {
  const bests = readBests();
  $('best').textContent = bests.length ? `${bests[0].seconds.toFixed(1)} ${words().seconds}` : '–';
  $('bests').replaceChildren(
    ...bests.map(({ seconds, player, at }) => {
      const day = new Date(at).toLocaleDateString(lang, { month: 'short', day: 'numeric' });
      const item = document.createElement('li');
      item.textContent = `${seconds.toFixed(1)} ${words().seconds} · ${words().player(player + 1)} · ${day}`;
      return item;
    }),
  );
}

/** The score, whose turn it is, and what became of a round. */
function showMatch() {
  const { mode, round: number, rounds, wins, player } = match;
  document.body.dataset.mode = ['ready', 'loading', 'failed'].includes(state) ? (picked('mode') ?? 'solo') : mode;
  document.body.classList.toggle('halves', mode === 'split' && ['countdown', 'playing', 'over'].includes(state));
  $('rounds').hidden = document.body.dataset.mode === 'solo';
  $('board').textContent = mode === 'solo' ? '' : words().board(Math.min(number, rounds), rounds, wins);
  $('turn').textContent = mode === 'turns' && !match.isOver ? words().turn(player + 1) : '';
  for (const side of [0, 1]) $(`name${side}`).textContent = words().player(side + 1);
  if (lastedS === null) return;
  const text = lastedS.toFixed(1);
  $('headline').textContent =
    mode !== 'split'
      ? words().lasted(text)
      : laughed === null
        ? words().nobody_laughed(text)
        : words().first(laughed + 1, text);
  const comment = words().comments.find(([below]) => lastedS < below)[1];
  const isRoundOver = mode === 'split' || (mode === 'turns' && match.player === 0);
  $('comment').textContent =
    mode === 'solo' ? comment : match.isOver ? words().champion(match.champion) : isRoundOver ? words().won(match.winner) : words().next_turn;
  $('again-word').textContent = words()[mode === 'solo' || match.isOver ? 'again' : isRoundOver ? 'next_round' : 'go_on'];
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
  stopWatching?.();
  stopWatching = null;
  camera?.stop();
  camera = null;
  listening?.stop();
  material?.stop();
  material = null;
  replay.stop();
  for (const [index, side] of sides.entries()) {
    side.highlights.clear();
    showGauge(index, 0);
    side.answersMs = [];
    side.latencies = [];
    side.clock = null;
  }
  for (const id of ['prob', 'latency', 'fps']) $(id).textContent = '–';
}

function showGauge(index, prob) {
  const threshold = spec()?.decision.threshold ?? 1;
  $(`fill${index}`).style.transform = `scaleY(${prob})`;
  $(`gauge${index}`).classList.toggle('over', prob > threshold);
  $(`gauge${index}`).classList.toggle('near', prob > threshold * 0.6 && prob <= threshold);
  $(`gauge${index}`).setAttribute('aria-valuenow', String(Math.round(prob * 100)));
  if (index > 0) return;
  // The face in the corner smiles as the model thinks you do.
  const depth = 32 + 9 * Math.min(1, prob / (2 * threshold));
  $('mouth').setAttribute('d', `M14 ${34 - (depth - 32) * 0.4} Q24 ${depth + (depth - 32)} 34 ${34 - (depth - 32) * 0.4}`);
}

function onResult(index, { detail: result }) {
  if (!camera) return;
  const nowMs = performance.now();
  lastAnswerMs = nowMs;
  const side = sides[index];
  side.answersMs = [...side.answersMs.filter((time) => time > nowMs - 1000), nowMs];
  side.clock = result.timestampMs - (nowMs - (result.latencyMs ?? 0)); // from the page's clock to the frames'
  if (result.state !== 'ready') return;
  side.latencies = [...side.latencies, result.latencyMs].slice(-MEAN_OVER);
  showGauge(index, result.smileProb);
  if (index > 0) return;
  $('prob').textContent = `${Math.round(result.smileProb * 100)} %`;
  $('latency').textContent = `${Math.round(side.latencies.reduce((sum, ms) => sum + ms, 0) / side.latencies.length)} ms`;
  $('fps').textContent = String(side.answersMs.length);
}

function onSmile(index, { detail }) {
  if (state !== 'playing') return;
  // The smile began before it counted, and before its answer arrived here.
  const agoMs = detail.timestampMs - detail.sinceMs + detail.result.latencyMs;
  end(index, Math.max(0, (performance.now() - agoMs - startedMs) / 1000), detail);
}

/** End a turn, or a round of both: somebody laughed, or (detail null) the time is up. */
function end(index, seconds, detail) {
  round += 1;
  const own = round;
  material?.stop();
  material = null;
  const player = match.mode === 'split' ? index : match.player;
  laughed = detail ? player : null;
  endedMs = detail ? performance.now() : -Infinity;
  lastedS = Math.floor(Math.min(seconds, match.mostS) * 10) / 10;
  match.end(laughed, lastedS);
  const best = readBests()[0]?.seconds ?? 0;
  isRecord = best > 0 && lastedS > best; // the first round beats nobody
  if (lastedS > 0) writeBest(lastedS, player);
  document.querySelector('.moment').classList.toggle('has', Boolean(detail?.crops));
  $('strip').replaceChildren();
  $('curve').replaceChildren();
  enter('over');
  // The stamp first: what takes time waits until it is painted.
  requestAnimationFrame(() => setTimeout(() => finish(own, index, player, detail)));
}

/** What comes just after a stamp: the sound, the moment's pictures, the replay. */
function finish(own, index, player, detail) {
  if (own !== round) return;
  play(isRecord ? 'record' : 'laugh');
  if (detail) drawStrip(detail);
  $('again').focus({ preventScroll: true });
  say(`${detail ? words().laughed : ''} ${$('headline').textContent}`);
  if (detail) setTimeout(() => showReplay(own, index, player, detail), LAUGH_MS);
}

function showReplay(own, index, player, detail) {
  if (own !== round) return;
  const moment = takeMoment(index, 'laugh', detail.timestampMs);
  if (!moment) {
    setTimeout(() => showReplay(own, index, player, detail), LAUGH_MS); // a slow page has no second of frames yet
    return;
  }
  const curve = drawCurve(moment, words().curve);
  $('curve').replaceChildren(curve);
  replay.start(moment, curve);
  keeping?.offer(moment, player, { isMain: true });
}

function takeMoment(index, trigger, atMs) {
  const moment = sides[index]?.highlights.take(trigger, { atMs });
  if (moment) moment.camera = { width: video.videoWidth, height: video.videoHeight };
  return moment;
}

/** A moment that the player, or a rule, finds worth keeping while the game goes on. */
function remember(index, trigger, atMs) {
  if (!keeping || !['playing', 'over'].includes(state)) return;
  const moment = takeMoment(index, trigger, atMs);
  if (moment) keeping.offer(moment, match.mode === 'split' ? index : match.player);
}

/** Laughter was heard, at a time of the day in ms; a microphone cannot tell whose, so each player's moment is offered. */
function onLaughter(dayMs) {
  const atMs = dayMs - performance.timeOrigin;
  heardMs = performance.now();
  setTimeout(showListening, HEARD_MS + 50);
  for (const [index, { clock }] of sides.entries()) {
    if (clock === null || (state === 'over' && Math.abs(atMs - endedMs) < SAME_LAUGH_MS)) continue;
    remember(index, 'laughter', atMs + clock);
  }
}

function drawStrip({ crops, result }) {
  const newestMs = result.frameTimesMs[result.frameTimesMs.length - 1];
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
  if (['loading', 'opening', 'countdown', 'playing'].includes(state) || $('consent').open) return;
  if (sides.length === 0) {
    load();
    return;
  }
  failure = null;
  round += 1;
  const own = round;
  replay.stop();
  if (state !== 'over' || match.isOver) match = new Match(picked('mode') ?? 'solo', Number(picked('rounds') ?? 3));
  if (!camera) {
    enter('opening');
    try {
      await needSides(match.mode === 'split' ? 2 : 1);
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
    watch();
  }
  if (match.mode === 'turns') sides[0].highlights.clear(); // another person sits there now
  lastedS = null;
  enter('countdown');
  say(match.mode === 'turns' ? words().turn(match.player + 1) : words().get_ready);
  for (const number of ['3', '2', '1', 'go']) {
    beat(number === 'go' ? words().go : number, number === 'go');
    play(number === 'go' ? 'go' : 'count');
    if (number === 'go') break;
    await wait(COUNTDOWN_MS);
    if (own !== round) return;
  }
  for (const judge of judges()) {
    const problem = await judge.waitUntilReady(() => own === round);
    if (own !== round) return;
    if (problem) {
      cancel(problem);
      return;
    }
  }
  await Promise.all(sides.map(({ detector }) => detector.reset())); // a smile before the start does not count
  if (own !== round) return;
  startedMs = performance.now();
  lastAnswerMs = startedMs;
  for (const judge of judges()) judge.begin();
  material = picked('show') === 'clips' && clips.length ? new Clips(clips) : new Jokes();
  document.body.dataset.show = material instanceof Clips ? 'clips' : 'jokes';
  enter('playing');
  say(words().go);
  setTimeout(() => beat('', false), 700);
  requestAnimationFrame(() => tick(own));
}

/** Who says whether a round can be judged; a detector measures the pace of a whole camera only. */
const judges = () => (match.mode === 'split' ? [] : [sides[0].judge]);

/** Look at the camera: as a whole, or by halves. */
function watch() {
  if (match.mode === 'split') {
    stopWatching = watchHalves(video, sides.map(({ detector }) => detector), fail);
    return;
  }
  sides[0].detector.watch(video);
  stopWatching = () => sides[0]?.detector.unwatch();
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
  showTime(Math.min(secondsSo(), match.mostS));
  const frozen = nowMs - lastAnswerMs > FROZEN_MS ? { word: 'frozen' } : null;
  const problem = judges().map((judge) => judge.problem()).find(Boolean) ?? frozen;
  if (problem) {
    cancel(problem);
    return;
  }
  if (secondsSo() >= match.mostS) {
    end(0, match.mostS, null);
    return;
  }
  material.tick(nowMs - startedMs, lang);
  requestAnimationFrame(() => tick(own));
}

/** End a round, and its match, without a result; the problem is {word, values}, or null. */
function cancel(problem) {
  stopCamera();
  beat('', false);
  failure = problem;
  match = new Match('solo', 1);
  lastedS = null;
  keeping?.leave();
  enter('ready');
}

function toggleLanguage() {
  lang = lang === 'ko' ? 'en' : 'ko';
  show();
}

$('start').addEventListener('click', start);
$('again').addEventListener('click', start);
$('menu').addEventListener('click', () => cancel(null));
$('lang').addEventListener('click', toggleLanguage);
$('remember').addEventListener('click', () => remember(0, 'button'));
$('sound').addEventListener('click', () => {
  toggleSound();
  show();
});
$('listen-switch').addEventListener('change', ({ target }) => (target.checked ? listening.start() : listening.stop()));
$('listening').addEventListener('click', () => listening.stop());
for (const choice of document.querySelectorAll('.choices input')) choice.addEventListener('change', showMatch);
document.addEventListener('visibilitychange', () => {
  if (document.hidden && ['countdown', 'playing'].includes(state)) cancel({ word: 'away' });
  else if (document.hidden) listening?.stop();
});
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || $('consent').open) return;
  if (event.key === 'Escape' && state === 'ready') listening?.stop();
  else if (event.key === 'Escape' && state !== 'loading') {
    cancel(camera ? { word: listening?.state === 'on' ? 'stopped_both' : 'stopped' } : null);
  } else if (event.code === 'KeyL') toggleLanguage();
  else if (event.code === 'KeyM') $('sound').click();
  else if (event.code === 'KeyK') remember(0, 'key');
  else if (event.code === 'KeyW' && state === 'over') keeping?.answer(false);
  else if (event.code === 'Space') {
    if (event.target.closest?.('button, summary, video, [role=switch]')) return; // the browser presses it
    event.preventDefault();
    start();
  }
});

/** Load as many detectors as are watched at the same time. */
async function needSides(count) {
  while (sides.length > count) {
    const { detector, highlights } = sides.pop();
    highlights.close();
    await detector.close();
  }
  while (sides.length < count) {
    const index = sides.length;
    const detector = await SmileDetector.create({
      spec: '/model/frontend_spec.json',
      ortUrl: '/ort/',
      provider: query.get('provider') ?? 'auto',
      keepCrops: 'each',
      allowUntested: true, // said on the page
      lang,
    });
    const highlights = new Highlights(detector);
    const judge = new Judge(detector);
    sides.push({ detector, highlights, judge, answersMs: [], latencies: [], clock: null });
    detector.addEventListener('result', (event) => onResult(index, event));
    detector.addEventListener('smilestart', (event) => onSmile(index, event));
    detector.addEventListener('error', ({ detail }) => fail(detail));
    detector.addEventListener('warning', ({ detail }) => console.info(detail.code, detail.message));
    highlights.addEventListener('moment', ({ detail }) => remember(index, detail.trigger, detail.atMs));
  }
}

async function load() {
  failure = null;
  enter('loading');
  try {
    await needSides(1);
    const about = await (await fetch('/about/game')).json();
    clips = about.clips;
    const token = takeToken();
    if (about.keep && token) keeping ??= new Keeping({ token, dataset: about.keep, words, lang: () => lang });
    if (keeping && about.listens) listening ??= new Listening({ onHeard: onLaughter, onChange: showListening });
    howToListen = keeping && !listening ? about.how_to_listen : null;
  } catch (error) {
    fail(error);
    return;
  }
  const { provider, threads } = sides[0].detector.info;
  $('runs').textContent = provider === 'wasm' ? `wasm × ${threads}` : provider;
  for (const side of [0, 1]) $(`limit${side}`).style.bottom = `${spec().decision.threshold * 100}%`;
  $('show-choice').hidden = clips.length === 0;
  document.body.classList.toggle('keeps', Boolean(keeping));
  enter('ready');
}

show();
load();
