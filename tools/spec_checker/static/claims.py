"""Finds a spec's fields in a JSON object of any shape, under their likely keys.

Knows keys and how people write values ("7.7MB", "smile_prob > 0.28"); does not judge the values. Reads no files.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Parse = Callable[[Any], Any]
Node = tuple[tuple[str, ...], str, Any]  # normalised keys, path in the spec, value

KNOWN_PROVIDERS = ("wasm", "webgpu", "webgl", "webnn")


@dataclass(frozen=True)
class Claim:
    """A spec's value of one field.

    Attributes:
        value: Parsed, or None if it could not be parsed.
        raw: The value in the spec.
        where: The keys that lead to it.
    """

    value: Any
    raw: Any
    where: str


def _number(value: Any) -> float | int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if math.isfinite(value) else None
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,15}(\.\d+)?\s*(ms)?\s*", value):
        number = float(re.sub(r"[^\d.-]", "", value))
        return int(number) if number == int(number) else number
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _flag(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "yes": True, "false": False, "no": False, "none": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _names(value: Any) -> list[str] | None:
    """Read a list of names, or a text that lists them."""
    if isinstance(value, str):
        value = [part for part in re.split(r"[,/|]\s*|\s+or\s+", value) if part]
    return value if isinstance(value, list) and value and all(isinstance(part, str) for part in value) else None


def _names_or_none(value: Any) -> list[str] | None:
    """Read a list of names that may be empty."""
    return [] if value == [] else _names(value)


def _shape(value: Any) -> list[int] | None:
    """Read [1, 5, 3, 224, 224], "(1, 5, 3, 224, 224)" or "1x5x3x224x224"."""
    if isinstance(value, str):
        value = [int(part) for part in re.findall(r"\d{1,9}", value)]
        return value if len(value) > 1 else None
    if isinstance(value, list) and value and all(isinstance(n, int) and not isinstance(n, bool) for n in value):
        return value
    return None


def _range(value: Any) -> list[float] | None:
    """Read [0, 1], "0-1", "0 to 1" or "pixel / 255"."""
    if isinstance(value, list) and len(value) == 2 and all(_number(n) is not None for n in value):
        return value
    if isinstance(value, str):
        if found := re.search(r"(-?\d+(?:\.\d+)?)\s*(?:-|~|to|\.\.|,)\s*(\d+(?:\.\d+)?)", value):
            return [float(found[1]), float(found[2])]
        if _scale(value):
            return [0, 1]
    return None


def _scale(value: Any) -> str | None:
    if isinstance(value, str):
        if value == "bytes":
            return value
        return "pixel / 255" if re.search(r"(/|÷|by)\s*255", value) else None
    return "pixel / 255" if isinstance(value, float) and math.isclose(value, 1 / 255, rel_tol=1e-3) else None


def _color(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    found = re.findall(r"RGBA?|BGRA?|GR[AE]Y", re.sub(r"not\s+\w+", "", value, flags=re.IGNORECASE).upper())
    return found[0] if found else None


def _layout(value: Any) -> str | None:
    return value.upper() if isinstance(value, str) and re.fullmatch(r"[NBTCHWPF]{3,5}", value.upper()) else None


def _bytes(value: Any) -> int | None:
    """Read 7700000 or "7.7MB"."""
    if isinstance(value, str) and (
        found := re.fullmatch(r"\s*([\d.,]+)\s*([KM]i?)?B(?:ytes)?\s*", value, re.IGNORECASE)
    ):
        factor = {"": 1, "k": 1e3, "m": 1e6, "ki": 1024, "mi": 1024**2}[(found[2] or "").lower()]
        try:
            return round(float(found[1].replace(",", "")) * factor)
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _threshold(value: Any) -> float | None:
    """Read 0.282 or the number in "smile when smile_prob > 0.2820"."""
    if isinstance(value, str) and (
        found := re.search(r"(?:[<>≥]=?|above|over|threshold\D{0,3})\s*(-?\d+(?:\.\d+)?)", value)
    ):
        return float(found[1])
    return _number(value)


def _operator(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    found = re.search(r">=|<=|≥|≤|>|<", value)
    return found[0] if found else None


def _output_name(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    found = re.search(r"\b[A-Za-z]\w*(?=\s*[<>≥≤])", value) or re.fullmatch(r"\w+", value)
    return found[0] if found else None


def _side_length(index: int) -> Parse:
    """Read the width (0) or height (1) out of 224, [224, 224] or "224x224"."""

    def parse(value: Any) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        sides = _shape(value)
        return sides[index] if sides and len(sides) == 2 else None

    return parse


def _providers(value: Any) -> list[str] | None:
    """Read the providers' names out of a list, or out of a text such as "WebGL (30 to 50 ms)"."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list) or not parts or not all(isinstance(part, str) for part in parts):
        return None
    names = []
    for part in parts:
        known = [name for name in KNOWN_PROVIDERS if name in part.lower()]
        names += known or [part]
    return names


def _package(value: Any) -> str | None:
    """Read a package's name out of its name, a command to install it, or the dependencies of a package.json."""
    if isinstance(value, dict):
        return next((name for name in value if "onnx" in name.lower()), None)
    if not isinstance(value, str):
        return None
    words = [word for word in value.split() if word not in ("npm", "yarn", "pnpm", "install", "add", "i", "run")]
    words = [word for word in words if not word.startswith("-")]
    word = next((word for word in words if "onnx" in word.lower()), words[0] if len(words) == 1 else None)
    return re.sub(r"(?<=.)@.*", "", word) if word else None


def _package_version(value: Any) -> str | None:
    if isinstance(value, dict):
        name = _package(value)
        return value[name] if name and isinstance(value[name], str) else None
    if not isinstance(value, str):
        return None
    if found := re.search(r"\w@([\^~]?[\w.-]+)", value):
        return found[1]
    return value if re.fullmatch(r"[\^~>=v]*\d[\w.-]*", value) else None


def _outputs(value: Any) -> dict[str, dict[str, Any]] | None:
    """Read outputs as {name: description} from a list of objects, a list of names or an object by name."""
    if isinstance(value, list) and value:
        found: dict[str, dict[str, Any]] = {}
        for entry in value:
            if isinstance(entry, str):
                found[entry] = {}
            elif isinstance(entry, dict) and isinstance(entry.get("name"), str):
                found[entry["name"]] = entry
            else:
                return None
        return found
    if isinstance(value, dict) and value:
        return {name: entry if isinstance(entry, dict) else {"meaning": entry} for name, entry in value.items()}
    return None


def _list(value: Any) -> list[Any] | None:
    return value if isinstance(value, list) else None


def _mapping(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


_DECISION = "decision", "decision_rule", "rule", "condition"

# Field of frontend_spec -> (parser, other keys in use, best first).
FIELDS: dict[str, tuple[Parse, tuple[str, ...]]] = {
    "schema_version": (_number, ()),
    "spec_id": (_text, ("model_id",)),
    "created_utc": (_text, ("created", "date")),
    "synthetic": (_flag, ("is_synthetic",)),
    "model.file": (_text, ("model.name", "model_file", "model.path", "model", "onnx", "file", "file_name")),
    "model.sha256": (_text, ("sha256", "model_sha256", "model.hash", "hash", "checksum")),
    "model.bytes": (_bytes, ("model.size", "model_size", "file_size", "model.file_size", "size_bytes", "bytes")),
    "model.opset": (_number, ("opset", "opset_version")),
    "model.operators": (_names, ("operators", "ops")),
    "input.kind": (_text, ()),
    "input.name": (_text, ("input_name", "inputs.0.name")),
    "input.shape": (_shape, ("input_shape", "inputs.0.shape", "input.tensor", "input", "shape")),
    "input.dtype": (_text, ("input.type", "input_type", "inputs.0.dtype", "inputs.0.type", "dtype")),
    "input.layout": (_layout, ("input.format", "input.order", "layout", "format")),
    "input.color": (
        _color,
        ("input.colour", "input.channels", "input.channel_order", "color", "colour", "channels", "channel_order"),
    ),
    "input.range": (
        _range,
        ("input.value_range", "input.normalization", "input.normalisation", "normalization", "normalisation", "range"),
    ),
    "input.unit": (_text, ()),
    "input.uses_z": (_flag, ()),
    "input.names": (_names, ()),
    "input.landmarker": (_mapping, ()),
    "outputs": (_outputs, ("output",)),
    "classes": (_names, ("labels", "class_names", "class_order")),
    "positive_class": (_text, ("positive", "positive_label")),
    "emotions": (_names_or_none, ("emotion_classes", "emotion_labels", "emotion_names")),
    "emotions_trained": (_list, ("trained_emotions",)),
    "decision.output": (_output_name, _DECISION),
    "decision.operator": (_operator, (*_DECISION, "comparison")),
    "decision.threshold": (_threshold, ("threshold", "smile_threshold", "threshold.value", *_DECISION)),
    "decision.chosen_on": (_text, ("threshold.chosen_on", "chosen_on", "threshold_source")),
    "decision.release_threshold": (_number, ("release_threshold", "threshold_off", "off_threshold")),
    "decision.min_duration_ms": (_number, ("min_duration_ms", "minimum_duration_ms", "min_duration")),
    "frames.count": (
        _number,
        ("frame_count", "num_frames", "n_frames", "sequence_length", "input.frames", "frames", "input.sequence_length"),
    ),
    "frames.interval_ms": (
        _number,
        ("frame_interval_ms", "interval_ms", "frame_spacing_ms", "spacing_ms", "frame_interval", "frame_spacing"),
    ),
    "frames.max_deviation_ms": (_number, ("max_deviation_ms", "max_deviation", "jitter_ms")),
    "graphs": (_list, ()),
    "tolerance": (_mapping, ("tolerances",)),
    "golden": (_mapping, ("golden_vectors",)),
    "preprocessing.crop": (_text, ("crop", "cropping")),
    "preprocessing.resize": (_text, ("resize", "interpolation", "resize_method", "resizing")),
    "preprocessing.width_px": (
        _side_length(0),
        ("input.width", "width", "image_size", "input_size", "input.size", "resolution"),
    ),
    "preprocessing.height_px": (
        _side_length(1),
        ("input.height", "height", "image_size", "input_size", "input.size", "resolution"),
    ),
    "preprocessing.mirror": (_flag, ("mirror", "mirrored", "flip", "horizontal_flip")),
    "preprocessing.scale": (
        _scale,
        ("scale", "input.normalization", "input.normalisation", "normalization", "normalisation", "normalize"),
    ),
    "runtime.npm_package": (
        _package,
        ("npm_package", "package", "npm", "install", "npm_install", "dependencies", "library", "runtime"),
    ),
    "runtime.npm_version": (
        _package_version,
        ("npm_version", "package_version", "dependencies", "install", "npm_install", "package"),
    ),
    "runtime.execution_providers": (
        _providers,
        ("execution_providers", "providers", "execution_provider", "provider", "backend", "backends"),
    ),
    "runtime.landmarker": (_mapping, ()),
}

# Here a value under another key counts even if it cannot be parsed ("ImageNet mean and std").
_CONCLUSIVE = ("input.range", "input.color", "input.layout", "model.bytes", "preprocessing.scale")


def read_claims(spec: dict[str, Any]) -> dict[str, Claim]:
    """Find the fields that a spec states.

    Args:
        spec: Any JSON object. Keys may be snake_case, camelCase or dashed, and nested.

    Returns:
        The claims by field name in frontend_spec; missing fields are left out. A claim whose value cannot be parsed
        has the value None.
    """
    nodes = _walk(spec)
    claims = {}
    for field, (parse, aliases) in FIELDS.items():
        claim = _find(nodes, parse, (field, *aliases), unclear_keys=len(aliases) + 1 if field in _CONCLUSIVE else 1)
        if claim is not None:
            claims[field] = claim
    return claims


def _walk(spec: dict[str, Any]) -> list[Node]:
    """List all values with their normalised keys, those near the root first."""
    found: list[Node] = []
    level: list[Node] = [((_normalise(key),), key, value) for key, value in spec.items()]
    while level:
        found += level
        deeper: list[Node] = []
        for keys, where, value in level:
            entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            deeper += [((*keys, _normalise(str(key))), f"{where}.{key}", inner) for key, inner in entries]
        level = deeper
    return found


def _normalise(key: str) -> str:
    """Write frameIntervalMs and "Frame interval (ms)" as frame_interval_ms."""
    key = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)
    return re.sub(r"[^a-z0-9]+", "_", key.lower()).strip("_")


def _find(nodes: list[Node], parse: Parse, aliases: tuple[str, ...], unclear_keys: int) -> Claim | None:
    """Return the first value that can be parsed; else the raw value under one of the first few keys."""
    unclear: Claim | None = None
    for number, alias in enumerate(aliases):
        wanted = tuple(alias.split("."))
        for keys, where, raw in nodes:
            # "size" alone is ambiguous, so a single word counts only near the root.
            if keys[-len(wanted) :] != wanted or len(keys) > len(wanted) + 1:
                continue
            value = parse(raw)
            if value is not None:
                return Claim(value, raw, where)
            if number < unclear_keys and unclear is None and (number == 0 or not isinstance(raw, dict | list)):
                unclear = Claim(None, raw, where)
    return unclear
