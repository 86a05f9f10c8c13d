/**
 * What a player keeps: asks for consent once, sends the moments that the player chose, shows what is kept and deletes it.
 *
 * Only where the game was started with --keep: its address then carries the endpoint's token behind #. Moments are in
 * memory until a player answers; without a yes nothing is sent and nothing stored.
 */

import { KeepEndpoint } from '/model/smile-detector.keep.mjs';
import { drawFrame, frameAt } from './replay.mjs';
import { play } from './sound.mjs';

const MOST_WAITING = 4; // moments in memory that nobody has answered; each takes up to 45 MB
const SUBJECT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const $ = (id) => document.getElementById(id);

/** Take the token out of the address, so that it is not copied with it. */
export function takeToken() {
  const found = /(?:^#|&)keep=([\w-]+)/.exec(location.hash)?.[1] ?? null;
  if (!found) return sessionStorage.getItem('smilebench.game.keep');
  sessionStorage.setItem('smilebench.game.keep', found);
  history.replaceState(null, '', location.pathname + location.search);
  return found;
}

export class Keeping {
  #endpoint;
  #dataset;
  #words;
  #lang;
  #people = [null, null]; // pseudonym of each player
  #waiting = []; // {moment, player, state: 'asked' | 'sending' | 'failed', text}
  #kept = [[], []];
  #asking = null;

  /** @param {{token: string, dataset: string, words: () => object, lang: () => string}} page */
  constructor({ token, dataset, words, lang }) {
    this.#endpoint = new KeepEndpoint('/keep/', token);
    this.#dataset = dataset;
    this.#words = words;
    this.#lang = lang;
    $('right').addEventListener('click', () => this.answer(true));
    $('wrong').addEventListener('click', () => this.answer(false));
    $('other').addEventListener('click', () => this.#change());
    $('consent').addEventListener('cancel', () => this.#asking?.(null));
    $('consent-no').addEventListener('click', () => this.#asking?.(null));
    $('consent-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#asking?.('yes');
    });
  }

  /** Offer a moment to the player; the newest that the game is about comes first. */
  offer(moment, player, { isMain = false } = {}) {
    if (isMain) this.#waiting = this.#waiting.filter((one) => !one.isMain || one.state === 'sending');
    this.#waiting.unshift({ moment, player, isMain, state: 'asked', text: '' });
    for (const one of this.#waiting.filter(({ state }) => state === 'asked').slice(MOST_WAITING)) this.#forget(one);
    this.show();
  }

  /** Forget who plays, and what nobody has answered: whoever comes next is asked for a pseudonym. */
  leave() {
    for (const one of this.#waiting.filter(({ state }) => state !== 'sending')) this.#forget(one);
    this.#people = [null, null];
    this.#kept = [[], []];
    this.show();
  }

  /** The player's word on the moment that the round ended with: did I laugh? */
  answer(didLaugh) {
    const main = this.#waiting.find(({ isMain, state }) => isMain && state !== 'sending');
    return main ? this.#keep(main, didLaugh) : Promise.resolve();
  }

  /** Another person sits there: the next answer asks for a pseudonym. */
  #change() {
    const main = this.#waiting.find(({ isMain }) => isMain);
    if (!main) return;
    this.#people[main.player] = null;
    this.#kept[main.player] = [];
    this.show();
  }

  async #keep(entry, didLaugh) {
    const { moment, player } = entry;
    const { classes, positive_class: positive } = moment.info.spec;
    moment.playerLabel = didLaugh ? positive : classes.find((name) => name !== positive);
    const subject = this.#people[player] ?? (await this.#askWho(player));
    if (subject === null) return;
    entry.state = 'sending';
    entry.text = this.#words().sending;
    this.show();
    try {
      const onRetry = () => {
        entry.text = this.#words().retrying;
        this.show();
      };
      await this.#endpoint.send(moment, subject, { onRetry });
      play('kept');
      this.#forget(entry);
    } catch (error) {
      if (error.code === 'no-consent') this.#people[player] = null;
      entry.state = 'failed';
      entry.text = this.#reason(error);
    }
    await this.#refresh(player);
  }

  #reason({ code, message }) {
    return this.#words().refused[code] ?? `${code}: ${message}`;
  }

  #forget(entry) {
    this.#waiting = this.#waiting.filter((one) => one !== entry);
    if (!$('replay').hidden && entry.isMain) return; // it is being shown; the next round lets it go
    entry.moment.drop();
  }

  /** Ask for the pseudonym, and for consent where there is none; null for a no. Nothing is stored before a yes. */
  async #askWho(player) {
    if (this.#asking) return null;
    const words = this.#words();
    const dialog = $('consent');
    const answered = () => new Promise((resolve) => (this.#asking = resolve));
    $('who-label').textContent = words.who(player + 1);
    $('who').value = '';
    this.#step('who', '');
    dialog.showModal();
    try {
      let subject;
      for (;;) {
        if ((await answered()) === null) return null;
        subject = $('who').value.trim();
        if (!SUBJECT.test(subject)) {
          this.#step('who', words.who_wrong);
          continue;
        }
        if ((await this.#endpoint.consent(subject)).has_consent) break;
        const { statement } = await this.#endpoint.info(subject, this.#lang());
        this.#showStatement(statement);
        if ((await answered()) === null) return null;
        const scopes = ['train', 'publish'].filter((scope) => $(`scope-${scope}`).checked);
        if (!scopes.includes('train')) return null;
        await this.#endpoint.agree(subject, statement, scopes);
        break;
      }
      this.#people[player] = subject;
      return subject;
    } catch (error) {
      $('keep-note').textContent = this.#reason(error);
      return null;
    } finally {
      this.#asking = null;
      dialog.close();
    }
  }

  #step(name, problem) {
    $('step-who').hidden = name !== 'who';
    $('step-statement').hidden = name !== 'statement';
    $('who-problem').textContent = problem;
    $('consent-yes').disabled = false;
    $('consent-yes').textContent = this.#words()[name === 'who' ? 'next' : 'agree'];
    if (name === 'who') $('who').focus();
  }

  #showStatement(statement) {
    $('statement-title').textContent = statement.title;
    $('statement-points').replaceChildren(...statement.points.map((point) => make('li', point)));
    for (const scope of ['train', 'publish']) {
      $(`scope-${scope}`).checked = false;
      $(`scope-${scope}-text`).textContent = statement.questions[scope];
    }
    this.#step('statement', '');
    $('consent-yes').disabled = true;
    $('scope-train').onchange = () => ($('consent-yes').disabled = !$('scope-train').checked);
    $('consent').scrollTop = 0;
  }

  async #refresh(player) {
    const subject = this.#people[player];
    try {
      this.#kept[player] = subject === null ? [] : await this.#endpoint.list(subject);
    } catch (error) {
      $('keep-note').textContent = this.#reason(error);
    }
    this.show();
  }

  /** Write everything that depends on language and state. */
  show() {
    const words = this.#words();
    $('keep-about').textContent = words.keep_about(this.#dataset);
    const main = this.#waiting.find(({ isMain }) => isMain);
    $('keep-question').hidden = !main;
    for (const id of ['right', 'wrong']) $(id).disabled = main?.state === 'sending';
    $('keep-main').textContent = main?.text ?? '';
    const who = main ? this.#people[main.player] : null;
    $('other').hidden = who === null;
    $('other').textContent = words.not_me(who);
    $('tray').replaceChildren(...this.#waiting.filter(({ isMain }) => !isMain).map((one) => this.#trayItem(one)));
    $('tray-title').hidden = $('tray').childElementCount === 0;
    const kept = [0, 1].flatMap((player) => this.#kept[player].map((one) => this.#keptItem(one, player)));
    $('kept').replaceChildren(...kept);
    $('kept-title').hidden = kept.length === 0;
    $('keep').hidden = !this.#waiting.length && !kept.length && !$('keep-note').textContent;
  }

  #trayItem(entry) {
    const words = this.#words();
    const picture = document.createElement('canvas');
    drawFrame(picture, entry.moment, frameAt(entry.moment, entry.moment.atMs));
    const item = document.createElement('li');
    const buttons = [
      button(words.i_laughed, () => this.#keep(entry, true)),
      button(words.i_did_not, () => this.#keep(entry, false)),
      button(words.drop, () => {
        this.#forget(entry);
        this.show();
      }),
    ];
    for (const one of buttons) one.disabled = entry.state === 'sending';
    const text = make('div', '');
    text.append(make('b', words.triggers[entry.moment.trigger]), make('span', entry.text), ...buttons);
    item.append(picture, text);
    return item;
  }

  #keptItem(kept, player) {
    const words = this.#words();
    const item = document.createElement('li');
    const when = new Date(kept.captured_utc).toLocaleTimeString(this.#lang());
    const label = kept.player_label === null ? '' : ` · ${words.labels[kept.player_label] ?? kept.player_label}`;
    const apart = kept.faults.length ? ` · ${words.apart}` : '';
    const facts = `${words.triggers[kept.trigger]} · ${words.kept_facts(kept.duration_s.toFixed(1), kept.n_frames)}`;
    const text = make('div', '');
    const remove = button(words.delete, async () => {
      remove.disabled = true;
      try {
        await this.#endpoint.remove(this.#people[player], kept.moment_id);
      } catch (error) {
        $('keep-note').textContent = this.#reason(error);
      }
      await this.#refresh(player);
    });
    const look = button(words.look, async () => {
      const film = document.createElement('video');
      Object.assign(film, { controls: true, muted: true, loop: true, autoplay: true, playsInline: true });
      film.src = URL.createObjectURL(await this.#endpoint.film(this.#people[player], kept.moment_id));
      item.querySelector('video')?.remove();
      item.append(film);
    });
    text.append(make('b', `${this.#people[player]} · ${when}${label}`), make('span', `${facts}${apart}`), look, remove);
    item.append(text);
    return item;
  }
}

function make(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}

function button(text, onClick) {
  const made = Object.assign(document.createElement('button'), { type: 'button', className: 'quiet', textContent: text });
  made.addEventListener('click', onClick);
  return made;
}
