"""Tells what there is in the workspace and what is next, for the terminal and for programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import paths
from shared.errors import InvalidInput
from shared.text.catalogue import Words, read_catalogue
from shared.text.label_style import label_word
from shared.text.rounding import rounded
from tools.studio import workspace as workspaces
from tools.studio.config import StatusConfig
from tools.studio.suggestions import Suggestion, shippable, suggest
from tools.studio.workspace import KINDS, Item, Workspace

WORDS = Path(__file__).with_name("words.toml")
LISTED = 8  # models in the text, and broken documents


@dataclass(frozen=True)
class Status:
    """What there is and what is next."""

    workspace: Workspace
    datasets: Sequence[Item]
    models: Sequence[Item]
    suggestions: Sequence[Suggestion]
    words: Words
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise for people."""
        words = self.words
        lines = [paths.shown(self.workspace.home), "", words("head_datasets")]
        for item in self.datasets:
            lines += self._lines("dataset", item.name, self._dataset(item))
        if not self.datasets:
            lines += [f"  {words('none')}", *self._next("dataset", "")]
        lines += ["", words("head_models")]
        shown = list(reversed(self.models))[:LISTED]
        for item in shown:
            lines += self._lines("model", item.name, self._model(item))
        if len(self.models) > LISTED:
            lines.append("  " + words.counted("more", len(self.models) - LISTED))
        if not self.models:
            lines.append(f"  {words('none')}")
        lines += ["", words("head_rest"), *self._rest()]
        broken = self.workspace.broken()
        if broken:
            lines += ["", words("head_broken"), *(f"  {item.problem}" for item in broken[:LISTED])]
            if len(broken) > LISTED:
                lines.append("  " + words.counted("more", len(broken) - LISTED))
        return "\n".join(lines)

    def _lines(self, about: str, name: str, parts: Sequence[str]) -> list[str]:
        return [f"  {name}  {', '.join(part for part in parts if part)}", *self._next(about, name)]

    def _next(self, about: str, name: str) -> list[str]:
        return [
            line
            for each in self.suggestions
            if (each.about, each.name) == (about, name)
            for line in (f"    · {each.text(self.words)}", f"      {each.command}")
        ]

    def _dataset(self, item: Item) -> list[str]:
        words, facts = self.words, item.facts
        labels = ", ".join(f"{label_word(label, words.lang)} {n}" for label, n in sorted(facts["by_label"].items()))
        left_out = len({person for people in facts["people_left_out"].values() for person in people})
        return [
            words("drawn") if facts["dataset_kind"] == "synthetic" else "",
            words.counted("sequences", facts["n_sequences"]) + (f" ({labels})" if labels else ""),
            words.counted("people", facts["n_people"]),
            words.counted("reviewed", facts["n_reviewed"]) if facts["n_reviewed"] else "",
            words.counted("left_out", left_out) if left_out else "",
            words("published") if facts["n_published"] else "",
        ]

    def _model(self, item: Item) -> list[str]:
        words, made = self.words, self.workspace.made_into(item)
        measured = [each for each in made if each.kind == "results" and each.facts["side"] != "train"]
        handoffs = [each for each in made if each.kind == "handoff"]
        figures = ""
        if measured:
            accuracy = measured[-1].facts["intervals"]["accuracy"]
            if accuracy["value"] is not None and accuracy["low"] is not None:
                value, low, high = (rounded(100 * accuracy[key], 0) for key in ("value", "low", "high"))
                figures = words.counted(
                    "accuracy", measured[-1].facts["n_people"], value=value, low=low, high=high
                )  # fmt: skip
        return [
            words("stale_short") if item.facts["stale_since"] else "",
            f"{item.facts['bytes'] / 1e6:.1f} MB",
            words("threshold", value=rounded(item.facts["threshold"], 2)),
            figures,
            (words("proven_short") if handoffs[-1].facts["is_proven"] else words("handed_off")) if handoffs else "",
        ]

    def _rest(self) -> list[str]:
        count = {kind: len(self.workspace.of(kind)) for kind in KINDS}
        reports = count["comparison"] + count["approaches"]
        lines = ["  " + self.words("counts", reports=reports, **count)]
        open_runs = [item for item in self.workspace.of("run") if item.facts["status"] == "running"]
        if open_runs:
            newest = max(open_runs, key=lambda item: item.facts["updated_utc"])
            facts = newest.facts
            values = {"name": newest.name, "done": facts["epochs_done"], "epochs": facts["epochs"]}
            lines.append("  " + self.words.counted("running", len(open_runs), **values))
        return lines

    def as_json(self) -> dict[str, Any]:
        """Give every document, link and suggestion for programs."""
        return {
            "home": str(self.workspace.home),
            "documents": [item.as_json() for item in self.workspace.items],
            "links": [
                {"from": [source.kind, source.name], "to": [made.kind, made.name]}
                for source, made in self.workspace.links()
            ],
            "suggestions": [
                {**each.as_json(), "text": each.text(self.words)} for each in self.suggestions
            ],
        }  # fmt: skip


def tell_status(config: StatusConfig) -> Status:
    """Read the workspace and say what is next.

    Raises:
        InvalidInput: There is no dataset of the name that was asked for.
    """
    workspace = workspaces.scan()
    datasets, models = workspace.of("dataset"), shippable(workspace)
    suggestions = suggest(workspace)
    if config.dataset is not None:
        datasets = [item for item in datasets if item.path.parent == config.dataset]
        if not datasets and not any(item.path.parent == config.dataset for item in workspace.broken()):
            names = ", ".join(item.name for item in workspace.of("dataset")) or "none yet"
            raise InvalidInput(
                paths.shown(config.dataset), found="no dataset there", expected=f"one of the workspace's ({names})"
            )
        models = [item for item in models if item.facts["dataset"] == config.dataset.name]
        names_kept = {("dataset", item.name) for item in datasets} | {("model", item.name) for item in models}
        suggestions = [each for each in suggestions if (each.about, each.name) in names_kept]
    return Status(workspace, datasets, models, suggestions, Words(read_catalogue(WORDS), config.lang))
