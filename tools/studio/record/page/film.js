// A film of the camera whose frames carry the time of the page's own clock, the one that shows the prompts.
//
// Each frame is taken as the browser shows it (requestVideoFrameCallback), stamped by the moment when the camera took it,
// and encoded: VP8 by WebCodecs, or else a JPEG each. The container is IVF: a header, then length, time and bytes of
// each frame. All of it stays in memory until it is sent.

const BITS_A_PIXEL = 0.45;
const LEAST_BITS = 6e6;
const MOST_BITS = 20e6;
const MOST_QUEUED = 15; // frames that wait for the encoder; more are counted as missed
const KEY_EVERY_S = 1;
const SILENT_MS = 4000; // a camera that gives nothing for so long has stopped
const JPEG_QUALITY = 0.95;
const MATRICES = { bt709: "bt709", bt470bg: "bt470bg", smpte170m: "smpte170m", "bt2020-ncl": "bt2020nc" };

/** Why a take ended before its time; code is a key of the page's words. */
export class TakeEnded extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Call back with each frame that the camera gives: (frame's stamp in ms of performance.now(), its metadata). */
function watchFrames(video, onFrame) {
  let isOpen = true;
  if ("requestVideoFrameCallback" in video) {
    const next = (now, metadata) => {
      if (!isOpen) return;
      video.requestVideoFrameCallback(next);
      onFrame(now, metadata);
    };
    video.requestVideoFrameCallback(next);
  } else {
    let last = -1;
    const look = (now) => {
      if (!isOpen) return;
      requestAnimationFrame(look);
      if (video.currentTime === last) return;
      last = video.currentTime;
      onFrame(now, { presentationTime: now, mediaTime: last, presentedFrames: null });
    };
    requestAnimationFrame(look);
  }
  return () => {
    isOpen = false;
  };
}

/** Learn by some frames of the preview which clock stamps them: "capture" where the browser says when it took them. */
export async function chooseClock(video, n = 6) {
  const seen = [];
  await new Promise((resolve) => {
    const stop = watchFrames(video, (now, metadata) => {
      seen.push(metadata);
      if (seen.length < n) return;
      stop();
      resolve();
    });
    setTimeout(() => (stop(), resolve()), 3000);
  });
  const isTold = seen.length === n && seen.every(({ captureTime, presentationTime }) => captureTime > 0 && presentationTime - captureTime > -50 && presentationTime - captureTime < 500);
  const grows = seen.every((one, at) => at === 0 || one.captureTime > seen[at - 1].captureTime);
  return isTold && grows ? "capture" : "presentation";
}

/**
 * Record one take.
 *
 * @param {{video: HTMLVideoElement, track: MediaStreamTrack, seconds: number, clock: string, onTime: (s: number) => void, signal: AbortSignal}} options
 * @returns {Promise<{data: Uint8Array, capture: object}>} the film, and what the server is told of it
 * @throws {TakeEnded} the camera stopped, the picture changed its size, the page was hidden, or the signal
 */
export async function recordTake({ video, track, seconds, clock, onTime, signal }) {
  const [width, height] = [video.videoWidth, video.videoHeight];
  const film = new IvfFilm(width, height);
  const fps = track.getSettings().frameRate;
  const encoder = await openEncoder(film, width, height, fps);
  let startMs = null;
  let lastMs = -1;
  let lastPresented = null;
  let nMissed = 0;
  let utc = null;
  let drawing = 0;
  const stops = [];
  try {
    await new Promise((resolve, reject) => {
      let silence = setTimeout(() => reject(new TakeEnded("source")), SILENT_MS);
      const stop = watchFrames(video, (now, metadata) => {
        try {
          clearTimeout(silence);
          silence = setTimeout(() => reject(new TakeEnded("source")), SILENT_MS);
          const frame = encoder.grab(video);
          const stampMs = stampOf(clock, now, metadata, frame.timestamp);
          const presented = metadata.presentedFrames;
          if (startMs !== null && presented !== null && lastPresented !== null) nMissed += Math.max(0, presented - lastPresented - 1);
          lastPresented = presented;
          if (startMs === null) {
            startMs = stampMs;
            utc = new Date(performance.timeOrigin + stampMs).toISOString().replace(/\.\d+Z$/, "Z");
            const draw = () => {
              onTime((performance.now() - startMs) / 1000);
              drawing = requestAnimationFrame(draw);
            };
            draw();
          }
          const atMs = stampMs - startMs;
          if (frame.width !== width || frame.height !== height) throw (frame.close(), new TakeEnded("size"));
          if (atMs <= lastMs) return frame.close(); // the same frame, shown again
          lastMs = atMs;
          if (atMs >= seconds * 1000) {
            frame.close();
            resolve();
          } else if (!encoder.add(frame, Math.round(atMs * 1000))) nMissed += 1;
        } catch (error) {
          reject(error);
        }
      });
      const end = (code) => reject(new TakeEnded(code));
      const onHidden = () => document.hidden && end("hidden");
      const onEnded = () => end("unplugged");
      const onAbort = () => end("stopped");
      track.addEventListener("ended", onEnded);
      const onMute = () => end("source");
      track.addEventListener("mute", onMute);
      document.addEventListener("visibilitychange", onHidden);
      signal.addEventListener("abort", onAbort);
      encoder.onError = reject;
      stops.push(() => {
        stop();
        clearTimeout(silence);
        track.removeEventListener("ended", onEnded);
        track.removeEventListener("mute", onMute);
        document.removeEventListener("visibilitychange", onHidden);
        signal.removeEventListener("abort", onAbort);
      });
      if (document.hidden) onHidden();
      if (track.readyState === "ended") onEnded();
    });
    nMissed += await encoder.finish();
  } catch (error) {
    encoder.drop();
    throw error;
  } finally {
    cancelAnimationFrame(drawing);
    for (const each of stops) each();
  }
  const colours = encoder.colours;
  return {
    data: film.bytes(),
    capture: {
      captured_utc: utc,
      ...describeBrowser(),
      width_px: width,
      height_px: height,
      nominal_fps: fps > 0 && fps <= 1000 ? fps : null,
      codec: film.codec,
      clock,
      matrix: colours.matrix,
      is_full_range: colours.isFullRange,
      n_missed: nMissed,
    },
  };
}

/** Tell when a frame was taken. The frame at hand may be newer than the one that the browser tells of: by so much. */
function stampOf(clock, now, metadata, frameUs) {
  const toldMs = clock === "capture" && metadata.captureTime > 0 ? metadata.captureTime : (metadata.presentationTime ?? now);
  const newerMs = frameUs / 1000 - metadata.mediaTime * 1000;
  return newerMs > 0.5 && newerMs < 200 ? toldMs + newerMs : toldMs;
}

/** Frames with their times, as libavformat's IVF reader takes them. */
export class IvfFilm {
  #parts = [];
  #size;
  codec = "vp8";

  constructor(width, height) {
    this.#size = [width, height];
  }

  add(bytes, timeUs) {
    const head = new DataView(new ArrayBuffer(12));
    head.setUint32(0, bytes.byteLength, true);
    head.setBigUint64(4, BigInt(timeUs), true);
    this.#parts.push(new Uint8Array(head.buffer), bytes);
  }

  bytes() {
    const head = new DataView(new ArrayBuffer(32));
    const put = (at, text) => [...text].forEach((letter, index) => head.setUint8(at + index, letter.charCodeAt(0)));
    put(0, "DKIF");
    head.setUint16(6, 32, true);
    put(8, this.codec === "vp8" ? "VP80" : "MJPG");
    head.setUint16(12, this.#size[0], true);
    head.setUint16(14, this.#size[1], true);
    head.setUint32(16, 1_000_000, true);
    head.setUint32(20, 1, true);
    head.setUint32(24, this.#parts.length / 2, true);
    const parts = [new Uint8Array(head.buffer), ...this.#parts];
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
    parts.reduce((at, part) => (all.set(part, at), at + part.byteLength), 0);
    return all;
  }
}

async function openEncoder(film, width, height, fps) {
  const rate = fps > 0 ? Math.min(fps, 60) : 30;
  const config = {
    codec: "vp8", width, height, framerate: rate, latencyMode: "realtime",
    bitrate: Math.round(Math.min(MOST_BITS, Math.max(LEAST_BITS, width * height * rate * BITS_A_PIXEL))),
  };
  try {
    const { supported } = await VideoEncoder.isConfigSupported(config);
    if (supported && "VideoFrame" in window) return new Vp8Encoder(film, config);
  } catch {
    // a browser without WebCodecs, or one that does not know this codec
  }
  return new JpegEncoder(film, width, height);
}

class Vp8Encoder {
  #film;
  #encoder;
  #nIn = 0;
  #nOut = 0;
  #lastKeyUs = -Infinity;
  #canvas = null;
  colours = { matrix: null, isFullRange: null };
  onError = () => undefined;

  constructor(film, config) {
    this.#film = film;
    film.codec = "vp8";
    this.#encoder = new VideoEncoder({
      output: (chunk) => {
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        film.add(bytes, chunk.timestamp);
        this.#nOut += 1;
      },
      error: (error) => this.onError(error),
    });
    this.#encoder.configure(config);
  }

  grab(video) {
    const frame = new VideoFrame(video);
    if (!frame.rotation && !frame.flip) return new Grabbed(frame, frame.timestamp);
    // A phone's frame that lies on its side: what the encoder gets must stand as it is shown.
    this.#canvas ??= document.createElement("canvas");
    Object.assign(this.#canvas, { width: video.videoWidth, height: video.videoHeight });
    this.#canvas.getContext("2d").drawImage(video, 0, 0);
    const upright = new VideoFrame(this.#canvas, { timestamp: frame.timestamp });
    frame.close();
    return new Grabbed(upright, upright.timestamp);
  }

  add({ frame }, timeUs) {
    const space = frame.colorSpace;
    this.colours = { matrix: MATRICES[space?.matrix] ?? null, isFullRange: space?.fullRange ?? null };
    if (this.#encoder.encodeQueueSize > MOST_QUEUED) {
      frame.close();
      return false;
    }
    const stamped = new VideoFrame(frame, { timestamp: timeUs });
    const keyFrame = timeUs - this.#lastKeyUs >= KEY_EVERY_S * 1e6;
    if (keyFrame) this.#lastKeyUs = timeUs;
    this.#encoder.encode(stamped, { keyFrame });
    this.#nIn += 1;
    stamped.close();
    frame.close();
    return true;
  }

  /** Wait until every frame is encoded; returns how many the encoder has left out. */
  async finish() {
    await this.#encoder.flush();
    this.#encoder.close();
    return this.#nIn - this.#nOut;
  }

  drop() {
    if (this.#encoder.state !== "closed") this.#encoder.close();
  }
}

class JpegEncoder {
  #film;
  #canvas = document.createElement("canvas");
  #work = Promise.resolve();
  #nWaiting = 0;
  colours = { matrix: "bt470bg", isFullRange: true };
  onError = () => undefined;

  constructor(film, width, height) {
    this.#film = film;
    film.codec = "jpeg";
    Object.assign(this.#canvas, { width, height });
  }

  grab(video) {
    return new Grabbed(video, NaN);
  }

  add({ frame: video }, timeUs) {
    if (this.#nWaiting >= MOST_QUEUED) return false;
    this.#canvas.getContext("2d").drawImage(video, 0, 0);
    this.#nWaiting += 1;
    // toBlob takes the canvas as it is now; files are appended in order.
    const made = new Promise((resolve, reject) => this.#canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new TakeEnded("source"))), "image/jpeg", JPEG_QUALITY));
    this.#work = this.#work.then(async () => {
      this.#film.add(new Uint8Array(await (await made).arrayBuffer()), timeUs);
      this.#nWaiting -= 1;
    });
    this.#work.catch((error) => this.onError(error));
    return true;
  }

  async finish() {
    await this.#work;
    return 0;
  }

  drop() {}
}

class Grabbed {
  constructor(frame, timestamp) {
    this.frame = frame;
    this.timestamp = timestamp;
    this.width = frame.displayWidth ?? frame.videoWidth;
    this.height = frame.displayHeight ?? frame.videoHeight;
  }

  close() {
    this.frame.close?.();
  }
}

/** Name browser and kind of device, without anything finer. */
export function describeBrowser() {
  const agent = navigator.userAgent;
  const [, name, version] = /(Firefox|Edg|SamsungBrowser|Chrome|Chromium)\/(\d+)/.exec(agent) ?? (/Version\/(\d+).*Safari/.exec(agent) ? [null, "Safari", /Version\/(\d+)/.exec(agent)[1]] : [null, "Browser", "0"]);
  const system = [["Android", /Android/], ["iOS", /iPhone|iPad|iPod/], ["Windows", /Windows/], ["macOS", /Mac OS X/], ["Linux", /Linux|X11/]].find(([, sign]) => sign.test(agent))?.[0] ?? "another system";
  const isTablet = /iPad|Tablet/.test(agent) || (/Android/.test(agent) && !/Mobile/.test(agent)) || (/Mac OS X/.test(agent) && navigator.maxTouchPoints > 2);
  const isPhone = /iPhone|iPod/.test(agent) || (/Android/.test(agent) && /Mobile/.test(agent));
  return { browser: `${name} ${version} on ${system}`, device: isPhone ? "phone" : isTablet ? "tablet" : "computer" };
}
