"""A comparison's arms on whole films: each hand-off plays the test people's films, as a page would.

A baseline without a card cannot be handed off, so that it plays none. Thresholds are chosen for events on the
validation people's films where the comparison's objective is of events (``false_alarms:2``, ``recall:0.9``).
"""

from collections.abc import Mapping
from pathlib import Path

from shared import paths
from shared.chain import stages
from shared.chain.cache import Chain
from shared.chain.flags import flags_of
from shared.chain.stages import dataset_files
from shared.errors import InvalidInput

OF_EVENTS = ("false_alarms", "recall")


def require_films(dataset: Path) -> None:
    """Check that the dataset kept its takes' films, before anything is trained.

    Raises:
        InvalidInput: It kept none.
    """
    if not any(dataset.glob("takes/*.mp4")):
        raise InvalidInput(
            f"{paths.shown(dataset)}: takes",
            found="no film",
            expected="films, as the recorder keeps them",
            todo="leave --stream out, or measure films of your own: ./inv evaluate --stream --marks CSV",
        )


def hand_off_baseline(chain: Chain, baseline: Path) -> Path | None:
    """Write the baseline's hand-off; None where it has no card."""
    if not baseline.with_name(paths.MODEL_CARD).is_file():
        return None
    return stages.hand_off(chain, "spec baseline", baseline)


def play(
    chain: Chain, dataset: Path, split: Path, specs: Mapping[str, Path], objective: str, session: str
) -> dict[str, Path]:
    """Play the test people's films by each arm's hand-off; returns the documents by arm.

    Args:
        chain: The chain.
        dataset: Its folder.
        split: The frozen split.
        specs: The front-end spec of each arm's hand-off.
        objective: What thresholds are chosen for.
        session: The comparison that this belongs to.
    """
    of_events = objective if objective.split(":")[0] in OF_EVENTS else None
    films = sorted(dataset.glob("takes/*.mp4"))
    found = {}
    for arm, spec in specs.items():
        flags = flags_of(
            stream=True,
            model=spec.parent,
            dataset=dataset,
            split=split,
            side="test",
            objective=of_events,
            session=session,
        )
        result = chain.run(
            f"play {arm}",
            "evaluator",
            flags,
            inputs=[spec, split, *dataset_files(dataset), *films],
            outputs=lambda made: [Path(made["file"])],
        )
        found[arm] = Path(result["file"])
    return found
