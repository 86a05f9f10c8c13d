"""Downloads a file of a known hash: resumes a partial download, checks the hash, then moves the file into place.

Reads the network or a folder; writes the target folder. Knows nothing of what the files are for.
"""

import contextlib
import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import cli, contracts, paths
from shared.errors import InvalidInput, MissingOutside
from shared.faces import detector, landmarker
from shared.sound import laughter
from shared.system import portable
from tools.model_fetcher.config import FetchModelsConfig

_TIMEOUT_S = 20.0
_ATTEMPTS = 4
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Model:
    """A file that is known by its hash.

    Attributes:
        file: Its name.
        sha256: Of its bytes.
        n_bytes: How many it has; a longer answer is cut off at once.
        url: Where it is published; empty where it can only be copied.
        licence: Under which terms.
    """

    file: str
    sha256: str
    n_bytes: int
    url: str
    licence: str


MODELS = {
    "yunet": Model(
        detector.MODEL_NAME,
        detector.KNOWN_SHA256,
        232_589,
        "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/face_detection_yunet/"
        + detector.MODEL_NAME,
        "MIT",
    ),
    "face_landmarker": Model(
        landmarker.MODEL_NAME,
        landmarker.KNOWN_SHA256,
        3_758_596,
        "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/"
        + landmarker.MODEL_NAME,
        "Apache-2.0",
    ),
    "yamnet": Model(
        laughter.YAMNET,
        laughter.KNOWN_SHA256,
        4_047_424,
        "",
        "Apache-2.0",
    ),
    "enet": Model(
        "enet_b0_8_va_mtl.onnx",
        "c43e056ad388d4a8dc911832b8291435b2af537f967e5870ebd731574ec7e812",
        16_049_834,
        "https://raw.githubusercontent.com/sb-ai-lab/EmotiEffLib/af833487321c3efdcb1768a91a6c656a1986fdf6/"
        "models/affectnet_emotions/onnx/enet_b0_8_va_mtl.onnx",
        "code Apache-2.0; learned from AffectNet, for research",
    ),
    "emotions": Model(
        "emotion_mini_xception.onnx",
        "2e9039a4881e651e252ef88e18cfcacab8d2d941b66890d73678562ad8f9e705",
        377_538,
        "",
        "MIT",
    ),
    "emotions_card": Model(
        "emotion_mini_xception.json",
        "1b11ac02e05da0de98f4caf8fb2f536424ad7868141f88274b5e82dc59c54306",
        331,
        "",
        "MIT",
    ),
}


@dataclass(frozen=True)
class FetchResult:
    """What is there now.

    Attributes:
        folder: Where the files lie.
        files: For each model its name, file and whether it was there before.
    """

    folder: Path
    files: list[dict[str, Any]]
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise for people."""
        lines = [
            f"{file['name']:<16}{'was there' if file['was_there'] else 'fetched'}  {paths.shown(Path(file['path']))} "
            f"({file['licence']})"
            for file in self.files
        ]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {"folder": str(self.folder), "files": self.files}


def fetch_models(config: FetchModelsConfig) -> FetchResult:
    """Fetch the chosen files; those that are there and have the right hash are left alone.

    Raises:
        InvalidInput: A file is not the known one.
        MissingOutside: No network, or no such file on it.
    """
    folder = landmarker.model_folders()[0]
    files = []
    for name in config.names:
        model = MODELS[name]
        target = folder / model.file
        was_there = target.is_file() and contracts.sha256_file(target) == model.sha256
        if not was_there:
            folder.mkdir(parents=True, exist_ok=True)
            if config.source is None and not model.url:
                todo = "copy it from where it lies: ./inv fetch-models --only " + name + " --folder DIR"
                raise MissingOutside(model.file, found="no address that is known to give it", expected="one", todo=todo)
            if config.source is None:
                download(model, target)
            else:
                copy(model, config.source / model.file, target)
        files.append({"name": name, "path": str(target), "was_there": was_there, "licence": model.licence})
    return FetchResult(folder, files)


def copy(model: Model, source: Path, target: Path) -> None:
    """Copy a file from a folder, checked.

    Raises:
        InvalidInput: It is not there, or not the known one.
    """
    if contracts.sha256_file(source) != model.sha256:
        raise _wrong(str(source), contracts.sha256_file(source), model)
    part = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, part)
    _keep(part, target, model, str(source))


def download(model: Model, target: Path) -> None:
    """Download a file: goes on where a broken connection, or an earlier run, has left off.

    Args:
        model: What to get.
        target: The file to write; appears only once it is complete and verified.

    Raises:
        InvalidInput: What came is not the known file; it is thrown away.
        MissingOutside: The network does not give it; what came so far is kept for the next run.
    """
    part = target.with_name(f".{target.name}.part")
    for attempt in range(_ATTEMPTS):
        try:
            _append(model, part)
        except urllib.error.HTTPError as error:
            raise _missing(model, f"HTTP {error.code}") from None
        except (OSError, http.client.HTTPException) as error:
            had = part.stat().st_size if part.exists() else 0
            reason = str(getattr(error, "reason", error)) or type(error).__name__
            if attempt == _ATTEMPTS - 1 or not had:
                raise _missing(model, reason) from None
            cli.note(f"model-fetcher: note: {reason}; going on from {had} of {model.n_bytes} bytes")
        if part.exists() and part.stat().st_size >= model.n_bytes:
            break
    if not part.exists() or part.stat().st_size < model.n_bytes:
        raise _missing(model, "an answer that breaks off again and again")
    _keep(part, target, model, model.url)


def _append(model: Model, part: Path) -> None:
    """Ask for the rest of a file and append it; a server that sends all of it again begins it anew."""
    had = part.stat().st_size if part.exists() else 0
    if had >= model.n_bytes:
        return
    request = urllib.request.Request(model.url, headers={"Range": f"bytes={had}-"} if had else {})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
        goes_on = had > 0 and answer.status == 206
        with part.open("ab" if goes_on else "wb") as file:
            left = model.n_bytes + 1 - (had if goes_on else 0)  # one byte too many is enough to know
            while left > 0 and (data := answer.read(min(_CHUNK_BYTES, left))):
                file.write(data)
                left -= len(data)


def _keep(part: Path, target: Path, model: Model, where: str) -> None:
    """Check a complete file and move it into place."""
    with part.open("r+b") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    if found != model.sha256:
        with contextlib.suppress(OSError):
            part.unlink()
        raise _wrong(where, found, model)
    portable.replace(part, target)
    portable.sync_folder(target.parent)


def _wrong(where: str, found: str, model: Model) -> InvalidInput:
    return InvalidInput(
        where,
        found=f"a file of sha256 {found[:16]}...",
        expected=f"{model.file}, {model.sha256[:16]}...",
        todo="nothing was kept; copy the right file from another computer: ./inv fetch-models --folder DIR",
    )


def _missing(model: Model, reason: str) -> MissingOutside:
    return MissingOutside(
        model.url,
        found=reason,
        expected=f"{model.file} over the network",
        todo="try again (it goes on where it was), or copy it from a folder: ./inv fetch-models --folder DIR",
    )
