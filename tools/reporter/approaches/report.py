"""Approaches side by side: reads what was measured of each, chooses one by the rule, writes the page and the document.

results + runs + cards + timings + features + hand-offs → choice → report.html, report.md, figure, approaches.json
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.approaches import FLOOR, RUNTIME_BYTES, Approach, get_approach, in_order
from shared.contracts import Document
from shared.errors import InvalidInput, WrongUsage
from shared.provenance import code_info
from shared.web.browser_proof import read_proof
from tools.reporter.ab.judgement import weakness
from tools.reporter.ab.looks_log import ask, levels_of, record
from tools.reporter.ab.verdict import Because
from tools.reporter.approaches import tradeoff
from tools.reporter.approaches.choice import Offer, choose, weaken
from tools.reporter.approaches.content import Measured, build_page
from tools.reporter.approaches.costs import Costs, find_browser_time, find_time, find_training
from tools.reporter.approaches.pareto import find_pareto
from tools.reporter.approaches.sentence import sentences
from tools.reporter.config import ApproachesConfig, Named, Question
from tools.reporter.render.folder import HTML, files_of, write_page
from tools.reporter.sources.arms import Arm, Source, check_comparable, place, read_arm
from tools.reporter.sources.datasets import find_dataset

DOCUMENT = "approaches.json"
# What no test can see: figures that come from sequences which cannot carry a verdict.
_WEAK = (Because.TRAIN, Because.VALIDATION, Because.THRESHOLD, Because.OTHER_SPLIT)


@dataclass(frozen=True)
class ApproachesResult:
    """A finished report."""

    folder: Path
    document: Document
    pictures: tuple[str, ...]
    exit_code: int = 0

    def as_text(self) -> str:
        """Show each approach in a line, then the verdict, and say where to look."""
        primary, lines = self.document["verdict"]["primary"], []
        for one in self.document["approaches"]:
            found, time = one["intervals"][primary], one["time"]["decision_ms"]
            value = "-" if found["value"] is None else f"{found['value']:.3f}"
            bounds = "" if found["low"] is None else f" [{found['low']:.3f}, {found['high']:.3f}]"
            cost = f"{one['download']['total_bytes'] / 1e6:.1f} MB, {'-' if time is None else f'{time:.1f}'} ms"
            lines.append(f"{one['name']:<20} {primary} {value}{bounds:<18} {cost}")
        verdict = self.document["verdict"]
        what = "cannot tell" if verdict["recommended"] is None else f"ship {verdict['recommended']}"
        lines += [f"verdict: {what}", verdict["sentence"]["en"], self.document["tradeoff"]["sentence"]["en"]]
        return "\n".join([*lines, f"report: {paths.shown(self.folder / HTML)}"])

    def as_json(self) -> dict[str, Any]:
        """Give where everything lies, and the verdict."""
        return {
            "report_id": self.document["approaches_id"],
            **files_of(self.folder, self.pictures),
            "document": str(self.folder / DOCUMENT),
            "verdict": self.document["verdict"],
            "left_out": self.document["left_out"],
        }


def report_approaches(config: ApproachesConfig) -> ApproachesResult:
    """Compare approaches and write; nothing is written when something that was read is wrong.

    Raises:
        InvalidInput: A file is not what it must be, or two approaches were measured on different sequences.
        WrongUsage: An approach twice, the floor missing, or nothing beside it.
        MissingOutside: Korean, and no font that has Hangul.
    """
    arms = _read_arms(config.results)
    first = next(iter(arms.values()))
    sources = [source for arm in arms.values() for source in arm.sources]

    def read(path: Path, schema: str, kind: str, name: str) -> Document:
        document = contracts.read_document(path, schema)
        when, code = document.get("created_utc"), document.get("code")
        commit = code["commit"] if code else None
        sources.append(Source(kind, name, place(path), contracts.sha256_file(path), when, commit))
        return document

    runs: dict[str, list[Document]] = defaultdict(list)
    for name, path in config.runs:
        runs[name].append(read(path, "run", "run", f"{name} {len(runs[name]) + 1}"))
    cards = {name: read(path, "model", "model_card", name) for name, path in config.cards}
    proofs = {}
    for name, path in config.specs:
        read(path, "frontend_spec", "spec", name)
        if read_proof(path) is not None:
            proofs[name] = read(path.with_name(paths.PROOF_FILE), "browser_proof", "browser_proof", name)
    timings = read(config.timings, "timings", "timings", first.results["dataset"]["name"])
    features = config.features and read(config.features, "features", "features", first.results["dataset"]["name"])
    for what, document in (("timings", timings), ("features", features)):
        if document and document["dataset"]["name"] != first.results["dataset"]["name"]:
            raise InvalidInput(
                what, found=f"those of {document['dataset']['name']}", expected=first.results["dataset"]["name"]
            )
    costs = {
        name: _cost(get_approach(name), arms[name], runs, cards, proofs, timings, features or None) for name in arms
    }
    offers = [
        Offer(
            name,
            arms[name].predictions,
            arms[name].intervals,
            get_approach(name).is_trained,
            cost.total_bytes,
            cost.time["decision_ms"],
        )
        for name, cost in costs.items()
    ]
    facts = find_dataset(config.dataset, first)
    asked = (
        ask(None, list(arms.values()), config.primary, facts.people, facts.folder, is_only=config.only_look)
        if facts
        else None
    )
    alpha, plan_alpha = levels_of(asked)
    choice = choose(
        offers, FLOOR, primary=config.primary, margin=config.margin, alpha=alpha, plan_alpha=plan_alpha,
        repeats=first.repeats,
    )  # fmt: skip
    question = Question(config.primary, None, config.margin)
    weak = [found for arm in arms.values() if (found := weakness(arm, question)) in _WEAK]
    if weak and choice.because is not Because.ONE_CLASS:
        choice = weaken(choice, weak[0])
    elif asked is not None and (nothing := asked.why_nothing) is not None:
        choice = weaken(choice, nothing)
    elif asked is not None and asked.look.is_only:
        choice = replace(choice, plan=None)
    asked = asked and asked.planned_for(choice.plan.n_subjects if choice.plan else None)
    pareto = find_pareto(offers, FLOOR, config.primary)
    measured = Measured(arms, costs, choice, pareto, {offer.name: offer for offer in offers}, asked)

    moment = paths.utc_now()
    report_id = config.report_id or f"approaches-{first.results['dataset']['name'][:30]}_{paths.utc_stamp(moment)}"
    document = _document(config, measured, report_id, paths.utc_text(moment), timings, sources)
    contracts.validate(document, "approaches", DOCUMENT)
    flag = paths.dataset_flag(config.dataset) if config.dataset else first.results["dataset"]["name"]
    page = build_page(document, measured, timings, facts, flag, config.lang)
    folder = (config.out or paths.artifacts("reports") / report_id).resolve()
    if asked is not None:  # before anything of it can be read
        record(asked, paths.utc_text(moment))
    pictures = write_page(page, folder)
    contracts.write_document(folder / DOCUMENT, document, "approaches")
    return ApproachesResult(folder, document, pictures)


def _read_arms(results: Sequence[Named]) -> dict[str, Arm]:
    """Read the results of every approach, in the order of the table, and make sure that they can be compared."""
    names = [name for name, _ in results]
    if twice := [name for name in names if names.count(name) > 1]:
        raise WrongUsage("--result", found=f"{twice[0]} twice", expected="each approach once")
    if FLOOR not in names or len(names) < 2:
        raise WrongUsage("--result", found=", ".join(names) or "none", expected=f"{FLOOR} and another approach")
    files = dict(results)
    ordered = {name: files[name] for name in in_order(files)}
    arms = {name: read_arm((name, path), "candidate") for name, path in ordered.items()}
    first = next(iter(arms))
    for name, arm in arms.items():
        expected = get_approach(name)
        if arm.kind != expected.arm:
            raise InvalidInput(
                str(files[name]), found=f"results of {arm.kind}", expected=f"of {expected.arm}, for {name}"
            )
        members = arm.results["fusion"]["members"] if expected.members else []
        if tuple(members) != expected.members:
            raise InvalidInput(str(files[name]), found=f"a fusion of {', '.join(members)}", expected=name)
        check_comparable(arms[first], files[first], arm, files[name])
    return arms


def _cost(
    approach: Approach,
    arm: Arm,
    runs: dict[str, list[Document]],
    cards: dict[str, Document],
    proofs: dict[str, Document],
    timings: Document,
    features: Document | None,
) -> Costs:
    """Put together what an approach costs."""
    landmarker = timings["landmarker"]
    for network in approach.networks:
        if network not in cards:
            raise WrongUsage("--card", found=f"none for {network}", expected="the model card of every network")
    if approach.needs_faces and (landmarker is None or features is None):
        raise WrongUsage("--features", found="no faces read", expected=f"them, and their times, for {approach.name}")
    counts = features["counts"] if features and approach.needs_faces else None
    return Costs(
        model_bytes=sum(cards[network]["onnx"]["bytes"] for network in approach.networks),
        landmarker_bytes=landmarker["bytes"] if approach.needs_faces and landmarker else 0,
        runtime_bytes=sum(RUNTIME_BYTES[name] for name in approach.runtimes),
        time=find_time(approach, timings),
        browser=find_browser_time(approach, proofs),
        without_face=counts
        and {
            "sequences": counts["sequences_without_face"],
            "of_sequences": max(1, counts["sequences"]),
            "pictures": counts["without_face"],
            "of_pictures": max(1, counts["pictures"]),
        },
        training=find_training(approach, arm, runs),
    )


def _document(
    config: ApproachesConfig,
    measured: Measured,
    report_id: str,
    moment: str,
    timings: Document,
    sources: Sequence[Source],
) -> Document:
    """Build the document of the approaches schema."""
    choice, arms = measured.choice, measured.arms
    first = next(iter(arms.values()))
    same = ("dataset", "split", "side", "sequences_sha256", "n_sequences", "n_subjects", "positive_class")
    openings = [arm.results.get("test_openings") for arm in arms.values()]
    return {
        "schema_version": 3,
        "approaches_id": report_id,
        "created_utc": moment,
        **{key: first.results[key] for key in same},
        "synthetic": first.results["dataset"]["kind"] == "synthetic",
        "test_openings": max((count for count in openings if count is not None), default=None),
        "verdict": {
            "word": choice.word,
            "because": choice.because,
            "recommended": choice.recommended,
            "leader": choice.leader,
            "level": list(choice.level),
            "rival": choice.rival,
            "sentence": sentences(choice, measured.offers),
            "primary": config.primary,
            "margin": config.margin,
            "alpha": choice.alpha,
            "look": measured.asked and measured.asked.look.as_document(),
            "n_pairs": len(choice.pairs),
            "least_people": choice.least_people,
            "plan": choice.plan and choice.plan.as_document(),
        },
        "tradeoff": {
            **measured.pareto.as_document(),
            "sentence": tradeoff.sentences(measured.pareto, measured.offers, config.primary),
        },
        "approaches": [_entry(name, measured) for name in arms],
        "pairs": [pair.as_document() for pair in choice.pairs.values()],
        "left_out": [{"name": name, "reason": reason} for name, reason in config.left_out],
        "timings": {
            "file": place(config.timings),
            "sha256": contracts.sha256_file(config.timings),
            "machine": timings["machine"],
        },
        "provenance": [source.as_document() for source in sources],
        "code": code_info("matplotlib", "numpy", "scipy"),
    }


def _entry(name: str, measured: Measured) -> Document:
    approach, arm, cost = get_approach(name), measured.arms[name], measured.costs[name]
    return {
        "name": name,
        "network": approach.network,
        "input": approach.input,
        "is_trained": approach.is_trained,
        "results": {"file": arm.sources[0].file, "sha256": arm.sources[0].sha256},
        "intervals": {metric: found.as_document() for metric, found in measured.arms[name].intervals.items()},
        "confusion": arm.results["metrics"]["confusion"],
        **cost.as_document(),
    }
