"""Stale models: models that learned from a person who may not be used any more, so that every tool says so.

A withdrawal may mark a model by a ``stale.json`` beside it, which holds the ONNX's hash and no pseudonym. Without a
mark the answer is found at use: model.json names the split, the split its people, and the dataset's consent.json what
they agree to today. Reading never fails: who asks gets a reason or None.
"""

import contextlib
from enum import StrEnum
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.dataset import consent
from shared.errors import InvalidInput, SmilebenchError

STALE = "stale.json"
LEARNED_FROM = ("train", "validation")  # the parts of a split that decide weights, epoch and threshold


class StaleReason(StrEnum):
    """Why a model should no longer be used."""

    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_EXPIRED = "consent_expired"


_SENTENCES = {
    StaleReason.CONSENT_WITHDRAWN: "a person it was trained on has withdrawn consent",
    StaleReason.CONSENT_EXPIRED: "the consent of a person it was trained on has expired",
}


def mark(model_card: Path, reason: StaleReason) -> Path:
    """Mark the model of a model.json as stale; returns the marker.

    Raises:
        InvalidInput: The card is not valid.
    """
    card = contracts.read_document(model_card, "model")
    place = model_card.with_name(STALE)
    contracts.write_document(place, _describe(card, reason, paths.utc_text()), "stale")
    return place


def _describe(card: dict[str, Any], reason: StaleReason, since_utc: str) -> dict[str, Any]:
    return {
        "schema_version": 2,
        "model_id": card["model_id"],
        "onnx_sha256": card["onnx"]["sha256"],
        "since_utc": since_utc,
        "reason": reason,
    }


def find_stale(onnx_sha256: str | None) -> dict[str, Any] | None:
    """Say since when and why a model of artifacts/models/ is stale; None where nothing speaks against it.

    Returns:
        A document of the schema stale: the marker, or what today's consent says.
    """
    marked = _read_mark(onnx_sha256)
    if marked is not None or onnx_sha256 is None:
        return marked
    for path in sorted(paths.artifacts("models").glob(f"*/{paths.MODEL_CARD}")):
        try:
            card = contracts.read_document(path, "model")
            found = _ask_consent(card) if card["onnx"]["sha256"] == onnx_sha256 else None
        except (SmilebenchError, OSError):
            continue
        if found is not None:
            return found
    return None


def find_stale_of(model_card: Path, card: dict[str, Any]) -> dict[str, Any] | None:
    """Say since when and why the model of one model.json is stale; None where nothing speaks against it.

    Args:
        model_card: The model.json.
        card: Its content.

    Returns:
        As `find_stale`, which looks through all models for an ONNX's hash.
    """
    with contextlib.suppress(SmilebenchError, OSError):
        mark = contracts.read_document(model_card.with_name(STALE), "stale")
        if mark["onnx_sha256"] == card["onnx"]["sha256"]:
            return mark
    with contextlib.suppress(SmilebenchError, OSError):
        return _ask_consent(card)
    return None


def _read_mark(onnx_sha256: str | None) -> dict[str, Any] | None:
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


def _ask_consent(card: dict[str, Any]) -> dict[str, Any] | None:
    """Look up what the people that a model learned from agree to today; the earliest end counts."""
    ended = [end for part in _parts(card) for end in _find_ends(part)]
    if not ended:
        return None
    since_utc, reason = min(ended)
    return _describe(card, reason, since_utc)


def _parts(card: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what names a dataset and a split that a model learned from: its card, of an ensemble its members."""
    return [dict(member) for member in card["ensemble"]["members"]] if "ensemble" in card else [card]


def _find_ends(card: dict[str, Any]) -> list[tuple[str, StaleReason]]:
    """Find since when whose consent no longer holds."""
    if card["split"] is None or card["dataset"]["kind"] == "synthetic":
        return []
    file = paths.artifacts("splits") / card["split"]["file"]
    if not file.is_file() or contracts.sha256_file(file) != card["split"]["sha256"]:
        return []
    book = consent.read_consent(paths.home() / "datasets" / card["dataset"]["name"])
    sides = contracts.read_document(file, "split")["sides"]
    left_out_before = card["created_utc"] if card["dataset"].get("consent") else ""  # the rule was asked in training
    ended: list[tuple[str, StaleReason]] = []
    for subject in sorted({name for part in LEARNED_FROM for name in sides[part]["subjects"]}):
        rule, newest = book.rule(subject, "train"), book.of(subject)
        if newest is None or rule is None:
            continue
        if rule is consent.Rule.EXPIRED:
            ended.append((newest.ends_utc, StaleReason.CONSENT_EXPIRED))
        else:
            ended.append((newest.given_utc, StaleReason.CONSENT_WITHDRAWN))
    return [(since_utc, reason) for since_utc, reason in ended if since_utc > left_out_before]


def why_stale(onnx_sha256: str | None) -> str | None:
    """Say in a line why a model should no longer be used; None where nothing speaks against it."""
    found = find_stale(onnx_sha256)
    if found is None:
        return None
    return f"stale since {found['since_utc'][:10]}: {_SENTENCES[StaleReason(found['reason'])]}"
