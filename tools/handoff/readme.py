"""Fits the client's README to the model of a folder: it describes the files beside it.

Each language has one text for all models, in which some passages apply to some models only:

    <!-- features many -->
    ... kept if both words apply to the model ...
    <!-- end -->
"""

import re
from typing import Any

_PASSAGE = re.compile(r"^<!-- ([a-z ]+) -->\n(.*?)^<!-- end -->\n", re.MULTILINE | re.DOTALL)
_PLACE = re.compile(r"\{([a-z_]+)\}")
_KINDS_KO = {"frames": "그림", "landmarks": "랜드마크", "blendshapes": "블렌드셰이프"}


def fit_readme(text: str, spec: dict[str, Any], folder: str, *, has_landmarker: bool) -> str:
    """Choose a README's passages and fill in its places.

    Args:
        text: A README of the client, with passages and places such as ``{count}``.
        spec: The front-end spec that will lie beside it.
        folder: The folder's name.
        has_landmarker: Whether the landmarker's model file lies there too.

    Returns:
        The README without marks.
    """
    kind, frames = spec["input"]["kind"], spec["frames"]
    count, interval_ms = frames["count"], frames["interval_ms"]
    is_film, is_stream = count > 1 and interval_ms > 0, any(graph["role"] == "encoder" for graph in spec["graphs"])
    true = {kind, "frames" if kind == "frames" else "features", "many" if is_film else "one"}
    true |= {"stream"} if is_stream else {"window"} if is_film else set()
    true |= {"landmarker"} if has_landmarker else set()
    places = {
        "folder": folder,
        "kind": kind,
        "kind_ko": _KINDS_KO[kind],
        "side": str(spec["preprocessing"]["width_px"]),
        "count": str(count),
        "interval": f"{interval_ms:g}",
        "rate": f"{1000 / interval_ms:.3g}" if is_film else "",
        "first": f"{(count - 1) * interval_ms / 1000:.2g}" if is_film else "",
    }

    def choose(passage: re.Match[str]) -> str:
        return passage[2] if set(passage[1].split()) <= true else ""

    chosen = _PASSAGE.sub(choose, text)
    # Code has braces too: only known places are filled in.
    filled = _PLACE.sub(lambda place: places.get(place[1], place[0]), chosen)
    return re.sub(r"\n{3,}", "\n\n", filled)
