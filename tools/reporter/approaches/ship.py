"""What to do once an approach is chosen: the formula and its threshold, or the commands that train the model to ship.

Pure; reads no file and judges nothing.
"""

import statistics
from collections.abc import Sequence

from shared.approaches import PHOTO, PHOTO_LOGISTIC, Approach, get_approach
from shared.contracts import Document
from shared.text.rounding import rounded
from tools.reporter.approaches.costs import Costs
from tools.reporter.approaches.sentence import display
from tools.reporter.render.blocks import Block, Bullets, Paragraph, Section
from tools.reporter.sources.arms import Arm
from tools.reporter.text.words import ReportWords, with_minus


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
    approach = get_approach(name)
    if approach.is_of_clips:
        return Section("ship", words("ship"), _clips(approach, dataset, words))
    if approach.members:
        return Section("ship", words("ship"), _fusion(approach, arm, costs, dataset, words))
    commands = _commands(approach.networks[0], costs.training["epochs"], dataset, needs_faces=approach.needs_faces)
    intro = [words("ship_folds")] + ([words("ship_one_frame")] if approach.network is None else [])
    return Section("ship", words("ship"), (*map(Paragraph, intro), Bullets(commands)))


def _clips(approach: Approach, dataset: str, words: ReportWords) -> tuple[Block, ...]:
    """Say how films are judged by an approach of clips; no page runs one."""
    if approach.network is None:
        key = "ship_clip_boosting" if approach.is_trained else "ship_one_channel"
        return (Paragraph(words(key)),)
    train, export, *_ = _commands(approach.network, None, dataset)
    search = "./inv timeline-moments --timeline FILM --clip-model MODEL"
    return Paragraph(words("ship_clips")), Bullets((train, export, search))


def _fusion(approach: Approach, arm: Arm, costs: Costs, dataset: str, words: ReportWords) -> tuple[Block, ...]:
    """Say what a page must do itself to run several models, and how weights and threshold are learned for them."""
    members = words.listing([display(name, words) for name in approach.members])
    runtimes = words.listing(list(approach.runtimes))
    intro = words("ship_fusion", members=members, runtimes=runtimes, mb=rounded(costs.total_bytes / 1e6, 1))
    runs = arm.results["fusion"]["runs"]
    positive = arm.results["positive_class"]
    lines = [
        words("ship_fusion_formula", positive=positive),
        _weights("ship_fusion_weights", [run["with_face"] for run in runs], words),
    ]
    alone = [run["without_face"] for run in runs if run["without_face"]]
    if alone:
        lines.append(_weights("ship_fusion_alone", alone, words))
    elif approach.needs_faces:
        lines.append(words("ship_no_face", positive=positive))
    found = _thresholds(arm)
    bounds = {"low": rounded(min(found), 3), "high": rounded(max(found), 3)}
    lines.append(words("ship_fusion_threshold", value=rounded(statistics.median(found), 3), **bounds))
    commands = [line for network in approach.networks for line in _commands(network, None, dataset)]
    named: dict[str, list[str]] = {"validation": [], "test": []}
    for part in approach.parts:
        what = "--model MODEL" if part.has_graph else f"--arm {part.arm}"
        what += " --arm one_frame" if part.arm == "one_frame" else ""
        for side, flags in named.items():
            commands.append(f"./inv evaluate {what} --dataset {dataset} --split SPLIT --side {side}")
            flags.append(f"--{side} {part.name}=RESULTS")
    both = " ".join([*named["validation"], *named["test"]])
    commands.append(f"./inv evaluator fuse --dataset {dataset} --split SPLIT {both}")
    return Paragraph(intro), Bullets(tuple(lines)), Paragraph(words("ship_fusion_learn")), Bullets(tuple(commands))


def _weights(key: str, found: Sequence[Document], words: ReportWords) -> str:
    """Write the weights and the offset of a combination, their medians over folds and seeds."""
    names = list(found[0]["weights"])
    weights = {name: rounded(statistics.median(one["weights"][name] for one in found), 2) for name in names}
    written = [words("ship_fusion_weight", name=display(name, words), value=weights[name]) for name in names]
    offset = with_minus(statistics.median(one["offset"] for one in found), 2)
    return words(key, weights=words.listing(written), offset=offset, n=len(found))


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


def _commands(network: str, epochs: int | None, dataset: str, *, needs_faces: bool = False) -> tuple[str, ...]:
    """List what trains a model, writes its hand-off and proves it in a browser."""
    is_photo = network in (PHOTO, PHOTO_LOGISTIC)  # stops by itself
    checkpoint = {PHOTO: "best", PHOTO_LOGISTIC: "stage_0"}.get(network, "last")
    length = f" --epochs {epochs}" if epochs and not is_photo else ""
    film = " --film FILM" if needs_faces else ""
    return (
        f"./inv train --dataset {dataset} --network {PHOTO if is_photo else network}{length}",
        f"./inv export --run RUN --checkpoint {checkpoint}" + (" --calibrate" if is_photo else ""),
        "./inv handoff --model MODEL",
        f"./inv validate-spec --model MODEL --browser{film}",
    )
