/** What is to make the player laugh: jokes of the page, or clips and pictures of the team's own folder. */

import { JOKES } from './words.mjs';

const FIRST_MS = 1000; // a straight face first
const JOKE_MS = 7000; // a joke's turn, and when its answer comes
const ANSWER_MS = 2600;
const PICTURE_MS = 5000;
const MOST_CLIP_MS = 20_000; // of a film that is longer, the beginning

const $ = (id) => document.getElementById(id);

export function shuffle(length) {
  const order = Array.from({ length }, (_, place) => place);
  for (let last = length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/** Question, then answer, then the next one. */
export class Jokes {
  #order = shuffle(JOKES.ko.length);
  #place = -1;
  #isAnswered = true;

  /** Say where it is, so long after the round began. */
  tick(sinceMs, lang) {
    const place = Math.floor(Math.max(0, sinceMs - FIRST_MS) / JOKE_MS);
    const isAnswered = Math.max(0, sinceMs - FIRST_MS) % JOKE_MS > ANSWER_MS;
    if (place === this.#place && isAnswered === this.#isAnswered) return;
    [this.#place, this.#isAnswered] = [place, isAnswered];
    this.show(lang);
  }

  show(lang) {
    const list = JOKES[lang];
    const [question, answer] = list[this.#order[Math.max(0, this.#place) % this.#order.length] % list.length];
    $('question').textContent = question;
    $('answer').textContent = answer;
    $('answer').classList.toggle('hidden', !this.#isAnswered);
  }

  stop() {}
}

/** One clip or picture after the other; a film goes on until its end, a picture for a while. */
export class Clips {
  #clips;
  #order;
  #place = -1;
  #untilMs = FIRST_MS;

  /** @param {{name: string, kind: 'film' | 'picture'}[]} clips */
  constructor(clips) {
    this.#clips = clips;
    this.#order = shuffle(clips.length);
    $('clip').replaceChildren();
  }

  tick(sinceMs) {
    if (sinceMs < this.#untilMs) return;
    this.#place += 1;
    const { name, kind } = this.#clips[this.#order[this.#place % this.#order.length]];
    const url = `/clips/${encodeURIComponent(name)}`;
    const next = () => (this.#untilMs = 0);
    if (kind === 'picture') {
      const image = Object.assign(new Image(), { alt: '', onerror: next, src: url });
      $('clip').replaceChildren(image);
      this.#untilMs = sinceMs + PICTURE_MS;
      return;
    }
    const film = Object.assign(document.createElement('video'), { playsInline: true, onended: next, onerror: next, src: url });
    $('clip').replaceChildren(film);
    this.#untilMs = sinceMs + MOST_CLIP_MS;
    film.play().catch(() => {
      film.muted = true; // a browser that plays no sound unasked
      film.play().catch(next);
    });
  }

  show() {}

  stop() {
    $('clip').querySelector('video')?.pause();
    $('clip').replaceChildren();
  }
}
