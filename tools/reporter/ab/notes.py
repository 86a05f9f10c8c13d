"""What must be known of an arm before its figures are believed, in words. Pure."""

from collections.abc import Sequence

from shared import stale_models
from tools.reporter.sources.arms import Arm
from tools.reporter.text.words import ReportWords

# Below this many people a validation threshold is mostly the habit of those people; our own choice.
FEW_PEOPLE = 5


def describe_arm(arm: Arm, arms: Sequence[Arm], words: ReportWords) -> list[str]:
    """List what is unusual of an arm: metrics that are not defined and why, and figures that flatter.

    Args:
        arm: The one to look at.
        arms: All, the baseline first: an earlier one may be the same model.
        words: The language.
    """
    if arm.kind == "majority":
        return [words("note_majority")]
    results = arm.results
    positive = results["positive_class"]
    confusion = results["metrics"]["confusion"]
    keys: list[str] = []
    n_called_positive = confusion["tp"] + confusion["fp"]
    labels = {prediction.label for prediction in arm.rows.values()}
    scores = {prediction.score for prediction in arm.rows.values()}
    notes: list[str] = []
    if results["roc"] is None:
        notes.append(words("note_one_class", label=", ".join(sorted(labels))))
    if confusion["tp"] + confusion["fn"] == 0:
        keys.append("note_no_positive")
    if n_called_positive == 0:
        keys.append("note_nothing_positive")
    elif n_called_positive == len(arm.rows):
        keys.append("note_all_positive")
    if len(scores) == 1 and len(arm.rows) > 1:
        keys.append("note_all_equal")
    if results["metrics"]["threshold_source"] == "optimal":
        keys.append("note_threshold_optimal")
    auc = results["metrics"]["roc_auc"]
    if auc is not None and auc < 0.5:
        keys.append("note_below_chance")
    notes += [words(key, positive=positive) for key in keys]
    notes += [remark.text(words.lang) for remark in arm.remarks]
    own = results["model"]["threshold"]
    uses_own = results["metrics"]["threshold_source"] == "model" and own is not None
    if uses_own and own["chosen_on"] == "validation" and own["n_subjects"] < FEW_PEOPLE:
        notes.append(
            words(
                "note_threshold_few",
                sequences=words.sequences(own["n_sequences"]),
                people=words.people(own["n_subjects"]),
            )
        )
    notes += [words(key) for key in _describe_training(arm)]
    if (marked := stale_models.find_stale(results["model"]["sha256"])) is not None:
        reason = words(f"stale_{marked['reason']}")
        notes.append(words("note_stale", date=marked["since_utc"][:10], reason=reason))
    if arm.kind == "one_frame":
        notes.append(words("note_one_frame"))
    for other in arms[: arms.index(arm)] if arm.kind == "model" else ():
        if other.results["model"]["sha256"] == results["model"]["sha256"]:
            notes.append(words("note_same_model", other=other.name))
            break
    if results["dataset"]["sha256"] != arms[0].results["dataset"]["sha256"]:
        notes.append(words("note_dataset_changed"))
    return notes


def _describe_training(arm: Arm) -> list[str]:
    """Name the texts on where a model learned, as far as its card tells."""
    if arm.card is None:
        return []
    keys = []
    if arm.card["dataset"]["kind"] == "synthetic" and arm.results["dataset"]["kind"] == "real":
        keys.append("note_trained_on_drawn")
    if arm.learned_elsewhere:
        keys.append("note_other_split")
    return keys
