/** Messages for all errors and warnings, in English and Korean. Codes never change; texts may. */

const TEXTS = {
  'spec-missing': {
    en: 'The model description was not found at {url} ({reason}). Copy the whole hand-off folder to the server, and pass its address as baseUrl if it does not lie beside smile-detector.mjs.',
    ko: '{url}에서 모델 설명 파일을 찾을 수 없습니다({reason}). 핸드오프 폴더 전체를 서버에 복사하고, smile-detector.mjs와 다른 곳에 있다면 그 주소를 baseUrl로 알려 주세요.',
  },
  'spec-invalid': {
    en: 'The model description cannot be used: {reason}. Copy the whole hand-off folder again.',
    ko: '모델 설명 파일을 사용할 수 없습니다: {reason}. 핸드오프 폴더 전체를 다시 복사해 주세요.',
  },
  'spec-version': {
    en: 'The model description has version {found}, but this smile-detector.mjs reads version {expected}. Take both from the same hand-off folder.',
    ko: '모델 설명 파일은 버전 {found}인데 이 smile-detector.mjs는 버전 {expected}만 읽을 수 있습니다. 두 파일을 같은 핸드오프 폴더에서 가져와 주세요.',
  },
  'model-missing': {
    en: 'The model file {file} was not found at {url} ({reason}). Copy the whole hand-off folder.',
    ko: '모델 파일을 찾을 수 없습니다: {file}, 주소 {url} ({reason}). 핸드오프 폴더 전체를 복사해 주세요.',
  },
  'model-truncated': {
    en: 'The model file {file} is incomplete: {found} of {expected} bytes arrived. Copy it again, and check the connection.',
    ko: '완전하지 않은 모델 파일입니다: {file}, {expected}바이트 중 {found}바이트만 받았습니다. 파일을 다시 복사하고 네트워크를 확인해 주세요.',
  },
  'model-hash': {
    en: 'The model file {file} is not the one that was tested (its checksum differs). Copy the whole hand-off folder again.',
    ko: '검증된 것과 다른 모델 파일입니다(체크섬 불일치): {file}. 핸드오프 폴더 전체를 다시 복사해 주세요.',
  },
  'signature-missing': {
    en: 'This page takes a signed hand-off only (publicKey), and {file} was not found at {url} ({reason}). Ask for a signed folder (./inv handoff --sign), and copy all of it.',
    ko: '이 페이지는 서명된 핸드오프만 받습니다(publicKey). 찾을 수 없는 파일: {file}, 주소 {url} ({reason}). 서명된 폴더(./inv handoff --sign)를 받아 전체를 복사해 주세요.',
  },
  'signature-key': {
    en: 'The hand-off is signed with another key ({found}) than this page expects ({expected}). Take the folder from the team whose key this is, or correct publicKey if the team has a new one.',
    ko: '핸드오프가 다른 키({found})로 서명되어 있습니다. 이 페이지가 기대하는 키: {expected}. 그 키를 가진 팀에서 폴더를 받거나, 팀의 키가 바뀌었다면 publicKey를 고쳐 주세요.',
  },
  'signature-mismatch': {
    en: '{file} from {url} is not the one that was signed: it is missing or was changed. Copy the whole signed folder again; a build must not change its files.',
    ko: '서명된 파일과 다릅니다(없거나 바뀜): {file}, 주소 {url}. 서명된 폴더 전체를 다시 복사해 주세요. 빌드가 파일을 바꾸어도 안 됩니다.',
  },
  'signature-wrong': {
    en: 'signature.json from {url} is no signature of this hand-off by the key that this page expects. Copy the whole signed folder again.',
    ko: '{url}의 signature.json은 이 페이지가 기대하는 키로 만든 서명이 아닙니다. 서명된 폴더 전체를 다시 복사해 주세요.',
  },
  'signature-unsupported': {
    en: 'This browser cannot check the signature of the hand-off ({reason}): it needs Ed25519 (Chrome 137, Firefox 129, Safari 17 or newer). Update it.',
    ko: '이 브라우저에서는 핸드오프의 서명을 확인할 수 없습니다({reason}). Ed25519가 필요하니(Chrome 137, Firefox 129, Safari 17 이상) 브라우저를 업데이트해 주세요.',
  },
  'insecure-context': {
    en: 'This page was opened without https. Browsers give the camera and the file check only to https:// and http://localhost.',
    ko: 'https가 아닌 주소로 열렸습니다. 브라우저는 https:// 또는 http://localhost에서만 카메라와 파일 검증을 허용합니다.',
  },
  isolation: {
    en: 'Several threads were requested, but this page is not isolated. Serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.',
    ko: '스레드를 여러 개 요청했지만 이 페이지는 격리(cross-origin isolated)되어 있지 않습니다. Cross-Origin-Opener-Policy: same-origin, Cross-Origin-Embedder-Policy: require-corp 헤더를 함께 보내 주세요.',
  },
  'wasm-missing': {
    en: '{file}, a file of onnxruntime-web, was not found at {url} ({reason}). Run "npm install" in the hand-off folder, or pass the address of the folder that holds it as ortUrl.',
    ko: 'onnxruntime-web 파일을 찾을 수 없습니다: {file}, 주소 {url} ({reason}). 핸드오프 폴더에서 "npm install"을 실행하거나 파일이 있는 폴더의 주소를 ortUrl로 알려 주세요.',
  },
  'landmarker-missing': {
    en: '{file}, a file of @mediapipe/tasks-vision, was not found at {url} ({reason}). Run "npm install" in the hand-off folder, or pass the address of the folder that holds it as tasksUrl.',
    ko: '@mediapipe/tasks-vision 파일을 찾을 수 없습니다: {file}, 주소 {url} ({reason}). 핸드오프 폴더에서 "npm install"을 실행하거나 파일이 있는 폴더의 주소를 tasksUrl로 알려 주세요.',
  },
  'landmarker-failed': {
    en: 'The face landmarker does not work here ({reason}). Its files arrived whole; it needs WebGL, so allow hardware acceleration in the browser and reload the page.',
    ko: '얼굴 랜드마크 기능이 동작하지 않습니다({reason}). 파일은 모두 온전히 받았습니다. WebGL이 필요하므로 브라우저의 하드웨어 가속을 켜고 페이지를 새로고침해 주세요.',
  },
  'base-missing': {
    en: 'A bundler has moved smile-detector.mjs away from its files. Copy them with "npx smile-detector-assets FOLDER", and pass the address of that folder as baseUrl.',
    ko: '번들러가 smile-detector.mjs를 다른 파일과 떨어진 곳으로 옮겼습니다. "npx smile-detector-assets 폴더"로 파일을 복사하고 그 폴더의 주소를 baseUrl로 알려 주세요.',
  },
  'file-html': {
    en: 'Instead of {file} a web page came from {url} (it begins with {start}). Servers send their own page where nothing lies: correct the address ({option}), or put the file there.',
    ko: '파일 대신 웹 페이지를 받았습니다: {file}, 주소 {url} (받은 내용의 시작: {start}). 파일이 없을 때 서버가 자기 페이지를 보내는 경우입니다. 주소({option})를 고치거나 그곳에 파일을 넣어 주세요.',
  },
  'file-lfs': {
    en: 'Instead of {file} a Git LFS pointer came from {url} ({found} bytes that begin with {start}). Run "git lfs pull" where the site is built, then copy the file again.',
    ko: '파일 대신 Git LFS 포인터를 받았습니다: {file}, 주소 {url} ({found}바이트, 시작: {start}). 사이트를 빌드하는 곳에서 "git lfs pull"을 실행한 뒤 파일을 다시 복사해 주세요.',
  },
  'file-type': {
    en: 'The server sends {file} as {type} ({url}, which begins with {start}); browsers run it as text/javascript only. Set that Content-Type for .mjs and .js on the server.',
    ko: '서버가 파일 형식을 잘못 알려 줍니다: {file}, {type} ({url}, 시작: {start}). 브라우저는 text/javascript만 실행하므로 서버에서 .mjs와 .js의 Content-Type을 text/javascript로 설정해 주세요.',
  },
  'file-truncated': {
    en: '{file} is cut off: {found} bytes came from {url}, which begin with {start}. Copy it again, and check for a limit of the upload or of a proxy.',
    ko: '파일이 중간에 잘렸습니다: {file}, {url}에서 {found}바이트를 받았습니다(시작: {start}). 다시 복사하고, 업로드나 프록시의 크기 제한을 확인해 주세요.',
  },
  'file-broken': {
    en: 'What came from {url} is not {file}: {found} bytes that begin with {start}. Correct the address ({option}), or copy the file again.',
    ko: '{url}에서 다른 내용을 받았습니다. 필요한 파일: {file}, 받은 내용: {found}바이트, 시작 {start}. 주소({option})를 고치거나 파일을 다시 복사해 주세요.',
  },
  'script-broken': {
    en: '{file} from {url} does not run ({reason}). It is cut off or was changed by the build: copy it again as it is.',
    ko: '스크립트를 실행할 수 없습니다: {file}, 주소 {url} ({reason}). 잘렸거나 빌드가 내용을 바꾼 파일이니 원본 그대로 다시 복사해 주세요.',
  },
  'script-blocked': {
    en: 'The browser refuses to run {file} from {url} ({reason}). Allow its address in script-src of the Content-Security-Policy, and check Cross-Origin-Resource-Policy.',
    ko: '브라우저가 스크립트 실행을 거부합니다: {file}, 주소 {url} ({reason}). Content-Security-Policy의 script-src에 주소를 허용하고 Cross-Origin-Resource-Policy를 확인해 주세요.',
  },
  'wasm-blocked': {
    en: "The page forbids WebAssembly. Add 'wasm-unsafe-eval' to script-src of its Content-Security-Policy.",
    ko: "이 페이지에서는 WebAssembly가 금지되어 있습니다. Content-Security-Policy의 script-src에 'wasm-unsafe-eval'을 추가해 주세요.",
  },
  'landmarker-lost': {
    en: 'The face landmarker has stopped and could not be started again ({reason}). Reload the page; if that does not help, restart the browser.',
    ko: '얼굴 랜드마크 기능이 멈추어 다시 시작하지 못했습니다({reason}). 페이지를 새로고침하고, 그래도 안 되면 브라우저를 다시 시작해 주세요.',
  },
  untested: {
    en: 'This model has no browser proof for {wanted}. Run validate-spec --browser on the folder, or pass allowUntested: true at your own risk.',
    ko: '이 모델이 브라우저({wanted})에서 검증된 적이 없습니다. 폴더에 validate-spec --browser를 실행하거나, 위험을 감수한다면 allowUntested: true를 사용하세요.',
  },
  'proof-mismatch': {
    en: 'browser_proof.json does not belong to this frontend_spec.json ({reason}). Copy the whole hand-off folder again, or run validate-spec --browser on it.',
    ko: 'browser_proof.json이 이 frontend_spec.json의 검증 기록이 아닙니다({reason}). 핸드오프 폴더 전체를 다시 복사하거나 validate-spec --browser를 실행해 주세요.',
  },
  'no-provider': {
    en: 'The model does not run in this browser ({reason}). Its files arrived whole; update the browser, or close other tabs if memory is short.',
    ko: '이 브라우저에서는 모델을 실행할 수 없습니다({reason}). 파일은 모두 온전히 받았습니다. 브라우저를 업데이트하거나, 메모리가 부족하면 다른 탭을 닫아 주세요.',
  },
  'graph-missing': {
    en: 'The hand-off folder has no graph for graph: "{wanted}"; it has {found}.',
    ko: '핸드오프 폴더에 graph: "{wanted}"에 맞는 그래프가 없습니다. 있는 그래프: {found}.',
  },
  'bad-source': {
    en: 'This picture cannot be read ({reason}). Give a playing video, a VideoFrame, a canvas, an ImageBitmap or ImageData.',
    ko: '이 화면을 읽을 수 없습니다({reason}). 재생 중인 비디오, VideoFrame, 캔버스, ImageBitmap, ImageData 중 하나를 넘겨 주세요.',
  },
  'inference-failed': {
    en: 'The model stopped working ({reason}). Reload the page.',
    ko: '모델 실행이 중단되었습니다({reason}). 페이지를 새로고침해 주세요.',
  },
  closed: {
    en: 'This detector has been closed. Create a new one.',
    ko: '이미 종료된 감지기입니다. 새로 만들어 주세요.',
  },
  'camera-denied': {
    en: 'The camera is not allowed. Allow it with the camera sign in the address bar, then try again.',
    ko: '카메라 사용이 허용되지 않았습니다. 주소창의 카메라 아이콘에서 허용한 뒤 다시 시도해 주세요.',
  },
  'camera-missing': {
    en: 'No camera was found. Connect one, then try again.',
    ko: '카메라를 찾을 수 없습니다. 카메라를 연결한 뒤 다시 시도해 주세요.',
  },
  'camera-unfit': {
    en: 'No camera fits the request ({constraint}). Ask for another one, or leave the constraint out.',
    ko: '요청에 맞는 카메라가 없습니다({constraint}). 다른 카메라를 요청하거나 조건을 빼 주세요.',
  },
  'camera-busy': {
    en: 'The camera cannot be opened; another program or tab may be using it. Close that one, then try again.',
    ko: '카메라를 열 수 없습니다. 다른 프로그램이나 탭에서 사용 중일 수 있으니 닫은 뒤 다시 시도해 주세요.',
  },
  'camera-lost': {
    en: 'The camera was disconnected or switched off. Connect it, then try again.',
    ko: '카메라 연결이 끊어졌습니다. 다시 연결한 뒤 시도해 주세요.',
  },
  // Warnings: the detector goes on.
  'one-thread': {
    en: 'The page is not isolated (COOP and COEP headers), so wasm runs on one thread. That is enough for this model.',
    ko: '페이지가 격리되어 있지 않아(COOP, COEP 헤더 없음) wasm이 스레드 하나로 실행됩니다. 이 모델에는 충분합니다.',
  },
  'no-worker': {
    en: 'The worker could not be started ({reason}); the model runs on the page itself, which may stutter.',
    ko: '워커를 시작할 수 없어({reason}) 모델이 페이지에서 직접 실행됩니다. 화면이 끊길 수 있습니다.',
  },
  'provider-failed': {
    en: '{provider} does not work here ({reason}); the next provider is tried.',
    ko: '여기서는 동작하지 않는 실행 방식입니다: {provider} ({reason}). 다음 방법을 시도합니다.',
  },
  'software-adapter': {
    en: 'This browser runs WebGPU in software ({reason}), which is slower than wasm; wasm is used.',
    ko: '이 브라우저의 WebGPU는 소프트웨어 방식({reason})이라 wasm보다 느려서 wasm을 사용합니다.',
  },
  'ort-version': {
    en: 'onnxruntime-web is version {found}; the model was proven with {expected}.',
    ko: 'onnxruntime-web 버전이 {found}입니다. 모델은 {expected}에서 검증되었습니다.',
  },
  'untested-allowed': {
    en: 'This model has not been proven in a browser with {wanted}; allowUntested lets it run.',
    ko: '이 모델은 브라우저({wanted})에서 검증되지 않았지만 allowUntested로 실행합니다.',
  },
  'landmarker-renewed': {
    en: 'The face landmarker was lost ({reason}) and has been started again; frames in between have no result.',
    ko: '얼굴 랜드마크 기능이 멈추어({reason}) 다시 시작했습니다. 그 사이의 프레임에는 결과가 없습니다.',
  },
  'machine-slow': {
    en: 'This computer is too slow: a frame takes {ms} ms, so that {step} s pass between two decisions ({limit} s are allowed). Close other programs and tabs, or use a smaller model.',
    ko: '컴퓨터가 너무 느립니다. 프레임 하나에 {ms} ms가 걸려 판단 간격이 {step}초입니다(허용: {limit}초). 다른 프로그램과 탭을 닫거나 더 작은 모델을 사용해 주세요.',
  },
  'camera-slow': {
    en: 'The camera is too slow: it gives {fps} pictures a second, and the model needs about {needed}. Turn on more light, or choose a smaller picture size.',
    ko: '카메라가 너무 느립니다. 초당 {fps}장을 보내는데 모델에는 약 {needed}장이 필요합니다. 조명을 밝게 하거나 더 작은 화면 크기를 선택해 주세요.',
  },
  'face-failed': {
    en: 'The face callback failed ({reason}); the frame counts as one without a face.',
    ko: 'face 콜백이 실패했습니다({reason}). 이 프레임은 얼굴이 없는 것으로 처리합니다.',
  },
};

/** All codes of errors and warnings. */
export const CODES = Object.freeze(Object.keys(TEXTS));

/**
 * The message for a code.
 * @param {string} code one of CODES
 * @param {Record<string, unknown>} values values for the braces
 * @param {'en' | 'ko'} lang
 */
export function describe(code, values = {}, lang = 'en') {
  const text = TEXTS[code]?.[lang === 'ko' ? 'ko' : 'en'] ?? code;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? '?'));
}

/** An expected failure: `code` for programs, `message` for people, `values` for both. */
export class DetectorError extends Error {
  constructor(code, values = {}, lang = 'en') {
    super(describe(code, values, lang));
    this.name = 'DetectorError';
    this.code = code;
    this.values = values;
  }

  /** The same failure in the other language. */
  in(lang) {
    return describe(this.code, this.values, lang);
  }
}

/** An error's reason in one line, for {reason}. */
export function reasonOf(error) {
  const text = String(error?.message ?? error ?? 'no reason given').split('\n')[0].trim();
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}
