"""MediaPipe's JavaScript Face Landmarker on this computer: one exact release of tasks-vision, fetched once by npm.

What a page needs beside onnxruntime-web for a model of landmarks or blendshapes. The pinned release is the one that the
browser proof compares with Python's mediapipe.
  python -c "from shared import tasks_vision; print(tasks_vision.PACKAGE.install())"
"""

from shared.npm_package import NpmPackage

NPM_PACKAGE = "@mediapipe/tasks-vision"
NPM_VERSION = "1.1.0"

# The loader with "module" in its name is a worker's, the other one a page's.
NEEDED_FILES = (
    "vision_bundle.mjs",
    "wasm/vision_wasm_internal.js",
    "wasm/vision_wasm_internal.wasm",
    "wasm/vision_wasm_module_internal.js",
    "wasm/vision_wasm_module_internal.wasm",
)
PACKAGE = NpmPackage(NPM_PACKAGE, NPM_VERSION, NEEDED_FILES)
