/** Hands what the microphone hears to the worker that listens, in pieces of about a tenth of a second, as one channel. */

const PIECE = 4096; // samples

class PickUp extends AudioWorkletProcessor {
  #port = null; // of the worker; without it nothing is held
  #piece = new Float32Array(PIECE);
  #n = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data: { port } }) => (this.#port = port);
  }

  process([channels]) {
    const length = this.#port ? (channels[0]?.length ?? 0) : 0;
    for (let n = 0; n < length; n += 1) {
      let sum = 0;
      for (const channel of channels) sum += channel[n];
      this.#piece[this.#n] = sum / channels.length;
      this.#n += 1;
      if (this.#n === PIECE) {
        this.#port.postMessage(this.#piece, [this.#piece.buffer]);
        this.#piece = new Float32Array(PIECE);
        this.#n = 0;
      }
    }
    return true;
  }
}

registerProcessor('pick-up', PickUp);
