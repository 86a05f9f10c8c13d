/** Follows a video element: one call for every new frame, with its time. Knows no model. */

/** Calls back for every new frame of a video, webcam or film, until stop(). */
export class VideoFollower {
  #onFrame;
  #onNewClock;
  #byFrame;
  #clock = null;
  #handle = 0;
  #seenMs = null;
  #isStopped = false;

  /**
   * @param {HTMLVideoElement} video
   * @param {{onFrame: (follower: VideoFollower, timestampMs: number) => void, onNewClock: () => void}} calls onNewClock: the
   *   times of later frames are of another clock than those before
   */
  constructor(video, { onFrame, onNewClock }) {
    this.video = video;
    this.#onFrame = onFrame;
    this.#onNewClock = onNewClock;
    this.#byFrame = 'requestVideoFrameCallback' in video;
    this.#schedule();
  }

  /** No call comes afterwards. */
  stop() {
    this.#isStopped = true;
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
    if (this.#isStopped || this.video.readyState < 2) return;
    // A film's own time; a camera's capture time where the browser gives it.
    const clock = this.video.srcObject && Number.isFinite(metadata.captureTime) ? 'captureTime' : 'mediaTime';
    if (this.#clock && this.#clock !== clock) this.#onNewClock();
    this.#clock = clock;
    const timestampMs = clock === 'captureTime' ? metadata.captureTime : metadata.mediaTime * 1000;
    this.#onFrame(this, Number.isFinite(timestampMs) ? timestampMs : nowMs);
  }
}
