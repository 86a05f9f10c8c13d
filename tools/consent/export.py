"""Gives a person everything that is stored about them: pictures, films, records, consent, and where else they are.

Reads datasets and artifacts; writes a new folder.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.dataset import consent
from shared.errors import InvalidInput
from shared.traces.person import Person, find_copies, find_person
from shared.traces.places import find_places

ABOUT = "about_me.json"
REVIEW = "review.json"


@dataclass(frozen=True)
class Exported:
    """What was written."""

    out: Path
    n_files: int
    about: dict[str, Any]
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise for people."""
        return (
            f"{paths.shown(self.out)}: {self.n_files} pictures, films and records of {self.about['subject_id']}, and "
            f"{ABOUT}: consent, sequences, decisions on labels, and {len(self.about['places'])} places made with them"
        )

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {"out": str(self.out), "n_files": self.n_files, "about": self.about}


def export_person(dataset: Path, subject_id: str, out: Path) -> Exported:
    """Copy what is stored about a person into a new folder.

    Raises:
        InvalidInput: No such dataset or person, or the folder is not empty.
    """
    person = find_person(dataset, subject_id)
    history = [row for row in consent.read_consent(dataset).rows if row.subject_id == subject_id]
    if not person.rows and not history:
        raise InvalidInput(f"--subject {subject_id}", found="nobody of that pseudonym", expected="a person here")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInput(str(out), found="a folder with other things in it", expected="none, or an empty one")
    copies = find_copies(person)
    places = find_places([person, *copies])
    contracts.make_private(out)
    for path in person.files:
        target = out / path.relative_to(person.folder)
        contracts.make_folder(target.parent)
        shutil.copyfile(path, target)
        target.chmod(0o600)
    everything = [*places.made, *places.learned]
    about = {
        "dataset": person.name,
        "subject_id": subject_id,
        "consent": [{**asdict(row), "scopes": list(row.scopes)} for row in history],
        "sequences": [row.as_csv() for row in person.rows],
        "decisions_on_labels": _read_decisions(person),
        "pseudonyms_in_releases": {str(number): name for number, name in person.released.items()},
        "copies": [{"dataset": copy.name, "subject_id": copy.subject_id} for copy in copies],
        "places": [{"path": paths.shown(place.path), "kind": place.kind, "why": place.why} for place in everything],
        "handoffs": [paths.shown(path) for path in places.handoffs],
    }
    contracts.write_bytes(out / ABOUT, (json.dumps(about, ensure_ascii=False, indent=2) + "\n").encode("utf-8"))
    return Exported(out, len(person.files), about)


def _read_decisions(person: Person) -> list[dict[str, Any]]:
    path = person.folder / REVIEW
    if not path.is_file():
        return []
    decisions = contracts.read_document(path, "review")["decisions"]
    return [one for one in decisions if one["sequence_id"] in person.sequence_ids]
