"""What is next for each dataset and model: at most three suggestions, each with its reason and the command.

Rules are tried from urgent to later: people's rights first, then labels, then what is missing on the way from takes to
a model in a page. A rule looks at documents only; whoever runs the command sees the same reason there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shared.dataset.consent import Rule
from shared.text.catalogue import Words
from tools.studio.workspace import Item, Workspace

MOST = 3
LEAST_PEOPLE = 3  # fewer cannot be divided into training, validation and test people
FEW_PEOPLE = 6  # fewer give figures that say little of other people
ENOUGH_FOR_SUSPECT = 5  # its models are trained on all but a fifth of the people
CHANCE_AUC = 0.5
_NEW_PERSON = "NEW_PERSON"  # as a comparison's advice calls who is not there yet


@dataclass(frozen=True)
class Suggestion:
    """One thing to do.

    Attributes:
        about: "dataset" or "model".
        name: Its name.
        reason: Identifier of the reason in words.toml.
        values: What its text counts or names.
        command: To copy, as typed in the project's folder; empty where the text names what to do.
    """

    about: str
    name: str
    reason: str
    command: str
    values: dict[str, Any] = field(default_factory=dict)

    def text(self, words: Words) -> str:
        """Give the reason in a language."""
        if isinstance(n := self.values.get("n"), int):
            return words.counted(self.reason, n, **{key: value for key, value in self.values.items() if key != "n"})
        return words(self.reason, **self.values)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "about": self.about,
            "name": self.name,
            "reason": self.reason,
            "values": self.values,
            "command": self.command,
        }


@dataclass(frozen=True)
class _Subject:
    """What suggestions are about."""

    about: str
    name: str

    def suggest(self, reason: str, command: str, **values: Any) -> Suggestion:
        """Make one suggestion."""
        return Suggestion(self.about, self.name, reason, command, values)


def suggest(workspace: Workspace) -> list[Suggestion]:
    """List what is next: for datasets first, then for models, the newest of them first."""
    found: list[Suggestion] = []
    for item in workspace.of("dataset"):
        found += _first(_of_dataset(workspace, item))
    for item in reversed(shippable(workspace)):
        found += _first(_of_model(workspace, item))
    if not workspace.of("dataset"):
        found.append(Suggestion("dataset", "", "first_person", "./inv collect --dataset people --subject s01"))
        found.append(Suggestion("dataset", "", "nothing_yet", "./inv demo"))
    return found


def shippable(workspace: Workspace) -> list[Item]:
    """Return the models that somebody may want to ship: those that serve folds of a comparison are none."""
    return [item for item in workspace.of("model") if not item.is_of_a_fold]


def _first(rules: Iterator[Suggestion]) -> list[Suggestion]:
    """Take the first suggestions; a command is suggested for one reason, the first one."""
    by_command: dict[str, Suggestion] = {}
    for suggestion in rules:
        by_command.setdefault(suggestion.command, suggestion)
        if len(by_command) == MOST:
            break
    return list(by_command.values())


def _of_dataset(workspace: Workspace, item: Item) -> Iterator[Suggestion]:
    facts, name = item.facts, item.name
    make = _Subject("dataset", name)
    if not facts["n_sequences"]:
        yield make.suggest("no_sequences", f"./inv collect --dataset {name} --subject {facts['next_subject']}")
        return
    left_out = facts["people_left_out"]
    for person in left_out.get(str(Rule.WITHDRAWN), []):
        yield make.suggest("withdrawn", f"./inv withdraw --dataset {name} --subject {person}", person=person)
    for rule, reason in ((Rule.EXPIRED, "expired"), (Rule.NO_ROW, "no_consent_row")):
        if people := left_out.get(str(rule), []):
            command = f"./inv consent --dataset {name} --subject {people[0]} --scope train --given-by self"
            yield make.suggest(reason, command, n=len(people))
    if facts["n_look_wrong"]:
        yield make.suggest("look_wrong", f"./inv review --dataset {name} --reviewer r1", n=facts["n_look_wrong"])
    if facts["n_to_apply"]:
        yield make.suggest("to_apply", f"./inv review-apply --dataset {name}", n=facts["n_to_apply"])
    is_of_videos = not facts["is_of_photos"]
    record = f"./inv collect --dataset {name} --subject {facts['next_subject']}"
    if is_of_videos and facts["n_people"] < LEAST_PEOPLE:
        yield make.suggest("few_people", record, n=facts["n_people"])
        return
    is_drawn = facts["dataset_kind"] == "synthetic"
    if facts["n_look_wrong"] is None and facts["n_people"] >= ENOUGH_FOR_SUSPECT and not is_drawn:
        yield make.suggest("never_suspected", f"./inv suspect --dataset {name}")
    elif not is_drawn and is_of_videos and facts["n_undecided"]:
        yield make.suggest("not_reviewed", f"./inv review --dataset {name} --reviewer r1", n=facts["n_undecided"])
    if is_of_videos and facts["n_people"] < FEW_PEOPLE:
        yield make.suggest("more_people", record, n=facts["n_people"])
    yield from _of_runs(workspace, item, make)
    yield from _compare(workspace, item, make)


def _of_runs(workspace: Workspace, item: Item, make: _Subject) -> Iterator[Suggestion]:
    """Suggest to export the newest training that is done and has become no model."""
    runs = [each for each in workspace.made_into(item) if each.kind == "run" and not each.is_of_a_fold]
    newest = max(runs, key=lambda each: each.facts["updated_utc"], default=None)
    if newest is None or newest.facts["status"] != "done":
        return
    if not any(each.kind in ("model", "run") for each in workspace.made_into(newest)):
        yield make.suggest("not_exported", f"./inv export --run {newest.name}", run=newest.name)


def _compare(workspace: Workspace, item: Item, make: _Subject) -> Iterator[Suggestion]:
    """Suggest the next comparison: the first one, a new one of changed labels, or what the newest one advises."""
    name = item.name
    compared = [
        each for kind in ("comparison", "approaches") for each in workspace.of(kind) if each.facts["dataset"] == name
    ]
    newest = max(compared, key=lambda each: each.created_utc, default=None)
    is_only_learned_from = item.facts["dataset_kind"] == "synthetic" and workspace.made_into(
        item
    )  # a baseline's actors
    if newest is None and item.facts["is_of_photos"]:
        yield make.suggest("never_compared", f"./inv compare-approaches --dataset {name} --approaches photo")
    elif newest is None and not is_only_learned_from:
        yield make.suggest("never_compared", f"./inv ab --dataset {name} --epochs 10")
    elif newest is None:
        return
    elif newest.facts["labels_sha256"] != item.facts["labels_sha256"]:
        verb = "./inv ab --epochs 10" if newest.kind == "comparison" else "./inv compare-approaches"
        yield make.suggest("changed_since", f"{verb} --dataset {name}", comparison=newest.name)
    elif newest.facts["word"] == "cannot_tell":
        advised = _advised(newest, item.facts["next_subject"])
        yield make.suggest("cannot_tell", advised, n=newest.facts["n_people"])


def _advised(comparison: Item, next_subject: str) -> str:
    """Return the first command that a comparison itself advises, or to record one more person."""
    commands = [each for each in comparison.facts.get("next", []) if each.startswith("./inv ")]
    if commands:
        return " ".join(next_subject if word == _NEW_PERSON else word for word in commands[0].split())
    return f"./inv collect --dataset {comparison.facts['dataset']} --subject {next_subject}"


def _of_model(workspace: Workspace, item: Item) -> Iterator[Suggestion]:
    facts, name = item.facts, item.name
    make = _Subject("model", name)
    if facts["stale_since"]:
        yield make.suggest("stale", f"./inv ab --dataset {facts['dataset']} --epochs 10", since=facts["stale_since"])
        return
    made = workspace.made_into(item)
    measured = [each for each in made if each.kind == "results" and each.facts["side"] != "train"]
    if not measured:
        yield make.suggest("not_measured", f"./inv evaluate --model {name} --dataset {facts['dataset']}")
        return
    auc = measured[-1].facts["intervals"]["roc_auc"]
    is_drawn = facts["dataset_kind"] == "synthetic"  # its figures on people say little of it
    if auc["low"] is not None and auc["low"] <= CHANCE_AUC and not is_drawn:
        figures = {name: f"{auc[name]:.2f}" for name in ("value", "low", "high")}
        yield make.suggest("chance", f"./inv pretrain --datasets {facts['dataset']}", **figures)
    compared = [each for each in made if each.kind == "comparison"]
    handoffs = [each for each in made if each.kind == "handoff"]
    if not handoffs:
        if compared and compared[-1].facts["word"] == "better" and _is_candidate(item, compared[-1]):
            yield make.suggest("better", f"./inv handoff --model {name}", comparison=compared[-1].name)
    elif not handoffs[-1].facts["is_proven"]:
        yield make.suggest("not_proven", f"./inv validate-spec --browser --model {name}")
    else:
        yield make.suggest("proven", f"./inv game --model {name}")


def _is_candidate(item: Item, comparison: Item) -> bool:
    """Tell whether a model is the arm that a comparison found better."""
    return comparison.facts["model_sha256"].get(comparison.facts["candidate"]) in item.ids
