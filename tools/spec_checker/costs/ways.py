"""The ways by which a hand-off's graphs make a decision: which graphs each one downloads and runs for a new frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ENCODERS = ("plain", "wasm", "fp16", "int8")


@dataclass(frozen=True)
class Way:
    """A way to decide on one new frame.

    Attributes:
        name: ``window``, or ``stream`` with the encoder's variant.
        graphs: The spec's entries, in the order in which they run.
    """

    name: str
    graphs: tuple[Mapping[str, Any], ...]

    @property
    def n_bytes(self) -> int:
        """What a page downloads, onnxruntime-web left out."""
        return sum(graph["bytes"] for graph in self.graphs)

    @property
    def variant(self) -> str:
        """Of the graph that sees the frame."""
        return str(self.graphs[0]["variant"])


def list_ways(spec: Mapping[str, Any]) -> list[Way]:
    """List a hand-off's ways: the window, and the stream with each encoder that pages may use."""
    by_role = {(graph["role"], graph["variant"]): graph for graph in spec["graphs"]}
    ways = [Way("window", (by_role["window", "plain"],))]
    head = by_role.get(("head", "plain"))
    for variant in _ENCODERS:
        encoder = by_role.get(("encoder", variant))
        if head is not None and encoder is not None and (encoder["verdict"] is None or encoder["verdict"]["offer"]):
            ways.append(Way("stream" if variant == "plain" else f"stream_{variant}", (encoder, head)))
    return ways
