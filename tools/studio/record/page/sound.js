// Short tones when a phase begins, so that a person need not read: the recorder's own notes, made in the page.

const CUES = {
  first: [[440, 0.16]],
  smile: [[659.26, 0.1], [880, 0.22]],
  other: [[440, 0.1], [329.63, 0.22]],
  saved: [[659.26, 0.08], [880, 0.08], [1318.51, 0.2]],
  refused: [[220, 0.3]],
};
const VOLUME = 0.28;
let context = null;

/** Wake the loudspeaker; browsers allow it only after the person has clicked. */
export function wake() {
  try {
    context ??= new AudioContext();
    context.resume().catch(() => undefined);
  } catch {
    // a browser without sound
  }
}

/** Play one of the cues; where there is no sound, nothing happens. */
export function play(cue) {
  if (context === null || context.state !== "running") return;
  let at = context.currentTime;
  for (const [hertz, lengthS] of CUES[cue]) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(VOLUME, at + 0.012);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + lengthS);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + lengthS);
    at += lengthS;
  }
}
