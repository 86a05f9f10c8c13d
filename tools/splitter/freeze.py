"""Freezes one split, or the folds of several seeds, and describes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import cli, paths
from shared.dataset import alike, consent, reader, splits
from tools.splitter import folds
from tools.splitter.config import SplitConfig

_MOST_NAMED = 30


@dataclass(frozen=True)
class Frozen:
    """A frozen split and its file."""

    file: Path
    split: dict[str, Any]
    warnings: tuple[str, ...]
    exit_code: int = 0

    def as_text(self) -> str:
        """List the people of each part."""
        lines = []
        for side, content in self.split["sides"].items():
            labels = f" ({_labels(content)})" if content["subjects"] else ""
            lines.append(f"{side}: {_people(content['subjects'])}{labels}")
        return "\n".join([*lines, f"→ {paths.shown(self.file)}"])

    def as_json(self) -> dict[str, Any]:
        """Give the split's document and file."""
        return {"file": str(self.file), "split": self.split, "warnings": list(self.warnings)}


@dataclass(frozen=True)
class FrozenFolds:
    """Frozen folds and their files, seed by seed."""

    files: tuple[Path, ...]
    splits: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]
    exit_code: int = 0

    def as_text(self) -> str:
        """List the test and validation people of each fold."""
        lines = []
        for split in self.splits:
            sides, fold = split["sides"], split["fold"]
            tested, chooses = (_people(sides[side]["subjects"]) for side in ("test", "validation"))
            lines.append(
                f"seed {split['seed']}, {fold['number']} of {fold['of']}: test {tested} ({_labels(sides['test'])}); "
                f"validation {chooses}; train {len(sides['train']['subjects'])} others"
            )
        folder = self.files[0].parent
        return "\n".join([*lines, f"→ {len(self.files)} files in {paths.shown(folder)}"])

    def as_json(self) -> dict[str, Any]:
        """Give the documents and files."""
        return {
            "files": [str(file) for file in self.files],
            "splits": list(self.splits),
            "warnings": list(self.warnings),
        }


def _labels(side: dict[str, Any]) -> str:
    return ", ".join(f"{count} {label}" for label, count in side["by_label"].items())


def freeze(config: SplitConfig) -> Frozen | FrozenFolds:
    """Freeze the splits that are not frozen yet, read the others, and warn of weak ones.

    Raises:
        CheckFailed: Consent leaves nobody, or one person may stand as two.
        InvalidInput: The dataset is not valid, has too few people, or frozen files contradict each other.
    """
    dataset = consent.permitted(reader.open_dataset(config.dataset), allow_no_consent=config.allow_no_consent)
    alike.refuse_alike(dataset.folder, dataset.rows)
    if config.n_folds is None and not config.leave_one_out:
        file = splits.freeze_split(dataset, config.seed, config.out, config.test)
        split = splits.read_split(file, dataset)
        return Frozen(file, split, _warn(dataset, [split]))
    files: list[Path] = []
    for seed in range(config.seed, config.seed + config.n_seeds):
        documents = (
            folds.make_leave_one_out(dataset, seed)
            if config.n_folds is None
            else folds.make_folds(dataset, config.n_folds, seed)
        )
        files += folds.freeze_folds(documents, config.out, dataset)
    frozen = [splits.read_split(file, dataset) for file in files]
    return FrozenFolds(tuple(files), tuple(frozen), _warn(dataset, frozen))


def _warn(dataset: reader.Dataset, frozen: list[dict[str, Any]]) -> tuple[str, ...]:
    """Write what is weak about the splits to stderr, and return it."""
    warnings = tuple(splits.list_warnings(dataset, frozen))
    for warning in warnings:
        cli.note(f"warning: {warning}")
    return warnings


def _people(subjects: Sequence[str]) -> str:
    """List people, shortened to the first few and the number of all."""
    if not subjects:
        return "nobody"
    if len(subjects) <= _MOST_NAMED:
        return ", ".join(subjects)
    return ", ".join(subjects[:3]) + f", … ({len(subjects)} people)"
