"""The two jobs, on files: write a model's front-end spec with its ONNX beside it, or check a spec that is there.

Reads the ONNX, the model.json beside it and a spec; writes frontend_spec.json and a copy of the ONNX, and only if the
model passes every check:
  spec-checker --model demo
"""

from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.errors import InvalidInput
from tools.spec_checker.checks import check_spec, is_safe_name
from tools.spec_checker.claims import read_claims
from tools.spec_checker.contract import check_graph
from tools.spec_checker.evidence import Evidence
from tools.spec_checker.findings import Finding, Report, failed, passed, skipped
from tools.spec_checker.graph import Graph, read_graph
from tools.spec_checker.spec import build_spec

SPEC_FILE = "frontend_spec.json"


def write_spec(model_path: Path, spec_path: Path | None) -> Report:
    """Write the front-end spec of a model and put the ONNX beside it.

    The model is checked first: one that fails is reported and leaves an earlier hand-off as it was. What was written is
    then read back and checked again.

    Args:
        model_path: The ONNX; its model.json lies beside it.
        spec_path: Where to; None is artifacts/handoff/<model_id>/frontend_spec.json.

    Raises:
        InvalidInput: The ONNX or its model.json is missing or cannot be read.
    """
    graph = read_graph(model_path)
    card_path = model_path.with_name(paths.MODEL_CARD)
    if not card_path.is_file():
        raise InvalidInput(
            str(card_path),
            found="no such file",
            expected="the model's card, which says its classes, threshold and frame spacing",
            todo="export the model, or check a spec of your own: spec-checker --spec SPEC --model ONNX",
        )
    card = contracts.read_document(card_path, "model")
    spec_path = spec_path or paths.artifacts("handoff") / card["model_id"] / SPEC_FILE
    if len(graph.inputs) != 1:
        return Report(paths.shown(spec_path), paths.shown(model_path), tuple(check_graph(graph)))
    spec = build_spec(graph, card)
    findings = [*check_spec(spec, Evidence(graph, card)), *check_graph(graph)]
    if any(finding.status == "fail" for finding in findings):
        return Report(paths.shown(spec_path), paths.shown(model_path), tuple(findings))
    copy_path = spec_path.with_name(model_path.name)
    written = [spec_path]
    if copy_path.resolve() != model_path.resolve():
        contracts.write_bytes(copy_path, graph.data)
        written.insert(0, copy_path)
    contracts.write_document(spec_path, spec, "frontend_spec")
    read_back = check_file(spec_path, copy_path, card)
    return Report(read_back.spec, read_back.model, read_back.findings, tuple(map(paths.shown, written)))


def check_file(spec_path: Path, model_path: Path | None, card: dict[str, Any] | None = None) -> Report:
    """Check any spec against its ONNX.

    Args:
        spec_path: A JSON object, in our format or in anybody's.
        model_path: The ONNX; None is the file that the spec names, beside it.
        card: The model's card, where the caller has it; else a model.json beside the ONNX is used.

    Raises:
        InvalidInput: The spec cannot be read or is no JSON object. An ONNX that cannot be read is a finding.
    """
    spec = contracts.read_json(spec_path)
    if not isinstance(spec, dict):
        raise InvalidInput(str(spec_path), found=f"JSON that is a {type(spec).__name__}", expected="a JSON object")
    model_path = model_path or _find_model(spec, spec_path)
    graph: Graph | None = None
    of_graph: list[Finding] = []
    if model_path is None:
        of_graph.append(
            failed(
                "graph",
                "no ONNX that the spec names beside it",
                "one",
                "put it there, or give it with --model FILE.onnx",
            )
        )
    else:
        try:
            graph = read_graph(model_path)
        except InvalidInput as error:
            of_graph.append(failed("graph", f"{model_path.name}: {error.found}", error.expected, error.todo))
    if graph is None:
        of_graph.append(skipped("graph.run", "there is no graph to run"))
    else:
        of_graph += check_graph(graph)
        card, of_card = (card, []) if card else _read_card(graph)
        of_graph += of_card
    findings = [*check_spec(spec, Evidence(graph, card)), *of_graph]
    return Report(paths.shown(spec_path), paths.shown(model_path) if model_path else None, tuple(findings))


def _find_model(spec: dict[str, Any], spec_path: Path) -> Path | None:
    """Find the ONNX that a spec names; never outside of the spec's folder."""
    claim = read_claims(spec).get("model.file")
    if claim is None or not isinstance(claim.value, str) or not is_safe_name(claim.value):
        return None
    named = spec_path.parent / claim.value
    return next((path for path in (named, spec_path.with_name(named.name)) if path.is_file()), None)


def _read_card(graph: Graph) -> tuple[dict[str, Any] | None, list[Finding]]:
    """Read the model.json beside an ONNX, if it is about this very file."""
    path = graph.path.with_name(paths.MODEL_CARD)
    if not path.is_file():
        return None, []
    try:
        card = contracts.read_document(path, "model")
    except InvalidInput as error:
        return None, [failed("model.json", error.found, error.expected, f"mend or remove {path.name} beside the ONNX")]
    if card["onnx"]["file"] != graph.path.name:
        return None, [skipped("model.json", f"it is about {card['onnx']['file']}, not {graph.path.name}")]
    return card, [passed("model.json", card["model_id"])]
