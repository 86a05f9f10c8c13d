/** Opens the webcam, and explains a failure to the user. No picture leaves the page. */

import { DetectorError } from './smile-detector.errors.mjs';

const CODES_OF_NAMES = {
  NotAllowedError: 'camera-denied',
  SecurityError: 'camera-denied',
  NotFoundError: 'camera-missing',
  OverconstrainedError: 'camera-unfit',
  NotReadableError: 'camera-busy',
  AbortError: 'camera-busy',
};

/**
 * Open the webcam and play it in a video element.
 * @param {HTMLVideoElement} video shows the picture; made silent and inline
 * @param {{constraints?: MediaTrackConstraints, lang?: 'en' | 'ko', onLost?: (error: DetectorError) => void}} [options]
 *   onLost is called once when the camera is unplugged or switched off
 * @returns {Promise<{stream: MediaStream, stop: () => void}>}
 */
export async function openCamera(video, { constraints, lang = 'en', onLost } = {}) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new DetectorError(globalThis.isSecureContext === false ? 'insecure-context' : 'camera-missing', {}, lang);
  }
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: constraints ?? {
        facingMode: 'user',
        width: { ideal: 640 },
        height: { ideal: 480 },
        frameRate: { ideal: 30 },
      },
    });
  } catch (error) {
    const values = { reason: error?.message, constraint: error?.constraint || 'constraints' };
    throw new DetectorError(CODES_OF_NAMES[error?.name] ?? 'camera-busy', values, lang);
  }
  let stopped = false;
  const stop = () => {
    stopped = true;
    for (const track of stream.getTracks()) track.stop();
    if (video.srcObject === stream) video.srcObject = null;
  };
  for (const track of stream.getVideoTracks()) {
    // "ended" comes only when the camera goes away, not after stop().
    track.addEventListener('ended', () => {
      if (stopped) return;
      stop();
      onLost?.(new DetectorError('camera-lost', {}, lang));
    });
  }
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  try {
    await video.play();
  } catch (error) {
    stop();
    throw new DetectorError('camera-busy', { reason: error?.message }, lang);
  }
  return { stream, stop };
}
