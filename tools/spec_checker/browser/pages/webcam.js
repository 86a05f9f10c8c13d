// Runs before the example page: records the film frame of each VideoFrame, and every result of the detector.
(() => {
  const recorded = { frames: [], results: [], warnings: [], errors: [], colors: null };
  globalThis.webcamProof = recorded;
  const { band, bits } = globalThis.webcamProofSettings;
  const [x0, y0, x1, y1] = band;
  const isUpright = y1 - y0 >= x1 - x0;
  const canvas = new OffscreenCanvas(isUpright ? 1 : bits, isUpright ? bits : 1);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.imageSmoothingEnabled = false; // takes the middle of each block

  /** Read the counter in the film's margin; null if its checksum fails, as on a torn picture. */
  function readCounter(frame) {
    const [width, height] = isUpright ? [x1 - x0 - 8, y1 - y0] : [x1 - x0, y1 - y0 - 8];
    context.drawImage(frame, x0, y0, width, height, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let value = 0;
    for (let place = 0; place < bits; place += 1) value = value * 2 + (data[place * 4 + 1] > 127 ? 1 : 0);
    const number = value >> 4;
    const check = (number & 15) ^ ((number >> 4) & 15) ^ ((number >> 8) & 15);
    return check === (value & 15) ? number : null;
  }

  globalThis.VideoFrame = class extends VideoFrame {
    constructor(source, init) {
      super(source, init);
      if (source instanceof HTMLVideoElement) {
        recorded.colors ??= { matrix: this.colorSpace.matrix, fullRange: this.colorSpace.fullRange };
        recorded.frames.push({ timestampUs: this.timestamp, number: readCounter(this) });
      }
    }
  };

  /** Record the results of the page's detector. */
  globalThis.followDetector = () => {
    const detector = globalThis.smileDetector;
    // smile_prob is smileProb in a result, another class's output accordingly.
    const probKey = detector.info.spec.decision.output.replace(/_+([a-z0-9])/g, (_, letter) => letter.toUpperCase());
    detector.addEventListener('result', ({ detail }) => {
      const { state, timestampMs, latencyMs, readMs, preprocessMs, landmarksMs, inferenceMs } = detail;
      const ms = { latencyMs, readMs, preprocessMs, landmarksMs, inferenceMs };
      recorded.results.push({ state, prob: detail[probKey], timestampMs, atMs: performance.now(), ...ms });
    });
    detector.addEventListener('warning', ({ detail }) => recorded.warnings.push(`${detail.code}: ${detail.message}`));
    detector.addEventListener('error', ({ detail }) => recorded.errors.push(`${detail.code}: ${detail.message}`));
    const { provider, graph, threads, loadMs, warmUpMs, worker, ortVersion } = detector.info;
    return { provider, graph, threads, loadMs, warmUpMs, worker, ortVersion };
  };
})();
