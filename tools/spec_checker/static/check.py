"""Checks a spec in any format by its files. Writes nothing.

Reads the spec, the ONNX that it names, and model.json and browser_proof.json beside them:
  spec-checker --spec web/spec.json --model web/model.onnx
"""

from pathlib import Path
from typing import Any

from shared import contracts, paths, stale_models
from shared.errors import InvalidInput
from shared.onnx.graph import Graph, read_graph
from tools.spec_checker.findings import Finding, Report, failed, passed, skipped
from tools.spec_checker.static.browser_proof import check_proof
from tools.spec_checker.static.checks import check_spec, is_safe_name
from tools.spec_checker.static.claims import read_claims
from tools.spec_checker.static.contract import check_graph
from tools.spec_checker.static.evidence import Evidence
from tools.spec_checker.static.folder import check_folder, listed_graphs, read_listed
from tools.spec_checker.static.seal import check_seal


def check_file(
    spec_path: Path, model_path: Path | None, *, is_to_be_proven: bool = False, public_key: str | None = None
) -> Report:
    """Check a spec against its ONNX.

    Args:
        spec_path: A JSON object in any format.
        model_path: The ONNX; None is the file that the spec names, beside it.
        is_to_be_proven: A browser proof of another spec is not an error, as a new one will replace it; a signature,
            which is made afterwards, is not asked for.
        public_key: The folder must be signed with it; None takes this workspace's own, where the folder is signed.

    Raises:
        InvalidInput: The spec cannot be read or is not a JSON object. An ONNX that cannot be read is a finding.
    """
    spec = contracts.read_json(spec_path)
    if not isinstance(spec, dict):
        raise InvalidInput(str(spec_path), found=f"JSON that is a {type(spec).__name__}", expected="a JSON object")
    model_path = model_path or _find_model(spec, spec_path)
    graph: Graph | None = None
    card: dict[str, Any] | None = None
    graph_findings: list[Finding] = []
    if model_path is None:
        graph_findings.append(
            failed(
                "graph",
                "no ONNX file",
                "the file that the spec names, beside it",
                "put it there, or give it with --model FILE.onnx",
            )
        )
    else:
        try:
            graph = read_graph(model_path)
        except InvalidInput as error:
            graph_findings.append(failed("graph", f"{model_path.name}: {error.found}", error.expected, error.todo))
    if graph is None:
        graph_findings.append(skipped("graph.run", "no graph to run"))
    else:
        graph_findings += check_graph(graph)
        card, card_findings = _read_card(graph)
        graph_findings += card_findings
    entries = listed_graphs(spec)
    files = read_listed(spec_path.parent, entries)
    graphs = {name: file for name, file in files.items() if isinstance(file, Graph)}
    proof_findings, proof = check_proof(spec, spec_path, graphs, is_to_be_replaced=is_to_be_proven)
    proven = tuple(proof["execution_providers"]) if proof else ()
    findings = [*check_spec(spec, Evidence(graph, card, proven)), _check_stale(spec), *proof_findings, *graph_findings]
    if entries:
        findings += check_folder(spec, spec_path.parent, files)
        findings += [
            found
            for found in check_seal(spec_path.parent, public_key)
            if not (is_to_be_proven and found.field == "signature")
        ]
    return Report(paths.shown(spec_path), paths.shown(model_path) if model_path else None, tuple(findings))


def _check_stale(spec: dict[str, Any]) -> Finding:
    """Say whether a person whom the model learned from may not be used any more: by the spec, or by today's consent."""
    model = spec.get("model")
    sha256 = model.get("sha256") if isinstance(model, dict) else None
    reason = stale_models.why_stale(sha256 if isinstance(sha256, str) else None)
    if reason is None and "stale" in spec:
        entry = spec["stale"]
        reason = f"stale since {entry.get('since_utc')}: {entry.get('reason')}" if isinstance(entry, dict) else "stale"
    if reason is None:
        return passed("stale", "no")
    return failed("stale", reason, "a model whose people agree today", "train again, and hand that model off")


def _find_model(spec: dict[str, Any], spec_path: Path) -> Path | None:
    """Find the ONNX that a spec names; never outside the spec's folder."""
    claim = read_claims(spec).get("model.file")
    if claim is None or not isinstance(claim.value, str) or not is_safe_name(claim.value):
        return None
    named = spec_path.parent / claim.value
    return next((path for path in (named, spec_path.with_name(named.name)) if path.is_file()), None)


def _read_card(graph: Graph) -> tuple[dict[str, Any] | None, list[Finding]]:
    """Read the model.json beside an ONNX, if it belongs to this file."""
    path = graph.path.with_name(paths.MODEL_CARD)
    if not path.is_file():
        return None, []
    try:
        card = contracts.read_document(path, "model")
    except InvalidInput as error:
        return None, [
            failed("model.json", error.found, error.expected, f"correct or remove {path.name} beside the ONNX")
        ]
    if card["onnx"]["file"] != graph.path.name:
        return None, [skipped("model.json", f"it belongs to {card['onnx']['file']}, not {graph.path.name}")]
    return card, [passed("model.json", card["model_id"])]
