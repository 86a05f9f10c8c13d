/** Follows a video element: one call for every new frame, with its time. Knows no model. */

const LOOK_MS = 500;

/** Calls back for every new frame of a video, webcam or film, until stop(). */
export class VideoFollower {
  #onFrame;
  #onNewClock;
  #onOver;
  #hadCamera = false;
  #timer;
  #byFrame;
  #clock = null;
  #handle = 0;
  #seenMs = null;
  #isStopped = false;

  /**
   * @param {HTMLVideoElement} video
   * @param {{onFrame: (follower: VideoFollower, timestampMs: number) => void, onNewClock: () => void,
   *   onOver: () => void}} calls onNewClock: the times of later frames are of another clock than those before; onOver: the
   *   camera has ended, unplugged or stopped by the page
   */
  constructor(video, { onFrame, onNewClock, onOver }) {
    this.video = video;
    this.#onFrame = onFrame;
    this.#onNewClock = onNewClock;
    this.#onOver = onOver;
    this.#byFrame = 'requestVideoFrameCallback' in video;
    this.#schedule();
    // No event tells that the page itself has stopped a track.
    this.#timer = setInterval(() => this.isOver && !this.#isStopped && this.#onOver(), LOOK_MS);
  }

  /** Whether no frame can come any more: stopped, or a camera that has ended. */
  get isOver() {
    if (this.#isStopped) return true;
    const tracks = this.video.srcObject?.getVideoTracks?.() ?? [];
    if (tracks.some(({ readyState }) => readyState === 'live')) this.#hadCamera = true;
    else return this.#hadCamera && (tracks.length > 0 || !this.video.currentSrc);
    return false;
  }

  /** No call comes afterwards. */
  stop() {
    this.#isStopped = true;
    clearInterval(this.#timer);
    if (this.#byFrame) this.video.cancelVideoFrameCallback(this.#handle);
    else cancelAnimationFrame(this.#handle);
  }

  #schedule() {
    if (this.#isStopped) return;
    if (this.#byFrame) {
      this.#handle = this.video.requestVideoFrameCallback((nowMs, metadata) => {
        this.#schedule();
        this.#take(nowMs, metadata);
      });
    } else {
      this.#handle = requestAnimationFrame((nowMs) => {
        this.#schedule();
        const seenMs = this.video.currentTime * 1000;
        if (seenMs === this.#seenMs) return;
        this.#seenMs = seenMs;
        this.#take(nowMs, { mediaTime: this.video.currentTime });
      });
    }
  }

  #take(nowMs, metadata) {
    if (this.isOver || this.video.readyState < 2) return;
    // A film's own time; a camera's capture time where the browser gives it.
    const clock = this.video.srcObject && Number.isFinite(metadata.captureTime) ? 'captureTime' : 'mediaTime';
    if (this.#clock && this.#clock !== clock) this.#onNewClock();
    this.#clock = clock;
    const timestampMs = clock === 'captureTime' ? metadata.captureTime : metadata.mediaTime * 1000;
    this.#onFrame(this, Number.isFinite(timestampMs) ? timestampMs : nowMs);
  }
}
