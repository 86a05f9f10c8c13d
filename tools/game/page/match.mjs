/** The rules of a match: rounds, turns, who wins. Pure: no page, no clock. README.md and the page say them to people. */

export const MODES = ['solo', 'turns', 'split'];
export const MOST_S = 60; // with two players a round ends here: whoever has not laughed has held out

/**
 * solo: one player, one round, no end. turns: each round both play, one after the other; who lasts longer wins it.
 * split: both play at once; who laughs first loses the round.
 */
export class Match {
  constructor(mode, rounds) {
    if (!MODES.includes(mode)) throw new RangeError(`mode: found ${mode}`);
    this.mode = mode;
    this.rounds = mode === 'solo' ? 1 : rounds;
    this.round = 1;
    this.player = 0; // whose turn it is; of both in split the first
    this.wins = [0, 0];
    this.times = [[], []]; // seconds of each round
    this.isOver = false;
    this.winner = null; // of the last round: 0, 1, or null for a draw
  }

  get mostS() {
    return this.mode === 'solo' ? Infinity : MOST_S;
  }

  /** Take in how a turn, or a round of both, has ended: who laughed (null: nobody), after how many seconds. */
  end(laughed, seconds) {
    if (this.isOver) throw new RangeError('the match is over');
    if (this.mode === 'split') {
      for (const player of [0, 1]) this.times[player].push(seconds);
      this.#decide(laughed === null ? null : 1 - laughed);
      return;
    }
    this.times[this.player].push(seconds);
    if (this.mode === 'solo') {
      this.isOver = true;
    } else if (this.player === 0) {
      this.player = 1;
    } else {
      const [first, second] = this.times.map((times) => times[times.length - 1]);
      this.player = 0;
      this.#decide(first === second ? null : first > second ? 0 : 1);
    }
  }

  #decide(winner) {
    this.winner = winner;
    if (winner !== null) this.wins[winner] += 1;
    if (this.round === this.rounds) this.isOver = true;
    else this.round += 1;
  }

  /** Who has won the match: most rounds, then the longest time in all; null for a draw. */
  get champion() {
    const [a, b] = this.wins;
    if (a !== b) return a > b ? 0 : 1;
    const [first, second] = this.times.map((times) => Math.round(times.reduce((sum, s) => sum + s, 0) * 10));
    return first === second ? null : first > second ? 0 : 1;
  }
}

/** Put a time into a list of the best: the longest first, so many at most; of equal ones the earlier stays ahead. */
export function addBest(bests, entry, most = 5) {
  return [...bests, entry].sort((a, b) => b.seconds - a.seconds || a.at - b.at).slice(0, most);
}
