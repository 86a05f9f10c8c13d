/** Which graphs, and which files of its packages, a page runs. Pure rules: no browser, no model. */

// The graphs of each choice, the best first: (role, variant), the one that takes the frame first. encoder_wasm is
// the encoder in operators that are fast in wasm; elsewhere it is slower.
const PLANS = [
  { graph: 'stream', providers: ['wasm'], parts: [['encoder', 'wasm'], ['head', 'plain']] },
  { graph: 'stream', providers: ['webgpu', 'wasm'], parts: [['encoder', 'plain'], ['head', 'plain']] },
  { graph: 'pixels', providers: ['webgpu', 'wasm'], parts: [['encoder', 'pixels'], ['head', 'plain']] },
  { graph: 'window', providers: ['webgpu', 'wasm'], parts: [['window', 'plain']] },
];

/** The files of onnxruntime-web, in its folder dist, that a page loads on each provider. */
export const ORT_FILES = {
  wasm: ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'],
  webgpu: ['ort.webgpu.min.mjs', 'ort-wasm-simd-threaded.asyncify.mjs', 'ort-wasm-simd-threaded.asyncify.wasm'],
};

/** The files of @mediapipe/tasks-vision, in its folder, that a page loads. */
export const TASKS_FILES = [
  'vision_bundle.mjs',
  'wasm/vision_wasm_module_internal.js',
  'wasm/vision_wasm_module_internal.wasm',
];

/**
 * The plans for which a spec has graphs, the best first.
 * @param {object} spec frontend_spec.json
 * @param {{provider?: 'auto' | 'webgpu' | 'wasm', graph?: string | null}} [wanted] graph null: what a page takes by itself
 * @returns {{graph: string, provider: string, entries: object[]}[]}
 */
export function findPlans(spec, { provider = 'auto', graph = null } = {}) {
  const plans = PLANS.filter((plan) => (graph ? plan.graph === graph : plan.graph !== 'pixels')).flatMap((plan) => {
    const entries = plan.parts.map(([role, variant]) =>
      spec.graphs.find((entry) => entry.role === role && entry.variant === variant),
    );
    return entries.every(Boolean) ? [{ ...plan, entries }] : [];
  });
  return (provider === 'auto' ? ['webgpu', 'wasm'] : [provider]).flatMap((name) =>
    plans
      .filter((plan) => plan.providers.includes(name))
      .map((plan) => ({ graph: plan.graph, provider: name, entries: plan.entries })),
  );
}

/** The largest difference from Python that a graph's run may show: the rule of the proof (agreement.py) in JavaScript. */
function toleranceOf({ role, variant }, { tolerance, decision }) {
  const prob = decision.output;
  if (variant === 'pixels') return tolerance[`${prob}_pixels`] ?? 0;
  if (!['plain', 'wasm', 'webgl'].includes(variant)) return tolerance[`${prob}_javascript`] ?? 0;
  return role === 'encoder' ? (tolerance.features ?? 0) : Math.max(tolerance[prob], tolerance.emotion_logits ?? 0);
}

/** Tell whether a proof shows every graph of a plan, with the spec's hash, to load and agree on its provider. */
export function isProven({ entries, provider }, proof, spec) {
  if (!proof?.execution_providers.includes(provider)) return false;
  return entries.every((entry) =>
    proof.tested.some(
      (test) =>
        test.graph === entry.name &&
        test.sha256 === entry.sha256 &&
        test.execution_provider === provider &&
        test.loads &&
        test.n_flips === 0 &&
        test.largest_difference <= toleranceOf(entry, spec),
    ),
  );
}
