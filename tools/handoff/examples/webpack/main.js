import { Detector, openCamera } from 'smile-detector';

const video = document.getElementById('video');
const word = document.getElementById('word');
const camera = document.getElementById('camera');
try {
  const detector = await Detector.create({ baseUrl: './smile-detector/' });
  globalThis.detector = detector; // for use in the console
  detector.addEventListener('result', ({ detail }) => (word.textContent = `${detail.state} ${detail.prob ?? ''}`));
  camera.disabled = false;
  camera.addEventListener('click', async () => {
    await openCamera(video);
    detector.watch(video);
  });
  word.textContent = 'loaded';
} catch (error) {
  word.textContent = error.message;
}
