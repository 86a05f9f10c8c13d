"""What a quantisation came to: one document, as text for people and as JSON for programs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import paths


@dataclass(frozen=True)
class Quantized:
    """Smaller encoders with their verdicts.

    Attributes:
        folder: Where quantization.json and the encoders that pass lie.
        document: quantization.json.
    """

    folder: Path
    document: dict[str, Any]

    @property
    def offered(self) -> list[dict[str, Any]]:
        """The variants that a page may use."""
        return [variant for variant in self.document["variants"] if variant["file"] is not None]

    @property
    def exit_code(self) -> int:
        """0 where any variant passes, else 1."""
        return 0 if self.offered else 1

    def as_text(self) -> str:
        """Write the table and what follows from it."""
        document, plain = self.document, self.document["plain"]
        parts = document["parts"]
        people = ", ".join(f"{part['n_subjects']} {name}" for name, part in parts.items())
        synthetic = " (synthetic)" if document["dataset"]["kind"] == "synthetic" else ""
        lines = [
            (
                f"{document['model']['name']}: encoder {document['encoder']}, {plain['bytes']:,} bytes; "
                f"{document['dataset']['name']}{synthetic}, people: {people}; accuracy of the test people "
                f"{plain['accuracy']:.1%}"
            ),
            f"{'variant':<21}{'bytes':>10}{'size':>6}{'native':>8}{'wasm':>8}  flips (validation)  test",
        ]
        for variant in sorted(document["variants"], key=lambda one: (one["kind"], one["bytes"])):
            found, test = variant["validation"], variant["test"]
            wasm = f"{variant['wasm']['ratio']:.2f}" if variant["wasm"] else "-"
            lines.append(
                f"{variant['name']:<21}{variant['bytes']:>10,}{variant['size_ratio']:>6.2f}"
                f"{variant['native']['ratio']:>8.2f}{wasm:>8}  {found['n_flips']:>4} of {found['n']:<10}"
                f"{'offered' if variant['file'] else 'not offered'}: {_judgement(variant, test)}"
            )
        lines.append("native, wasm: time as a part of the plain encoder's, one thread; below 1 is faster")
        if document["wasm"]:
            lines.append(f"note: wasm: {document['wasm']}")
        lines += [f"{name}: could not be made or run: {why}" for name, why in document["failed"].items()]
        lines.append(
            f"{paths.shown(self.folder / paths.QUANTIZATION_FILE)}: {len(self.offered)} of them for a hand-off"
        )
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give the document and where it lies."""
        return {"folder": str(self.folder), "quantization": self.document}


def _judgement(variant: dict[str, Any], test: dict[str, Any] | None) -> str:
    if variant["file"] is None or test is None:
        return "; ".join(variant["reasons"])
    flips, change = test["flips"], test["change"]
    return (
        f"{test['n_flips']} of {test['n']} decisions flip ({_range(flips)}), accuracy {change['value']:+.1%} "
        f"({_range(change)})"
    )


def _range(found: dict[str, Any]) -> str:
    if found["low"] is None:
        return "no interval"
    return f"{100 * found['low']:.1f} to {100 * found['high']:.1f} %"
