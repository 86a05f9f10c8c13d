/** Short sounds, made in the page: no file is loaded. M switches them off; the browser remembers it. */

const KEY = 'smilebench.game.mute';
const NOTES = {
  count: [[440, 0, 0.12]],
  go: [[880, 0, 0.3]],
  laugh: [[520, 0, 0.12], [390, 0.1, 0.12], [260, 0.2, 0.35]],
  record: [[523, 0, 0.12], [659, 0.1, 0.12], [784, 0.2, 0.12], [1047, 0.3, 0.35]],
  kept: [[660, 0, 0.08], [880, 0.08, 0.12]],
};

let context = null;
let isMuted = read();

function read() {
  try {
    return localStorage.getItem(KEY) === '1';
  } catch {
    return false;
  }
}

export const muted = () => isMuted;

export function toggleSound() {
  isMuted = !isMuted;
  try {
    localStorage.setItem(KEY, isMuted ? '1' : '0');
  } catch {
    // then it counts for this visit only
  }
}

/** Play one of the sounds; where the browser allows none, nothing happens. */
export function play(name) {
  if (isMuted) return;
  try {
    context ??= new AudioContext();
    if (context.state === 'suspended') context.resume().catch(() => undefined);
    for (const [hertz, afterS, lengthS] of NOTES[name]) {
      const at = context.currentTime + afterS;
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.type = 'triangle';
      tone.frequency.value = hertz;
      volume.gain.setValueAtTime(0.0001, at);
      volume.gain.exponentialRampToValueAtTime(0.16, at + 0.015);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + lengthS);
      tone.connect(volume).connect(context.destination);
      tone.start(at);
      tone.stop(at + lengthS + 0.02);
    }
  } catch {
    // a browser without sound
  }
}
