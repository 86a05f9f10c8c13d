"""The front-end spec of a hand-off on disk: the one writer of it, and the mark of a hand-off whose model is stale."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.errors import SmilebenchError
from shared.text.catalogue import Lang, read_catalogue
from shared.web.handoff_seal import renew_manifest

READMES: dict[str, Lang] = {"README.md": "en", "README.ko.md": "ko"}


def write_spec(path: Path, spec: Mapping[str, Any]) -> None:
    """Write a front-end spec, complete or not at all.

    Raises:
        InvalidInput: It does not fit its schema.
    """
    contracts.write_document(path, spec, "frontend_spec")


def stale_entry(found: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the key of a spec that says since when and why its model is stale; nothing for a model that is not."""
    return {} if found is None else {"stale": {"since_utc": found["since_utc"], "reason": str(found["reason"])}}


def stale_line(text: str, lang: Lang, found: Mapping[str, Any] | None) -> str:
    """Put a README's first sentence on a stale model before its text; text that has one already gets this one."""
    first, _, rest = text.partition("\n\n")
    plain = rest if first.startswith("> **") else text
    if found is None:
        return plain
    sentence = read_catalogue(Path(__file__).with_name("stale.toml"))[str(found["reason"])]
    return f"{getattr(sentence, lang).format(date=found['since_utc'][:10])}\n\n{plain}"


def mark_handoffs(found: Mapping[str, Any]) -> list[Path]:
    """Mark the hand-offs of a stale model under artifacts/handoff/, in their specs and READMEs; returns their folders.

    Args:
        found: A document of the schema stale.
    """
    marked = []
    for path in sorted(paths.artifacts("handoff").glob(f"*/{paths.SPEC_FILE}")):
        try:
            spec = contracts.read_document(path, "frontend_spec")
        except (SmilebenchError, OSError):
            continue
        if spec["model"]["sha256"] != found["onnx_sha256"]:
            continue
        write_spec(path, {**spec, **stale_entry(found)})
        for name, lang in READMES.items():
            readme = path.with_name(name)
            if readme.is_file():
                text = stale_line(readme.read_text(encoding="utf-8"), lang, found)
                contracts.write_bytes(readme, text.encode("utf-8"))
        renew_manifest(path.parent)
        marked.append(path.parent)
    return marked
