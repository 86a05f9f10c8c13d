"""npm packages on this computer: one exact release each, fetched once by npm, for browser proofs and the game.

Writes artifacts/npm/<package>-<version>/ as a whole or not at all. Knows nothing of models or pages. The pinned
releases are those that the figures in the documentation were measured with: operators come and go between releases.
python -c "from shared.web.npm import ONNXRUNTIME_WEB; print(ONNXRUNTIME_WEB.install())"
"""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from shared import paths
from shared.errors import MissingOutside
from shared.system import portable

# A lock file with download addresses would tie a checkout to the mirror that one person used.
NPMRC = "omit-lockfile-registry-resolved=true\naudit=false\nfund=false\nupdate-notifier=false\n"
_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class NpmPackage:
    """A pinned package.

    Attributes:
        name: As npm knows it.
        version: The exact release.
        needed_files: What a page loads, as paths in the package.
    """

    name: str
    version: str
    needed_files: tuple[str, ...]

    @property
    def specifier(self) -> str:
        """The package as npm names it: name@version."""
        return f"{self.name}@{self.version}"

    def is_whole(self, package_dir: Path) -> bool:
        """Tell whether a folder is this release with every file that pages load."""
        try:
            version = json.loads((package_dir / "package.json").read_text(encoding="utf-8")).get("version")
        except (OSError, ValueError, AttributeError):
            return False
        return version == self.version and all((package_dir / name).is_file() for name in self.needed_files)

    def install(self, home_dir: Path | None = None, *, npm: str = "npm") -> Path:
        """Fetch the package with npm, unless it is here already.

        Args:
            home_dir: Where releases are kept; None is artifacts/npm/.
            npm: The program to run.

        Returns:
            The package's folder. Nothing is fetched a second time.

        Raises:
            MissingOutside: npm is missing, does not finish in five minutes, or its registry cannot be reached.
        """
        import filelock

        home_dir = home_dir or paths.artifacts("npm")
        target = home_dir / f"{self.name.replace('/', '-').removeprefix('@')}-{self.version}"
        package_dir = target / "node_modules" / self.name
        if self.is_whole(package_dir):
            return package_dir
        home_dir.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(home_dir / ".lock"):
            if self.is_whole(package_dir):  # another process fetched it while this one waited
                return package_dir
            work_dir = Path(tempfile.mkdtemp(dir=home_dir, prefix=".incoming-"))
            try:
                self._fetch(work_dir, npm)
                if target.exists():
                    shutil.rmtree(target)  # half a package from a version of this program that wrote in place
                work_dir.chmod(0o755)
                portable.replace(work_dir, target)
            finally:
                shutil.rmtree(work_dir, ignore_errors=True)
        return package_dir

    def _fetch(self, work_dir: Path, npm: str) -> None:
        """Run npm in an empty folder and look at what it brought."""
        specifier = self.specifier
        todo = (
            f"install Node.js 20 or newer with npm, and let `npm view {specifier} version` answer; then run this again"
        )
        program = shutil.which(npm)
        if program is None:
            raise MissingOutside("npm", found="no such program", expected=f"npm, to fetch {specifier}", todo=todo)
        (work_dir / ".npmrc").write_text(NPMRC, encoding="utf-8")
        (work_dir / "package.json").write_text(
            json.dumps({"private": True, "dependencies": {self.name: self.version}}) + "\n", encoding="utf-8"
        )
        command = [program, "install", "--no-package-lock", "--ignore-scripts", "--loglevel=error"]
        try:
            done = subprocess.run(
                command, cwd=work_dir, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MissingOutside(
                "npm install", found=f"no answer ({type(error).__name__})", expected=specifier, todo=todo
            ) from None
        if done.returncode != 0:
            raise MissingOutside(
                "npm install",
                found=f"exit code {done.returncode} ({_cause(done.stderr)})",
                expected=specifier,
                todo=todo,
            )
        if not self.is_whole(work_dir / "node_modules" / self.name):
            raise MissingOutside(
                "npm install",
                found="a package that lacks files",
                expected=f"{specifier} with {', '.join(self.needed_files)}",
                todo="empty npm's cache (npm cache clean --force) and run this again",
            )


def _cause(stderr: str) -> str:
    """Take npm's error code and its first sentence, without its advice and its addresses."""
    lines = [line.removeprefix("npm error").removeprefix("npm ERR!").strip() for line in stderr.splitlines()]
    lines = [line for line in lines if line and "://" not in line and not line.startswith("npm warn")]
    return "; ".join(lines[:2])[:160] or "it says nothing"


# What a page loads, below dist/. ort.webgl is gone from later releases: it is looked for where it is used.
ONNXRUNTIME_WEB = NpmPackage(
    "onnxruntime-web",
    "1.30.0",
    tuple(
        f"dist/{name}"
        for name in (
            "ort.min.mjs",
            "ort.wasm.min.mjs",
            "ort.webgpu.min.mjs",
            "ort-wasm-simd-threaded.mjs",
            "ort-wasm-simd-threaded.wasm",
        )
    ),
)
# MediaPipe's JavaScript Face Landmarker, which a page needs beside onnxruntime-web for a model of landmarks or
# blendshapes. The loader with "module" in its name is a worker's, the other one a page's.
TASKS_VISION = NpmPackage(
    "@mediapipe/tasks-vision",
    "1.1.0",
    (
        "vision_bundle.mjs",
        "wasm/vision_wasm_internal.js",
        "wasm/vision_wasm_internal.wasm",
        "wasm/vision_wasm_module_internal.js",
        "wasm/vision_wasm_module_internal.wasm",
    ),
)
