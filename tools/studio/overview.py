"""What the page shows of the workspace: cards, links and suggestions at once; all facts of one item when it is chosen.

documents → Scanner (reads again only what has changed) → state, item
"""

import datetime
from pathlib import Path
from typing import Any

from shared import paths
from shared.errors import InvalidInput
from shared.text.catalogue import LANGS, Words, read_catalogue
from shared.text.label_style import label_word
from tools.studio import jobs, rooms, workspace
from tools.studio.curves import read_curve
from tools.studio.status import WORDS
from tools.studio.suggestions import Suggestion, suggest
from tools.studio.workspace import Item, Kind, Workspace

PAGES = {"reports": "report.html", "grids": "index.html"}  # the one file of each folder that is shown
# What a card says; all else is asked for when it is chosen.
_ON_CARDS = (
    "n_people", "n_sequences", "people", "features", "film", "status", "epochs_done", "epochs", "bytes", "stale_since",
    "model", "intervals", "word", "recommended", "is_proven", "of_a_fold", "dataset",
)  # fmt: skip
_Signature = tuple[object, ...]


class Scanner:
    """Reads the workspace again and again: a document whose files are as they were is not read a second time."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[_Signature, Item]] = {}

    def scan(self) -> Workspace:
        """Read what has changed since the last time."""
        home = paths.home()
        hour = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d%H")  # consent ends by the clock
        consents = [_stat(path) for path in sorted(home.glob("datasets/*/consent.json"))]
        labels = [_stat(path) for path in sorted(home.glob("artifacts/reviews/*/suspicion.json"))]
        for_datasets = (hour, *labels)
        for_models = (hour, _stat(paths.artifacts("splits")), *consents)
        known: dict[Path, tuple[_Signature, Item]] = {}

        def read(kind_name: str, kind: Kind, path: Path) -> Item:
            besides = [path.with_name(name) for name in kind.beside]
            more = for_datasets if kind_name == "dataset" else for_models if kind_name == "model" else ()
            signature = (*map(_stat, (path, *besides)), *more)
            before = self._known.get(path)
            known[path] = before if before and before[0] == signature else (signature, kind.item(kind_name, path))
            return known[path][1]

        found = workspace.scan(home, read)
        self._known = known  # what is gone is forgotten
        return found


def _stat(path: Path) -> object:
    """Tell one state of a file from another one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class Overview:
    """What the page shows but for jobs and logs.

    Args:
        tasks: Those that can be started, by name.
    """

    def __init__(self, tasks: dict[str, jobs.Task]) -> None:
        self._tasks, self._scanner = tasks, Scanner()
        catalogue = read_catalogue(WORDS)
        self._words = {lang: Words(catalogue, lang) for lang in LANGS}

    def scan(self) -> Workspace:
        """Read what has changed of the workspace."""
        return self._scanner.scan()

    def state(self) -> dict[str, Any]:
        """Return all items as cards, the links between them and what is next."""
        found = self._scanner.scan()
        place = {item.path: number for number, item in enumerate(found.items)}
        return {
            "home": str(found.home),
            "items": [_card(item) for item in found.items],
            "links": [[place[source.path], place[made.path]] for source, made in found.links()],
            "suggestions": [self._suggestion(each) for each in suggest(found)],
        }

    def item(self, kind: str, name: str) -> dict[str, Any]:
        """Return everything of one item: its facts, its file, what it was made from and what from it.

        Raises:
            InvalidInput: There is none of that kind and name (any more).
        """
        found = self._scanner.scan()
        item = next((each for each in found.items if (each.kind, each.name) == (kind, name)), None)
        if item is None:
            raise InvalidInput(f"{kind} {name}", found="nothing of that name", expected="one of the page's cards")
        shown = item.as_json()
        if counts := item.facts.get("by_label"):
            parts = {lang: [f"{label_word(label, lang)} {n}" for label, n in sorted(counts.items())] for lang in LANGS}
            shown["facts"]["by_label"] = {lang: ", ".join(words) for lang, words in parts.items()}
        return {
            **shown,
            "page": page_of(item),
            "curve": read_curve(item.path) if item.kind in ("run", "pretrained") else [],
            "made_from": [[each.kind, each.name] for each in found.made_from(item)],
            "made_into": [[each.kind, each.name] for each in found.made_into(item)],
        }

    def _suggestion(self, each: Suggestion) -> dict[str, Any]:
        text = {lang: each.text(words) for lang, words in self._words.items()}
        return {
            "about": each.about, "name": each.name, "reason": each.reason, "text": text, "command": each.command,
            "starts": self.starts(each.command),
        }  # fmt: skip

    def starts(self, command: str) -> dict[str, Any] | None:
        """Return the form's values of a command that may be started here; None for one that is for the terminal."""
        words = command.split()[1:]  # behind ./inv
        if not words or words[0] not in (*jobs.STARTABLE, *rooms.TASKS) or words[0] not in self._tasks:
            return None
        kinds = {flag["name"]: flag["kind"] for flag in self._tasks[words[0]].described["flags"]}
        values: dict[str, Any] = {}
        rest = words[1:]
        while rest:
            name = rest.pop(0)
            if name not in kinds:
                return None
            values[name] = True if kinds[name] == "switch" else rest.pop(0)
        return {"task": words[0], "values": values}


def _card(item: Item) -> dict[str, Any]:
    facts = {name: item.facts[name] for name in _ON_CARDS if item.facts.get(name) not in (None, False)}
    problem = {"problem": True} if item.problem else {}
    return {"kind": item.kind, "name": item.name, "facts": facts, **problem}


def page_of(item: Item) -> str | None:
    """Return the address of the page that another tool has made of an item; None where there is none."""
    if item.kind in ("comparison", "approaches"):
        kind, name = "reports", item.name
    elif item.kind == "dataset":
        kind, name = "grids", item.name
    else:
        return None
    return f"/open/{kind}/{name}" if (paths.artifacts(kind) / name / PAGES[kind]).is_file() else None
