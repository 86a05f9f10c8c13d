"""What to do once an approach is chosen: the formula and its threshold, or the commands that train the model to ship.

Pure; reads no file and judges nothing.
"""

import statistics
from collections.abc import Sequence

from shared.approaches import APPROACHES
from shared.text.rounding import rounded
from tools.reporter.approaches.costs import Costs
from tools.reporter.render.blocks import Bullets, Paragraph, Section
from tools.reporter.sources.arms import Arm
from tools.reporter.text.words import ReportWords


def ship_section(name: str, arm: Arm, costs: Costs, dataset: str, words: ReportWords) -> Section:
    """Say how the recommended approach gets into a page.

    Args:
        name: Of the approach.
        arm: What it answered.
        costs: What it costs.
        dataset: As --dataset takes it.
        words: Of the page's language.
    """
    if name == "blendshapes":
        lines = [
            words("ship_formula", positive=arm.results["positive_class"]),
            _threshold(_thresholds(arm), words),
            words("ship_no_face", positive=arm.results["positive_class"]),
            words("ship_no_handoff"),
        ]
        return Section("ship", words("ship"), (Bullets(tuple(lines)),))
    if name == "blendshape_logistic":
        commands = _commands("blendshape_mlp", None, dataset, needs_faces=True)
        blocks = (Paragraph(words("ship_no_export")), Bullets(commands))
        return Section("ship", words("ship"), blocks)
    approach = APPROACHES[name]
    network = approach.network or "dual_head"  # one frame is shown to the dual head
    commands = _commands(network, costs.training["epochs"], dataset, needs_faces=approach.needs_faces)
    intro = [words("ship_folds")] + ([words("ship_one_frame")] if approach.network is None else [])
    return Section("ship", words("ship"), (*map(Paragraph, intro), Bullets(commands)))


def _thresholds(arm: Arm) -> list[float]:
    """Return the thresholds that were chosen, one a fold and seed."""
    if "pooled" in arm.results:
        return [float(run["threshold"]) for run in arm.results["pooled"]["runs"]]
    return [float(arm.results["metrics"]["threshold"])]


def _threshold(found: Sequence[float], words: ReportWords) -> str:
    middle = rounded(statistics.median(found), 3)
    if len(found) == 1:
        return words("ship_threshold_one", value=middle)
    low, high = rounded(min(found), 3), rounded(max(found), 3)
    return words("ship_threshold", value=middle, low=low, high=high, n=len(found))


def _commands(network: str, epochs: int | None, dataset: str, *, needs_faces: bool) -> tuple[str, ...]:
    """List what trains a model, writes its hand-off and proves it in a browser."""
    length = f" --epochs {epochs}" if epochs else ""
    film = " --film FILM" if needs_faces else ""
    return (
        f"./inv train --dataset {dataset} --network {network}{length}",
        "./inv export --run RUN --checkpoint last",
        "./inv handoff --model MODEL",
        f"./inv validate-spec --model MODEL --browser{film}",
    )
