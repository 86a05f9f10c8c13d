import { Detector, DetectorError, SmileDetector, describe, openCamera, preprocess } from 'smile-detector';
import type { Code, DetectorOptions, Result, SmileStart, State } from 'smile-detector';

const options: DetectorOptions = { baseUrl: '/model/', lang: 'ko', threads: 'auto', worker: true, publicKey: 'A' };
const detector: SmileDetector = await Detector.create(options);
detector.addEventListener('result', ({ detail }) => {
  const state: State = detail.state;
  const prob: number | null = detail.prob;
  const anxious: number | null = detail.anxiousProb;
  const isAnxious: boolean | null = detail.isAnxious;
  console.log(state, prob, anxious, isAnxious, detail.latencyMs.toFixed(1));
});
detector.addEventListener('smilestart', ({ detail }) => console.log(detail.sinceMs, detail.crops?.length));
detector.addEventListener('error', ({ detail }) => console.log(detail.code, detail.in('ko')));
detector.addEventListener('anxiousstart', (event) => console.log((event as CustomEvent<SmileStart>).detail.sinceMs));
const video = document.querySelector('video')!;
const camera = await openCamera(video, { onLost: (error: DetectorError) => console.log(error.message) });
detector.watch(video);
const result: Result = await detector.push(new ImageData(2, 2), 0);
const planes: Float32Array = preprocess(new ImageData(2, 2), { sizePx: 2 });
const code: Code = 'file-html';
console.log(result.frameTimesMs, planes.length, describe(code, {}, 'en'), detector.info.warnings.length, detector.info.signedBy?.length);
camera.stop();
await detector.close();
// @ts-expect-error no such option
await Detector.create({ base: '/' });
// @ts-expect-error no such code
const wrong: Code = 'no-such-code';
console.log(wrong);
