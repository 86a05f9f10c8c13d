"""Checks the browser proof beside a spec: whether it belongs to this spec, and whether it is plausible.

Reads browser_proof.json; nothing is run here.
"""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.contracts import Document
from shared.errors import InvalidInput
from shared.onnx.graph import Graph
from tools.spec_checker.agreement import proven_providers
from tools.spec_checker.findings import Finding, failed, passed, skipped
from tools.spec_checker.static.plausible import check_proof_figures
from tools.spec_checker.static.webgl import has_what_webgl_lacks, why_no_webgl

FIELD = "browser_proof"
_CLOCK_SLACK_S = 86_400
_TODO = "remove it, and let ./inv validate-spec --browser write it"


def check_proof(
    spec: Mapping[str, Any], spec_path: Path, graphs: Mapping[str, Graph], *, is_to_be_replaced: bool
) -> tuple[list[Finding], Document | None]:
    """Check the browser proof of a spec; a folder without one passes.

    Args:
        spec: The content of `spec_path`.
        spec_path: A spec in any format; the proof lies beside it.
        graphs: The listed graphs that could be read, by name.
        is_to_be_replaced: A proof of another spec is skipped instead of refused, as a new one will replace it.

    Returns:
        The findings; and the proof, if it belongs to this spec.
    """
    path = spec_path.with_name(paths.PROOF_FILE)
    if not path.is_file():
        return [passed(FIELD, "none", "not run in a browser yet: ./inv validate-spec --browser")], None
    try:
        proof = contracts.read_document(path, "browser_proof")
    except InvalidInput as error:
        return [failed(error.what.replace(str(path), FIELD), error.found, error.expected, _TODO)], None
    sha256 = contracts.sha256_file(spec_path)
    if proof["spec_sha256"] != sha256:
        if is_to_be_replaced:
            return [skipped(FIELD, "the proof of another spec, which will be replaced")], None
        found = f"{proof['spec_sha256'][:12]}..., another spec than the one beside it"
        todo = "prove it again: ./inv validate-spec --browser"
        return [failed(f"{FIELD}.spec_sha256", found, f"{sha256[:12]}...", todo)], None
    if contracts.explain(spec, "frontend_spec") is not None:
        return [skipped(FIELD, "the spec must be valid first")], None
    by_name = {graph["name"]: graph for graph in spec["graphs"]}
    findings = [_check_entry(f"{FIELD}.tested.{n}", e, by_name, graphs) for n, e in enumerate(proof["tested"])]
    findings += check_proof_figures(spec, proof)
    proven = proven_providers(spec, proof["tested"])
    listed = ", ".join(proof["execution_providers"])
    if unproven := [name for name in proof["execution_providers"] if name not in proven]:
        shown = ", ".join(sorted(proven)) or "nothing yet"
        expected = f"only providers whose outputs in tested agree with Python's ({shown})"
        todo = f"let ./inv validate-spec --browser prove {' and '.join(unproven)}"
        findings.append(failed(f"{FIELD}.execution_providers", listed, expected, todo))
    else:
        findings.append(passed(f"{FIELD}.execution_providers", listed or "none"))
    return findings, proof


def _check_entry(
    field: str, entry: Mapping[str, Any], listed: Mapping[str, Mapping[str, Any]], graphs: Mapping[str, Graph]
) -> Finding:
    """Check one run of a graph against the spec's graphs, and for consistency."""
    name, provider, loads = entry["graph"], entry["execution_provider"], entry["loads"]
    if name not in listed:
        return failed(field, f"graph {name!r}", f"one of the spec's graphs ({', '.join(listed)})", _TODO)
    if entry["sha256"] != listed[name]["sha256"]:
        expected = f"{listed[name]['sha256'][:12]}..., the graph's own"
        return failed(field, f"sha256 {entry['sha256'][:12]}... of {name}", expected, _TODO)
    graph = graphs.get(name)
    if loads and provider == "webgl" and graph is not None and has_what_webgl_lacks(graph):
        return failed(field, f"{name} loads on webgl", "false", why_no_webgl(graph))
    difference = entry["largest_difference"]
    if loads and (difference is None or difference < 0):
        expected = "a number of 0 or more for a graph that loads"
        return failed(field, f"largest_difference {difference!r}", expected, _TODO)
    if not loads and difference is not None:
        return failed(field, f"largest_difference {difference!r}", "null for a graph that does not load", _TODO)
    if not loads and not entry["reason"]:
        return failed(field, f"reason {entry['reason']!r}", "the runtime's error message", _TODO)
    if entry["n_flips"] > entry["n_decisions"]:
        found = f"{entry['n_flips']} flips of {entry['n_decisions']} decisions"
        return failed(field, found, "no more flips than decisions", _TODO)
    if not _is_past(entry["created_utc"]):
        return failed(field, f"created_utc {entry['created_utc']!r}", "a UTC time in the past", _TODO)
    return passed(field, f"{name} on {provider} in {entry['browser']}: {'loads' if loads else 'does not load'}")


def _is_past(utc_time: str) -> bool:
    """Tell whether a time is not in the future, with a day of tolerance for wrong clocks."""
    try:
        moment = paths.parse_utc(utc_time)
    except ValueError:
        return False
    return (moment - datetime.datetime.now(datetime.UTC)).total_seconds() < _CLOCK_SLACK_S
