"""Stale models: models trained on a person who has withdrawn consent, marked so that reports say so.

A model is marked by a ``stale.json`` beside it, which holds the ONNX's hash and no pseudonym. Reading is cheap and
never fails: who asks gets a reason or None.
"""

from enum import StrEnum
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.errors import InvalidInput

STALE = "stale.json"


class StaleReason(StrEnum):
    """Why a model should no longer be used."""

    CONSENT_WITHDRAWN = "consent_withdrawn"


_SENTENCES = {StaleReason.CONSENT_WITHDRAWN: "a person it was trained on has withdrawn consent"}


def mark(model_card: Path, reason: StaleReason) -> Path:
    """Mark the model of a model.json as stale; returns the marker.

    Raises:
        InvalidInput: The card is not valid.
    """
    card = contracts.read_document(model_card, "model")
    document = {
        "schema_version": 2,
        "model_id": card["model_id"],
        "onnx_sha256": card["onnx"]["sha256"],
        "since_utc": paths.utc_text(),
        "reason": reason,
    }
    place = model_card.with_name(STALE)
    contracts.write_document(place, document, "stale")
    return place


def read_mark(onnx_sha256: str) -> dict[str, Any] | None:
    """Return the marker of a model of artifacts/models/; None where nothing speaks against it."""
    for path in sorted(paths.artifacts("models").glob(f"*/{STALE}")):
        try:
            document: dict[str, Any] = contracts.read_json(path)
            if isinstance(document, dict) and document.get("schema_version") == 1:
                document |= {"schema_version": 2, "reason": StaleReason.CONSENT_WITHDRAWN}  # the only one there was
            contracts.validate(document, "stale", str(path))
        except InvalidInput:
            continue
        if document["onnx_sha256"] == onnx_sha256:
            return document
    return None


def why_stale(onnx_sha256: str) -> str | None:
    """Say in a line why a model should no longer be used; None where nothing speaks against it."""
    found = read_mark(onnx_sha256)
    if found is None:
        return None
    return f"stale since {found['since_utc'][:10]}: {_SENTENCES[StaleReason(found['reason'])]}"
