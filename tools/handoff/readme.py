"""Fits the client's README and example page to the model of a folder: its files, and its class.

Each language has one text for all models, in which some passages apply to some models only:

    <!-- features many -->
    ... kept if both words apply to the model ...
    <!-- end -->
"""

import re
from typing import Any

from shared.onnx.contract import SMILE_PROB, class_of

PAGE = "index.html"
_PASSAGE = re.compile(r"^<!-- ([a-z ]+) -->\n(.*?)^<!-- end -->\n", re.MULTILINE | re.DOTALL)
_PLACE = re.compile(r"\{([a-z_]+)\}")
_PAGE_CLASS = "const CLASS = 'smile';"
_PAGE_TITLE = "<title>smile-detector</title>"
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
    true |= {"smile" if spec["decision"]["output"] == SMILE_PROB else "other"}
    places = {
        "folder": folder,
        "kind": kind,
        "kind_ko": _KINDS_KO[kind],
        "side": str(spec["preprocessing"]["width_px"]),
        "count": str(count),
        "interval": f"{interval_ms:g}",
        "rate": f"{1000 / interval_ms:.3g}" if is_film else "",
        "first": f"{(count - 1) * interval_ms / 1000:.2g}" if is_film else "",
        **_name_class(spec["decision"]["output"]),
    }

    def choose(passage: re.Match[str]) -> str:
        return passage[2] if set(passage[1].split()) <= true else ""

    chosen = _PASSAGE.sub(choose, text)
    # Code has braces too: only known places are filled in.
    filled = _PLACE.sub(lambda place: places.get(place[1], place[0]), chosen)
    return re.sub(r"\n{3,}", "\n\n", filled)


def fit_page(text: str, spec: dict[str, Any]) -> str:
    """Write the model's class into the example page; that of a model of smiles stays as it is."""
    output = spec["decision"]["output"]
    if output == SMILE_PROB:
        return text
    return text.replace(_PAGE_CLASS, f"const CLASS = '{class_of(output)}';").replace(
        _PAGE_TITLE, f"<title>{class_of(output)}</title>"
    )


def _name_class(output: str) -> dict[str, str]:
    """Name the class, and what JavaScript calls its probability, decision and events (`namesOf` in the client)."""
    name = class_of(output)
    words = [word for word in name.split("_") if word]
    pascal = "".join(word[0].upper() + word[1:] for word in words)
    is_smile = output == SMILE_PROB
    return {
        "class": name,
        "detector": "SmileDetector" if is_smile else "Detector",
        "prob_key": f"{pascal[0].lower()}{pascal[1:]}Prob",
        "is_key": f"is{pascal}",
        "start_event": f"{''.join(words)}start",
        "end_event": f"{''.join(words)}end",
        "noun": "a smile" if is_smile else f"`{name}`",
        "noun_ko": "미소" if is_smile else f"`{name}` 상태",
        "subject": "A smile" if is_smile else f"`{name}`",
    }
