"""onnxruntime-web on this computer: one exact release, fetched once by npm, for the browser proof and the game.

Knows nothing of models or pages. The pinned release is the one that the figures in the documentation were measured
with: operators come and go between releases.
  python -c "from shared import onnxruntime_web; print(onnxruntime_web.install())"
"""

from pathlib import Path

from shared.npm_package import NpmPackage

NPM_PACKAGE = "onnxruntime-web"
NPM_VERSION = "1.30.0"

# What a page loads, below dist/. ort.webgl is gone from later releases: it is looked for where it is used.
NEEDED_FILES = (
    "ort.min.mjs",
    "ort.wasm.min.mjs",
    "ort.webgpu.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
)
PACKAGE = NpmPackage(NPM_PACKAGE, NPM_VERSION, tuple(f"dist/{name}" for name in NEEDED_FILES))


def is_whole(package_dir: Path) -> bool:
    """Tell whether a package folder is the pinned release with every file that pages load."""
    return PACKAGE.is_whole(package_dir)


def install(home_dir: Path | None = None, *, npm: str = "npm") -> Path:
    """Fetch the pinned onnxruntime-web with npm, unless it is here already; see `NpmPackage.install`.

    Returns:
        The package's folder, whose dist/ holds the modules and the wasm files.

    Example:
        >>> (install() / "dist" / "ort.min.mjs").is_file()  # doctest: +SKIP
        True
    """
    return PACKAGE.install(home_dir, npm=npm)
