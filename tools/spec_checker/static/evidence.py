"""A spec's claims beside what they are compared with: the ONNX, its own notes and model.json. Reads no files."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.onnx.graph import Graph
from tools.spec_checker.findings import Finding, failed, passed
from tools.spec_checker.static.claims import Claim
from tools.spec_checker.static.contract import Contract, contract_of


@dataclass(frozen=True)
class Evidence:
    """What a spec is compared with.

    Attributes:
        graph: The ONNX, or None if there is none that can be read.
        card: The content of the model.json beside it, or None.
        proven: Execution providers that a browser was seen to run it on, by the browser proof beside the spec.
    """

    graph: Graph | None
    card: dict[str, Any] | None
    proven: tuple[str, ...] = ()

    def notes(self, key: str, *card_keys: str) -> list[tuple[str, Any]]:
        """List who else says something about a field: (who, what they say)."""
        said = []
        if self.graph is not None and key in self.graph.metadata:
            said.append((f"smilebench.{key} in the ONNX", self.graph.metadata[key]))
        value: Any = self.card
        for card_key in card_keys:
            value = value.get(card_key) if isinstance(value, dict) else None
        if value is not None and card_keys:
            said.append(("model.json", value))
        return said


@dataclass(frozen=True)
class Said:
    """A spec's claims beside the evidence that they are compared with."""

    claims: dict[str, Claim]
    evidence: Evidence

    @functools.cached_property
    def contract(self) -> Contract:
        """The contract that the graph means to keep; without a graph, the one that the spec speaks of."""
        return contract_of(self.evidence.graph, self.value("input.kind"))

    def value(self, field: str) -> Any:
        """Return what the spec says of a field, or None."""
        return self.claims[field].value if field in self.claims else None

    def check(
        self,
        field: str,
        said: list[tuple[str, Any]],
        todo: str,
        *,
        expected: object = None,
        is_right: Callable[[Any], bool] = lambda value: True,
        same: Callable[[Any, Any], bool] = lambda mine, theirs: bool(mine == theirs),
    ) -> Finding:
        """Check one field.

        Args:
            field: Its name.
            said: Who else says what about it; the spec must say the same.
            todo: How to mend it.
            expected: What is right, in words; by default what the first of `said` says.
            is_right: Whether a value can be right at all.
            same: Whether two values mean the same.
        """
        words = expected if expected is not None else f"{said[0][1]} ({said[0][0]})" if said else "a value"
        claim = self.claims.get(field)
        if claim is None:
            return failed(field, "nothing", words, todo)
        if claim.value is None or not is_right(claim.value):
            return failed(field, repr(claim.raw), words, todo)
        for who, theirs in said:
            if not same(claim.value, theirs):
                return failed(field, repr(claim.raw), f"{theirs} ({who})", todo)
        note = "" if claim.where == field else f"read from {claim.where}"
        return passed(field, claim.value, note)
