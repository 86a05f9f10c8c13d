"""Compares a spec's claims with the evidence: the ONNX, its metadata and model.json. Reads no files."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.onnx.contract import find_prob
from shared.onnx.graph import Graph
from tools.spec_checker.findings import Finding, failed, passed
from tools.spec_checker.static.claims import Claim
from tools.spec_checker.static.contract import Contract, contract_of

_LONGEST_MS = 60_000


@dataclass(frozen=True)
class Evidence:
    """What a spec is compared with.

    Attributes:
        graph: The ONNX, or None if no ONNX could be read.
        card: The content of the model.json beside it, or None.
        proven: Execution providers that the browser proof beside the spec proves.
    """

    graph: Graph | None
    card: dict[str, Any] | None
    proven: tuple[str, ...] = ()

    def notes(self, key: str, *card_keys: str) -> list[tuple[str, Any]]:
        """List the reference values of a field: (source, value)."""
        references = []
        if self.graph is not None and key in self.graph.metadata:
            references.append((f"smilebench.{key} in the ONNX", self.graph.metadata[key]))
        value: Any = self.card
        for card_key in card_keys:
            value = value.get(card_key) if isinstance(value, dict) else None
        if value is not None and card_keys:
            references.append(("model.json", value))
        return references


@dataclass(frozen=True)
class FieldChecker:
    """Compares a spec's claims, field by field, with the evidence."""

    claims: dict[str, Claim]
    evidence: Evidence

    @functools.cached_property
    def contract(self) -> Contract:
        """The contract of the graph's input kind and class; without a graph, of those that the spec states."""
        stated = self.value("decision.output")
        return contract_of(self.evidence.graph, self.value("input.kind"), stated and find_prob([stated]))

    def value(self, field: str) -> Any:
        """Return the spec's value of a field, or None."""
        return self.claims[field].value if field in self.claims else None

    def check_duration(self, field: str, todo: str) -> Finding:
        """Check a field of milliseconds, of which no other source knows the value."""
        expected = f"milliseconds, 0 to {_LONGEST_MS:,}"
        return self.check(field, [], todo, expected=expected, is_right=lambda value: bool(0 <= value <= _LONGEST_MS))

    def check(
        self,
        field: str,
        references: list[tuple[str, Any]],
        todo: str,
        *,
        expected: object = None,
        is_right: Callable[[Any], bool] = lambda value: True,
        same: Callable[[Any, Any], bool] = lambda stated, reference: bool(stated == reference),
    ) -> Finding:
        """Check one field.

        Args:
            field: Its name.
            references: Other sources of the value, as (source, value); the spec must agree with each.
            todo: How to fix it.
            expected: What is right, in words; by default the first reference.
            is_right: Whether a value is plausible at all.
            same: Whether two values are equal in meaning.
        """
        words = (
            expected
            if expected is not None
            else f"{references[0][1]} ({references[0][0]})"
            if references
            else "a value"
        )
        claim = self.claims.get(field)
        if claim is None:
            return failed(field, "nothing", words, todo)
        if claim.value is None or not is_right(claim.value):
            return failed(field, repr(claim.raw), words, todo)
        for source, reference in references:
            if not same(claim.value, reference):
                return failed(field, repr(claim.raw), f"{reference} ({source})", todo)
        note = "" if claim.where == field else f"read from {claim.where}"
        return passed(field, claim.value, note)
