/** One camera for two players: each half of the picture goes to a detector of its own. */

/** The halves as they stand in the mirrored picture, the left player's first, in the camera's own pixels. */
export function halves(width, height) {
  const half = Math.floor(width / 4) * 2; // even: pictures of a camera come in pairs of pixels
  return [
    { x: width - half, y: 0, width: half, height },
    { x: 0, y: 0, width: half, height },
  ];
}

/** Follow a video until stop(), and push each half of every new frame. */
export function watchHalves(video, detectors, onError) {
  let isStopped = false;
  let handle = 0;
  const byFrame = 'requestVideoFrameCallback' in video;
  const schedule = () => {
    if (isStopped) return;
    if (byFrame) handle = video.requestVideoFrameCallback(take);
    else handle = requestAnimationFrame((nowMs) => take(nowMs, {}));
  };
  const take = async (nowMs, metadata) => {
    schedule();
    if (isStopped || video.readyState < 2 || !video.videoWidth) return;
    const timestampMs = metadata.captureTime ?? (metadata.mediaTime === undefined ? nowMs : metadata.mediaTime * 1000);
    const parts = halves(video.videoWidth, video.videoHeight);
    try {
      const pictures = await Promise.all(parts.map((part) => cut(video, part, timestampMs)));
      pictures.forEach((picture, index) => {
        if (isStopped) picture.close();
        else detectors[index].push(picture, timestampMs).catch(onError);
      });
    } catch (error) {
      if (!isStopped) onError(error);
    }
  };
  schedule();
  return () => {
    isStopped = true;
    if (byFrame) video.cancelVideoFrameCallback(handle);
    else cancelAnimationFrame(handle);
  };
}

async function cut(video, part, timestampMs) {
  if (typeof VideoFrame === 'function') {
    const whole = new VideoFrame(video, { timestamp: Math.round(timestampMs * 1000) });
    try {
      return new VideoFrame(whole, { visibleRect: part, timestamp: whole.timestamp });
    } finally {
      whole.close();
    }
  }
  return createImageBitmap(video, part.x, part.y, part.width, part.height);
}
