"""Compares what a spec says with what is true: the ONNX, its own notes, model.json and the one preprocessing.

Pure functions: claims and evidence in, findings out. Every field is looked at, so that all failures show at once. What
the ONNX itself must be is `tools.spec_checker.static.contract`'s job.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from shared import contracts
from shared.dataset.protocol import EMOTIONS
from shared.onnx.contract import DTYPE, MAX_BYTES
from tools.spec_checker.findings import Finding, failed, passed, skipped
from tools.spec_checker.static import runtime
from tools.spec_checker.static.claims import read_claims
from tools.spec_checker.static.evidence import Evidence, Said
from tools.spec_checker.static.golden import COPY
from tools.spec_checker.static.input_checks import (
    check_frames,
    check_input,
    check_preprocessing,
    note_unproven,
    same_number,
)

# A damaged file must not be written into its spec, so that it passes.
_OTHER_FILE = (
    f"this is not the file that the spec was written for, be it by one byte; {COPY}. Only in a spec written by hand, "
    "and if this is the file that you mean: write down what it has"
)


def check_spec(spec: dict[str, Any], evidence: Evidence) -> list[Finding]:
    """Check every field of a spec, in our format or in anybody's.

    Args:
        spec: Any JSON object.
        evidence: What it is compared with.

    Returns:
        At least one finding for each field that our format has, in its order; then what else its schema refuses.
    """
    said = Said(read_claims(spec), evidence)
    findings = [
        *_check_identity(said),
        *_check_model(said),
        *check_input(said),
        *_check_outputs(said),
        *_check_classes(said),
        *_check_decision(said),
        *check_frames(said),
        *check_preprocessing(said),
        *_check_handoff(said),
        *runtime.check_runtime(said),
    ]
    return _with_schema(spec, findings)


def _check_identity(said: Said) -> list[Finding]:
    version = contracts.load_schema("frontend_spec")["properties"]["schema_version"]["const"]
    kinds = said.evidence.notes("", "dataset", "kind")
    is_synthetic = [*said.evidence.notes("synthetic"), *((who, kind == "synthetic") for who, kind in kinds)]
    return [
        said.check(
            "schema_version",
            [],
            "write the spec with: handoff --model MODEL",
            expected=f"{version} (the version that this program writes)",
            is_right=lambda value: bool(value == version),
        ),
        said.check(
            "spec_id",
            said.evidence.notes("model_id", "model_id"),
            "name the model that this belongs to",
            same=_same_text,
        ),
        said.check(
            "created_utc", [], "say when the spec was written", expected="a moment in UTC such as 2026-01-22T11:25:34Z"
        ),
        said.check("synthetic", is_synthetic, "say whether the model learned from drawn faces only: true or false"),
    ]


def _same_text(mine: Any, theirs: Any) -> bool:
    """Compare names; an id of digits only comes out of JSON as a number."""
    return str(mine) == str(theirs)


def is_safe_name(name: str) -> bool:
    """Tell whether a spec's model file lies beside it or below, as a web server would serve it."""
    path = PurePosixPath(name.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and ":" not in name and path.suffix == ".onnx"


def _check_model(said: Said) -> list[Finding]:
    graph = said.evidence.graph
    findings = [
        said.check(
            "model.file",
            [],
            "name the file beside the spec",
            expected="a file name such as smile_detector.onnx, without .. and without a leading /",
            is_right=is_safe_name,
        )
    ]
    facts: dict[str, tuple[Any, Any, str]] = {
        "model.sha256": (graph and graph.sha256, "64 hex digits", "write down the sha256 of the file that you ship"),
        "model.bytes": (graph and graph.n_bytes, f"at most {MAX_BYTES:,}", "write the file's size in bytes"),
        "model.opset": (graph and graph.opset, "the graph's opset", "write down the opset that the ONNX imports"),
        "model.operators": (
            graph and list(graph.operators),
            "the graph's operators",
            "list the graph's operators, so that a runtime that lacks one is seen before it fails",
        ),
    }
    is_other_file = graph is not None and said.value("model.sha256") not in (None, graph.sha256)
    for field, (fact, words, todo) in facts.items():
        if is_other_file:
            todo = _OTHER_FILE
        theirs = said.evidence.notes("", "onnx", field.removeprefix("model."))
        known = [("the ONNX", fact), *theirs] if fact is not None else theirs
        expected = None if known else words
        if field == "model.operators":
            findings.append(said.check(field, known, todo, expected=expected, same=lambda a, b: set(a) == set(b)))
        elif field == "model.bytes":
            findings.append(said.check(field, known, todo, expected=expected, is_right=lambda n: 0 < n <= MAX_BYTES))
        else:
            findings.append(said.check(field, known, todo, expected=expected))
    return findings


def _check_outputs(said: Said) -> list[Finding]:
    graph = said.evidence.graph
    kept = said.contract.outputs
    truth: dict[str, tuple[list[int | None], str]] = {name: (list(s), DTYPE) for name, s in kept.items()}
    if graph is not None:
        truth = {t.name: (list(t.shape) or list(kept.get(t.name, ())), t.dtype) for t in graph.outputs}
    who = "the ONNX" if graph is not None else "the model contract"
    stated: dict[str, dict[str, Any]] = said.value("outputs") or {}
    findings = []
    for name, (shape, dtype) in truth.items():
        field = f"outputs.{name}"
        if name not in stated:
            findings.append(
                failed(field, ", ".join(stated) or "nothing", f"{name} ({who})", "list every output of the graph")
            )
            continue
        entry = stated[name]
        findings.append(passed(field, name))
        findings.append(_check_output_shape(f"{field}.shape", entry.get("shape"), shape, who))
        for key, wanted, todo in (
            ("dtype", dtype, "write the graph's type"),
            ("meaning", None, "say in words what the numbers mean"),
        ):
            found = entry.get(key)
            if not isinstance(found, str) or not found.strip() or (wanted and found != wanted):
                shown = "nothing" if found is None else repr(found)
                findings.append(failed(f"{field}.{key}", shown, wanted or "a sentence", todo))
            else:
                findings.append(passed(f"{field}.{key}", found))
    for name in stated:
        if name not in truth:
            findings.append(
                failed(f"outputs.{name}", "an output that the graph does not have", ", ".join(truth), "remove it")
            )
    return findings


def _check_output_shape(field: str, found: Any, shape: list[int | None], who: str) -> Finding:
    words = f"{['?' if axis is None else axis for axis in shape]} ({who})"
    fits = isinstance(found, list) and len(found) == len(shape)
    if not fits or any(axis is not None and axis != mine for axis, mine in zip(shape, found, strict=True)):
        return failed(field, "nothing" if found is None else repr(found), words, "write the graph's shape")
    return passed(field, found)


def _check_classes(said: Said) -> list[Finding]:
    notes = said.evidence.notes
    classes = said.value("classes") or []
    trained = "list the emotions that had labels in training, [] if none"
    none_given: list[tuple[str, Any]] = []
    if "emotion_logits" not in said.contract.outputs:
        none_given = [("the graph has no emotion_logits", [])]
    known_trained = none_given or notes("emotions_trained", "emotions_trained")
    order = "copy the order from model.json; a swapped order turns every answer round"
    findings = [
        said.check(
            "classes",
            notes("classes", "classes"),
            order,
            expected=None if notes("classes", "classes") else "at least two names, in the order of training",
            is_right=lambda names: len(set(names)) == len(names) >= 2,
        ),
        said.check(
            "positive_class",
            notes("positive_class", "positive_class"),
            "name the class that a high smile_prob stands for",
            expected=None
            if notes("positive_class", "positive_class")
            else f"one of classes ({', '.join(classes) or 'not given'})",
            is_right=lambda name: name in classes,
        ),
        said.check(
            "emotions",
            none_given or [("the model contract", list(EMOTIONS)), *notes("emotions", "emotions")],
            "list the seven in the order of emotion_logits, [] for a model without that output",
        ),
        said.check(
            "emotions_trained",
            known_trained,
            trained,
            expected=None if known_trained else "a list of some of the emotions",
            is_right=lambda names: all(name in EMOTIONS for name in names),
            same=lambda mine, theirs: sorted(mine) == sorted(theirs),
        ),
    ]
    return [note_unproven(finding, said) for finding in findings]


def _check_decision(said: Said) -> list[Finding]:
    known = said.evidence.notes("threshold", "threshold", "value")
    chosen = said.evidence.notes("", "threshold", "chosen_on")
    kinds = ("validation", "given", "default")
    return [
        said.check("decision.output", [("the model contract", "smile_prob")], "say which output decides"),
        said.check(
            "decision.operator",
            [("the model contract", ">")],
            "it is a smile when smile_prob is strictly greater than the threshold",
        ),
        note_unproven(
            said.check(
                "decision.threshold",
                known,
                "copy the threshold unrounded from model.json",
                expected=None if known else "a number from 0 to 1",
                is_right=lambda value: 0 <= value <= 1,
                same=same_number,
            ),
            said,
        ),
        said.check(
            "decision.chosen_on",
            chosen,
            "say what the threshold was chosen on; never on test sequences",
            expected=None if chosen else "one of " + ", ".join(kinds),
            is_right=lambda value: value in kinds,
        ),
        said.check(
            "decision.release_threshold",
            [],
            "say when a smile ends; the threshold itself, if there is no hysteresis",
            expected="a number from 0 to the threshold",
            is_right=lambda value: 0 <= value <= (said.value("decision.threshold") or 1),
        ),
        said.check(
            "decision.min_duration_ms",
            [],
            "say how long smile_prob must stay above the threshold; 0, if one decision is enough",
            expected="milliseconds, 0 or more",
            is_right=lambda value: value >= 0,
        ),
    ]


def _check_handoff(said: Said) -> list[Finding]:
    """Look for what a hand-off holds beside the one graph; what is in it is the schema's and the proof's business."""
    return [
        said.check("graphs", [], "list the graphs of the hand-off", expected="a list of graphs", is_right=bool),
        said.check(
            "tolerance",
            [],
            "say which differences from Python pass",
            expected="an object with " + ", ".join(said.contract.tolerances),
            is_right=lambda value: set(said.contract.tolerances) <= set(value),
        ),
        said.check("golden", [], "name the golden vectors, so that a page can prove itself", expected="an object"),
    ]


def _with_schema(spec: dict[str, Any], findings: list[Finding]) -> list[Finding]:
    """Add what the schema refuses and no finding has named yet: wrong types, odd ids, unknown keys."""
    version = contracts.load_schema("frontend_spec")["properties"]["schema_version"]["const"]
    if spec.get("schema_version") != version:
        why = "its schema_version is not ours; fields were looked for under their likely keys"
        return [*findings, skipped("schema", why)]
    failures = [finding.field for finding in findings if finding.status == "fail"]
    errors = [
        error
        for error in _schema_failures(spec)
        if not any(
            _is_same_or_inside(error.field, field) or _is_same_or_inside(field, error.field) for field in failures
        )
    ]
    refused = {error.field for error in errors}
    kept = [finding for finding in findings if finding.field not in refused]
    fits = [] if failures or errors else [passed("schema", f"frontend_spec {version}")]
    return [*kept, *errors, *fits]


def _is_same_or_inside(field: str, other: str) -> bool:
    return field == other or field.startswith(other + ".")


def _schema_failures(spec: dict[str, Any]) -> Iterator[Finding]:
    for error in _leaves(contracts.validator("frontend_spec").iter_errors(spec)):
        path = [str(part) for part in error.absolute_path]
        if error.validator == "required":
            missing = re.findall(r"'([^']*)' is a required", error.message)
            yield failed(".".join([*path, *missing]), "nothing", "a value", "add it")
        elif error.validator == "additionalProperties":
            known = error.schema.get("properties", {})
            for key in sorted(set(error.instance) - set(known)):
                yield failed(
                    ".".join([*path, key]), "an unknown key", "only " + ", ".join(known), "remove it or mend its name"
                )
        else:
            rule = error.schema.get("description") or f"{error.validator} {error.validator_value}"
            yield failed(".".join(path) or "spec", repr(error.instance), rule, "mend it")


def _leaves(errors: Iterable[Any]) -> Iterator[Any]:
    """Replace "fits none of these" by what is wrong with the alternative that fits best: the fewest errors."""
    for error in errors:
        if error.validator != "anyOf":
            yield error
            continue
        branches: dict[int, list[Any]] = {}
        for inner in error.context:
            branches.setdefault(inner.relative_schema_path[0], []).append(inner)
        # null beside an object is no alternative worth mending towards.
        worth = [found for found in branches.values() if found[0].validator != "type"] or list(branches.values())
        best: list[Any] = min(worth, key=len)
        yield from _leaves(best)
