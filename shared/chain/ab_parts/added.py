"""Old people and new moments as one dataset: ``--dataset people,game``, with the old test people as guard.

The first dataset is the old one, the others are added to it in ``datasets/<first>-with-<others>`` by the importer; a
pseudonym of several datasets is one person. Whoever was a test person of the old dataset stays one, so that nobody who
is tested is learned from. What a source no longer holds must not live on in the joined one: that is refused.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.chain.flags import flags_of
from shared.errors import InvalidInput, WrongUsage

RunTool = Callable[..., None]


def parse_names(text: str) -> list[str]:
    """Parse the value of --dataset: a dataset, or an old one and others that are added to it.

    Raises:
        WrongUsage: An empty name, or one that stands there twice.
    """
    names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(names)) != len(names):
        raise WrongUsage("--dataset", found=repr(text), expected="a dataset, or several different ones: people,game")
    return names


def joined_dir(names: Sequence[str]) -> Path:
    """Name the folder of the joined dataset."""
    first, *others = (paths.dataset_dir(name).name for name in names)
    return paths.dataset_dir(f"{first}-with-{'-'.join(others)}")


def join(run: RunTool, folders: Sequence[Path], joined: Path) -> None:
    """Put datasets together; what is there already is not taken in again.

    Args:
        run: Runs a tool with its words.
        folders: The datasets, the old one first.
        joined: Where to.

    Raises:
        InvalidInput: The joined dataset holds what none of them holds, such as a person who has withdrawn.
    """
    from shared.dataset import reader  # not at each start of ./inv

    for folder in folders:
        run("importer", *flags_of(dataset=joined, merge=folder, same_people=True, quiet=True))
    held = {(row.sha256, row.subject_id, row.label) for folder in folders for row in reader.open_dataset(folder).rows}
    found = {(row.sha256, row.subject_id, row.label) for row in reader.open_dataset(joined).rows}
    if gone := len(found - held):
        raise InvalidInput(
            paths.shown(joined),
            found=f"{gone} sequences that {', '.join(folder.name for folder in folders)} no longer hold so",
            expected="none: people may have withdrawn, and labels may have been corrected",
            todo="remove that folder and run the command again",
        )


def find_test_people(
    old: Path, joined: Path, baseline: Path | None, seed: int, freeze: Callable[[Path, int], Path]
) -> str:
    """Return the old dataset's test people, as the splitter takes them.

    Args:
        old: The old dataset.
        joined: The joined one.
        baseline: The shipped model: those whom its own split tests, where it is here and of the old dataset.
        seed: Of a new split of the old people, where the baseline names none.
        freeze: Splits a dataset; returns the split's file.
    """
    from shared.dataset import reader

    split = baseline and _own_split(baseline, old)
    sides: dict[str, Any] = contracts.read_document(split or freeze(old, seed), "split")["sides"]
    people = {row.subject_id for row in reader.open_dataset(joined).rows}
    return ",".join(person for person in sides["test"]["subjects"] if person in people)


def _own_split(baseline: Path, old: Path) -> Path | None:
    """Return the split that a model was trained by, if it is here, tests somebody and is of the old dataset."""
    card_path = baseline.with_name(paths.MODEL_CARD)
    if not card_path.is_file():
        return None
    card = contracts.read_document(card_path, "model")
    name = json.loads((old / "dataset.json").read_text(encoding="utf-8"))["name"]
    file = card["split"] and paths.artifacts("splits") / card["split"]["file"]
    if not file or not file.is_file() or card["dataset"]["name"] != name:
        return None
    return file if contracts.read_document(file, "split")["sides"]["test"]["subjects"] else None
