"""The workspace as one graph: every document of datasets/ and artifacts/, and which one was made from which.

    datasets/*/dataset.json, artifacts/<kind>/… → items (facts, problem) → links by hash or name

Reads documents only: no picture is decoded and no model opened. A document that cannot be read is an item with its
problem, so that one broken file hides nothing else.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from shared import contracts, paths, stale_models
from shared.dataset import consent, reader
from shared.errors import SmilebenchError
from tools.studio import facts
from tools.studio.facts import Facts, Reference


@dataclass(frozen=True)
class Item:
    """A document of the workspace.

    Attributes:
        kind: One of `KINDS`.
        name: By which commands know it; unique in its kind.
        path: The document.
        created_utc: When it was made; empty where it does not say.
        facts: What is shown of it; by kind, see `tools.studio.facts`.
        uses: What it was made from.
        ids: Hashes and names by which other documents refer to it.
        problem: Why it could not be read; None where it could.
    """

    kind: str
    name: str
    path: Path
    created_utc: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    uses: tuple[Reference, ...] = ()
    ids: frozenset[str] = frozenset()
    problem: str | None = None

    @property
    def is_of_a_fold(self) -> bool:
        """Whether it serves a comparison over folds only, and is nothing to be shipped."""
        return bool(self.facts.get("of_a_fold"))

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "kind": self.kind,
            "name": self.name,
            "file": str(self.path),
            "created_utc": self.created_utc or None,
            "facts": dict(self.facts),
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Kind:
    """A kind of document.

    Attributes:
        where: Pattern of its files below the home folder.
        noun: Its schema.
        read: Makes facts of a document; gets its path as well.
        by_file: Whether a document is known by its file's name; else by its folder's.
        beside: Files beside it that its facts come from as well.
    """

    where: str
    noun: str
    read: Callable[[dict[str, Any], Path], Facts]
    by_file: bool = False
    beside: tuple[str, ...] = ()

    def item(self, kind_name: str, path: Path) -> Item:
        """Read a document; one that cannot be read becomes an item with its problem."""
        name = path.stem if self.by_file else path.parent.name
        if kind_name == "features":
            name = f"{path.parent.parent.name}/{path.parent.name}"
        try:
            document = contracts.read_document(path, self.noun)
            found = self.read(document, path)
        except SmilebenchError as error:
            return Item(kind_name, name, path, problem=str(error))
        except OSError as error:
            return Item(kind_name, name, path, problem=f"{error.filename or path}: {error.strerror or error}")
        created = str(document.get("created_utc", ""))
        return Item(kind_name, name, path, created, found.shown, found.uses, frozenset({name, *found.ids}))


_OF_DATASETS = (reader.LABELS, facts.REVIEW, facts.RELEASES, consent.CONSENT_FILE)
KINDS: Mapping[str, Kind] = {
    "dataset": Kind("datasets/*/dataset.json", "dataset", facts.of_dataset, beside=_OF_DATASETS),
    "split": Kind("artifacts/splits/*.json", "split", facts.of_split, by_file=True),
    "features": Kind("artifacts/features/*/*/features.json", "features", facts.of_features),
    "pretrained": Kind("artifacts/pretrained/*/card.json", "pretrained", facts.of_pretrained),
    "run": Kind("artifacts/runs/*/run.json", "run", facts.of_run),
    "model": Kind(f"artifacts/models/*/{paths.MODEL_CARD}", "model", facts.of_model, beside=(stale_models.STALE,)),
    "results": Kind("artifacts/results/*_results_*.json", "results", facts.of_results, by_file=True),
    "comparison": Kind("artifacts/reports/*/comparison.json", "comparison", facts.of_comparison),
    "approaches": Kind("artifacts/reports/*/approaches.json", "approaches", facts.of_approaches),
    "timeline": Kind("artifacts/timelines/*/timeline.json", "timeline", facts.of_timeline),
    "handoff": Kind(
        f"artifacts/handoff/*/{paths.SPEC_FILE}", "frontend_spec", facts.of_handoff, beside=(paths.PROOF_FILE,)
    ),
}


@dataclass(frozen=True)
class Workspace:
    """All items, by kind in the order of `KINDS`, each kind from old to new."""

    home: Path
    items: tuple[Item, ...]

    def of(self, kind: str) -> list[Item]:
        """Return the items of a kind that could be read, from old to new."""
        return [item for item in self.items if item.kind == kind and item.problem is None]

    def broken(self) -> list[Item]:
        """Return what could not be read."""
        return [item for item in self.items if item.problem is not None]

    @cached_property
    def _by_id(self) -> dict[tuple[str, str], Item]:
        return {(item.kind, id): item for item in self.items for id in item.ids}

    def find(self, reference: Reference) -> Item | None:
        """Return the item that a reference means; None where it is not here (any more)."""
        return self._by_id.get((reference.kind, reference.id))

    def made_from(self, item: Item) -> list[Item]:
        """Return what an item was made from, as far as it is here."""
        found = [self.find(reference) for reference in item.uses]
        return list({other.path: other for other in found if other is not None and other is not item}.values())

    @cached_property
    def _users(self) -> dict[Path, list[Item]]:
        users: dict[Path, list[Item]] = {}
        for item in self.items:
            for source in self.made_from(item):
                users.setdefault(source.path, []).append(item)
        return users

    def made_into(self, item: Item) -> list[Item]:
        """Return what was made from an item, from old to new."""
        return self._users.get(item.path, [])

    def links(self) -> Iterator[tuple[Item, Item]]:
        """Yield each pair of source and what was made from it."""
        for item in self.items:
            for source in self.made_from(item):
                yield source, item


def _read(kind_name: str, kind: Kind, path: Path) -> Item:
    return kind.item(kind_name, path)


def scan(home: Path | None = None, read: Callable[[str, Kind, Path], Item] = _read) -> Workspace:
    """Read the workspace.

    Args:
        home: Its folder; None: the usual one.
        read: Makes an item of a document; who scans again and again gives one that remembers.
    """
    folder = home or paths.home()
    items = [
        read(kind_name, kind, path) for kind_name, kind in KINDS.items() for path in sorted(folder.glob(kind.where))
    ]
    order = list(KINDS)
    return Workspace(folder, tuple(sorted(items, key=lambda item: (order.index(item.kind), item.created_utc))))
