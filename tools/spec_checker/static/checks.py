"""Compares a spec with the ONNX, its metadata, model.json and the one preprocessing.

Pure functions: claims and evidence in, findings out. Every field is checked, so that all failures show at once. The
ONNX itself is checked by `tools.spec_checker.static.contract`.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from shared import contracts
from shared.dataset.protocol import EMOTIONS
from shared.onnx.contract import DTYPE, MAX_BYTES, SMILE_PROB, class_of
from tools.spec_checker.findings import Finding, failed, passed, skipped
from tools.spec_checker.static import runtime
from tools.spec_checker.static.claims import read_claims
from tools.spec_checker.static.evidence import Evidence, FieldChecker
from tools.spec_checker.static.golden import COPY
from tools.spec_checker.static.input_checks import (
    check_frames,
    check_input,
    check_preprocessing,
    note_unproven,
    same_number,
)

# A damaged file must not pass because its hash was copied into the spec.
_OTHER_FILE = (
    f"the file differs from the one that the spec was written for; {COPY}. Only if the spec was written by hand and "
    "this is the right file: write its value into the spec"
)


def check_spec(spec: dict[str, Any], evidence: Evidence) -> list[Finding]:
    """Check every field of a spec in any format.

    Args:
        spec: Any JSON object.
        evidence: What it is compared with.

    Returns:
        At least one finding for each field of frontend_spec, in its order; then other schema errors.
    """
    checker = FieldChecker(read_claims(spec), evidence)
    findings = [
        *_check_identity(checker),
        *_check_model(checker),
        *check_input(checker),
        *_check_outputs(checker),
        *_check_classes(checker),
        *_check_decision(checker),
        *check_frames(checker),
        *check_preprocessing(checker),
        *_check_handoff(checker),
        *runtime.check_runtime(checker),
    ]
    return _with_schema(spec, findings)


def _check_identity(checker: FieldChecker) -> list[Finding]:
    version = contracts.load_schema("frontend_spec")["properties"]["schema_version"]["const"]
    kinds = checker.evidence.notes("", "dataset", "kind")
    is_synthetic = [*checker.evidence.notes("synthetic"), *((source, kind == "synthetic") for source, kind in kinds)]
    return [
        checker.check(
            "schema_version",
            [],
            "write the spec with: ./inv handoff --model MODEL",
            expected=f"{version} (the version that this program writes)",
            is_right=lambda value: bool(value == version) and not isinstance(checker.claims["schema_version"].raw, str),
        ),
        checker.check(
            "spec_id",
            checker.evidence.notes("model_id", "model_id"),
            "name the model that the spec belongs to",
            same=_same_text,
        ),
        checker.check(
            "created_utc", [], "write when the spec was written", expected="a UTC time such as 2026-01-22T11:25:34Z"
        ),
        checker.check(
            "synthetic", is_synthetic, "write whether the model was trained on synthetic faces only: true or false"
        ),
    ]


def _same_text(stated: Any, reference: Any) -> bool:
    """Compare names; JSON may hold an id of digits as a number."""
    return str(stated) == str(reference)


def is_safe_name(name: str) -> bool:
    """Tell whether a spec's model file lies beside it or below, as a web server would serve it."""
    path = PurePosixPath(name.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and ":" not in name and path.suffix == ".onnx"


def _check_model(checker: FieldChecker) -> list[Finding]:
    graph = checker.evidence.graph
    findings = [
        checker.check(
            "model.file",
            [],
            "name the file beside the spec",
            expected="a file name such as smile_detector.onnx, without .. and without a leading /",
            is_right=is_safe_name,
        )
    ]
    facts: dict[str, tuple[Any, Any, str]] = {
        "model.sha256": (graph and graph.sha256, "64 hex digits", "write the sha256 of the file that you ship"),
        "model.bytes": (graph and graph.n_bytes, f"at most {MAX_BYTES:,}", "write the file's size in bytes"),
        "model.opset": (graph and graph.opset, "the graph's opset", "write the opset that the ONNX imports"),
        "model.operators": (
            graph and list(graph.operators),
            "the graph's operators",
            "list the graph's operators, so that a missing operator shows before the graph fails",
        ),
    }
    is_other_file = graph is not None and checker.value("model.sha256") not in (None, graph.sha256)
    for field, (fact, fallback, todo) in facts.items():
        if is_other_file:
            todo = _OTHER_FILE
        references = checker.evidence.notes("", "onnx", field.removeprefix("model."))
        if fact is not None:
            references.insert(0, ("the ONNX", fact))
        expected = None if references else fallback
        if field == "model.operators":
            findings.append(
                checker.check(field, references, todo, expected=expected, same=lambda a, b: set(a) == set(b))
            )
        elif field == "model.bytes":
            findings.append(
                checker.check(field, references, todo, expected=expected, is_right=lambda n: 0 < n <= MAX_BYTES)
            )
        else:
            findings.append(checker.check(field, references, todo, expected=expected))
    return findings


def _check_outputs(checker: FieldChecker) -> list[Finding]:
    graph = checker.evidence.graph
    contract_outputs = checker.contract.outputs
    actual: dict[str, tuple[list[int | None], str]] = {name: (list(s), DTYPE) for name, s in contract_outputs.items()}
    if graph is not None:
        actual = {t.name: (list(t.shape) or list(contract_outputs.get(t.name, ())), t.dtype) for t in graph.outputs}
    source = "the ONNX" if graph is not None else "the model contract"
    stated: dict[str, dict[str, Any]] = checker.value("outputs") or {}
    findings = []
    for name, (shape, dtype) in actual.items():
        field = f"outputs.{name}"
        if name not in stated:
            findings.append(
                failed(field, ", ".join(stated) or "nothing", f"{name} ({source})", "list every output of the graph")
            )
            continue
        entry = stated[name]
        findings.append(passed(field, name))
        findings.append(_check_output_shape(f"{field}.shape", entry.get("shape"), shape, source))
        for key, wanted, todo in (
            ("dtype", dtype, "write the graph's type"),
            ("meaning", None, "describe in words what the numbers mean"),
        ):
            found = entry.get(key)
            if not isinstance(found, str) or not found.strip() or (wanted and found != wanted):
                shown = "nothing" if found is None else repr(found)
                findings.append(failed(f"{field}.{key}", shown, wanted or "a sentence", todo))
            else:
                findings.append(passed(f"{field}.{key}", found))
    for name in stated:
        if name not in actual:
            findings.append(
                failed(f"outputs.{name}", "an output that the graph does not have", ", ".join(actual), "remove it")
            )
    return findings


def _check_output_shape(field: str, found: Any, shape: list[int | None], source: str) -> Finding:
    expected = f"{['?' if axis is None else axis for axis in shape]} ({source})"
    fits = isinstance(found, list) and len(found) == len(shape)
    if not fits or any(axis is not None and axis != length for axis, length in zip(shape, found, strict=True)):
        return failed(field, "nothing" if found is None else repr(found), expected, "write the graph's shape")
    return passed(field, found)


def _check_classes(checker: FieldChecker) -> list[Finding]:
    notes, prob = checker.evidence.notes, checker.contract.prob
    classes = checker.value("classes") or []
    todo_trained = "list the emotions that had labels in training, [] if none"
    no_emotions: list[tuple[str, Any]] = []
    if "emotion_logits" not in checker.contract.outputs:
        no_emotions = [("the graph has no emotion_logits", [])]
    known_positive = notes("positive_class", "positive_class")
    if prob != SMILE_PROB:  # which models of any class gave before outputs were named after it
        known_positive.append((f"the output {prob}", class_of(prob)))
    known_trained = no_emotions or notes("emotions_trained", "emotions_trained")
    order = "copy the order from model.json; a swapped order inverts every decision"
    findings = [
        checker.check(
            "classes",
            notes("classes", "classes"),
            order,
            expected=None if notes("classes", "classes") else "at least two names, in the order of training",
            is_right=lambda names: len(set(names)) == len(names) >= 2,
        ),
        checker.check(
            "positive_class",
            known_positive,
            f"name the class that a high {prob} stands for",
            expected=None if known_positive else f"one of classes ({', '.join(classes) or 'not given'})",
            is_right=lambda name: name in classes,
        ),
        checker.check(
            "emotions",
            no_emotions or [("the model contract", list(EMOTIONS)), *notes("emotions", "emotions")],
            "list the seven in the order of emotion_logits, [] for a model without that output",
        ),
        checker.check(
            "emotions_trained",
            known_trained,
            todo_trained,
            expected=None if known_trained else "a list of some of the emotions",
            is_right=lambda names: all(name in EMOTIONS for name in names),
            same=lambda stated, reference: sorted(stated) == sorted(reference),
        ),
    ]
    return [note_unproven(finding, checker) for finding in findings]


def _name_class(prob: str) -> str:
    """Name the class that an output stands for, as a sentence does."""
    return "a smile" if prob == SMILE_PROB else class_of(prob)


def _check_decision(checker: FieldChecker) -> list[Finding]:
    known = checker.evidence.notes("threshold", "threshold", "value")
    chosen = checker.evidence.notes("", "threshold", "chosen_on")
    kinds, prob = ("validation", "given", "default"), checker.contract.prob
    return [
        checker.check("decision.output", [("the model contract", prob)], "name the output that decides"),
        checker.check(
            "decision.operator",
            [("the model contract", ">")],
            f"it is {_name_class(prob)} when {prob} is strictly greater than the threshold",
        ),
        note_unproven(
            checker.check(
                "decision.threshold",
                known,
                "copy the threshold unrounded from model.json",
                expected=None if known else "a number from 0 to 1",
                is_right=lambda value: 0 <= value <= 1,
                same=same_number,
            ),
            checker,
        ),
        checker.check(
            "decision.chosen_on",
            chosen,
            "write what the threshold was chosen on; never on test sequences",
            expected=None if chosen else "one of " + ", ".join(kinds),
            is_right=lambda value: value in kinds,
        ),
        checker.check(
            "decision.release_threshold",
            [],
            f"write the threshold below which {_name_class(prob)} ends; the threshold itself without hysteresis",
            expected="a number above 0, at most the threshold",
            is_right=lambda value: 0 < value <= (checker.value("decision.threshold") or 1),
        ),
        checker.check_duration(
            "decision.min_duration_ms",
            f"write how long {prob} must stay above the threshold; 0 if one decision is enough",
        ),
    ]


def _check_handoff(checker: FieldChecker) -> list[Finding]:
    """Check that the blocks of a hand-off exist; the schema and the browser proof check their content."""
    return [
        checker.check("graphs", [], "list the graphs of the hand-off", expected="a list of graphs", is_right=bool),
        checker.check(
            "tolerance",
            [],
            "write the tolerated differences from Python",
            expected="an object with " + ", ".join(checker.contract.tolerances),
            is_right=lambda value: set(checker.contract.tolerances) <= set(value),
        ),
        checker.check("golden", [], "name the golden vectors, so that a page can verify itself", expected="an object"),
    ]


def _with_schema(spec: dict[str, Any], findings: list[Finding]) -> list[Finding]:
    """Add the schema errors that no finding covers yet: wrong types, invalid ids, unknown keys."""
    version = contracts.load_schema("frontend_spec")["properties"]["schema_version"]["const"]
    if spec.get("schema_version") != version:
        why = "another schema_version; fields were searched under their likely keys"
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
                    ".".join([*path, key]),
                    "an unknown key",
                    "only " + ", ".join(known),
                    "remove it or correct its name",
                )
        else:
            rule = error.schema.get("description") or f"{error.validator} {error.validator_value}"
            yield failed(".".join(path) or "spec", repr(error.instance), rule, "correct it")


def _leaves(errors: Iterable[Any]) -> Iterator[Any]:
    """Replace an anyOf error by the errors of the best alternative: the one with the fewest."""
    for error in errors:
        if error.validator != "anyOf":
            yield error
            continue
        branches: dict[int, list[Any]] = {}
        for inner in error.context:
            branches.setdefault(inner.relative_schema_path[0], []).append(inner)
        # null beside an object is not a useful alternative.
        candidates = [found for found in branches.values() if found[0].validator != "type"] or list(branches.values())
        best: list[Any] = min(candidates, key=len)
        yield from _leaves(best)
