"""Who may only be tested on, because the source of the data says so: ``sides.json`` in a dataset.

Archives come as folders for training and for validation; every split of the dataset keeps to them, also one that is
drawn anew after a label was corrected. People whom the file does not name may be trained on. Where there is no file,
people are divided at random.
"""

from collections.abc import Iterable
from pathlib import Path

from shared import contracts
from shared.errors import InvalidInput

FILE = "sides.json"


def read_test_people(folder: Path) -> frozenset[str] | None:
    """Return the people of a dataset whom its source keeps for testing; None where it does not say.

    Args:
        folder: The dataset's.

    Raises:
        InvalidInput: Not valid, or somebody is on both sides.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    sides = contracts.read_document(path, "sides")
    _refuse_both(path, sides["train"], sides["test"])
    return frozenset(sides["test"])


def write_sides(folder: Path, reason: str, train: Iterable[str], test: Iterable[str]) -> Path:
    """Write a dataset's sides; what was there is replaced.

    Raises:
        InvalidInput: Somebody is on both sides.
    """
    path = folder / FILE
    document = {"schema_version": 1, "reason": reason, "train": sorted(set(train)), "test": sorted(set(test))}
    _refuse_both(path, train, test)
    contracts.write_document(path, document, "sides")
    return path


def _refuse_both(path: Path, train: Iterable[str], test: Iterable[str]) -> None:
    if both := sorted(set(train) & set(test)):
        raise InvalidInput(str(path), found=f"{both[0]} in train and in test", expected="each person on one side only")
