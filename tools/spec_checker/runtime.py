"""Checks what a spec says about the browser: the npm package, the execution providers, and what was tested there."""

import datetime
import math
import re
from typing import Any

from shared.onnx_graph import Graph
from shared.onnxruntime_web import NPM_PACKAGE, NPM_VERSION
from tools.spec_checker.claims import KNOWN_PROVIDERS, Claim
from tools.spec_checker.findings import Finding, failed, passed

PROVIDERS = ("wasm", "webgpu")
_NO_WEBGL_OPERATORS = ("LSTM", "HardSwish", "HardSigmoid")
_CLOCK_SLACK_S = 86_400


def check_runtime(claims: dict[str, Claim], graph: Graph | None) -> list[Finding]:
    """Check the package, its version and the execution providers."""
    return [_check_package(claims), _check_version(claims), _check_providers(claims, graph)]


def _check_package(claims: dict[str, Claim]) -> Finding:
    field = "runtime.npm_package"
    claim = claims.get(field)
    todo = f"npm install {NPM_PACKAGE}@{NPM_VERSION}"
    if claim is None:
        return failed(field, "nothing", NPM_PACKAGE, todo)
    if claim.value == NPM_PACKAGE:
        return passed(field, claim.value, "" if claim.where == field else f"read from {claim.where}")
    if isinstance(claim.value, str) and re.fullmatch(r"on+x?m?l?.*runtime[-_.]?web", claim.value, re.IGNORECASE):
        todo = f"there is no such package as {claim.value}; the right name is {NPM_PACKAGE}: {todo}"
    return failed(field, repr(claim.raw), NPM_PACKAGE, todo)


def _check_version(claims: dict[str, Claim]) -> Finding:
    field = "runtime.npm_version"
    claim = claims.get(field)
    expected = f"an exact version such as {NPM_VERSION}"
    if claim is None or not re.fullmatch(r"\d+\.\d+\.\d+", str(claim.value)):
        found = "nothing" if claim is None else repr(claim.raw)
        return failed(field, found, expected, "pin it: operators and providers differ between releases")
    note = "" if claim.value == NPM_VERSION else f"our figures were measured with {NPM_VERSION}"
    return passed(field, claim.value, note)


def _why_no_webgl(graph: Graph | None) -> str:
    """Say why WebGL is refused, with what this graph has that it lacks."""
    reasons = []
    if graph is not None:
        if lacking := [name for name in _NO_WEBGL_OPERATORS if name in graph.operators]:
            reasons.append(f"it has no {', '.join(lacking)}, which this graph uses")
        if graph.uses_int64:
            reasons.append("it knows no int64 tensors, which this graph has")
    if reasons:
        return (
            f"webgl cannot load this graph: {' and '.join(reasons)}; it is being removed from onnxruntime-web as well"
        )
    lacking_text = ", ".join(_NO_WEBGL_OPERATORS)
    return (
        f"webgl has no {lacking_text} and no int64, so it loads few graphs, and is being removed from onnxruntime-web"
    )


def _check_providers(claims: dict[str, Claim], graph: Graph | None) -> Finding:
    field = "runtime.execution_providers"
    claim = claims.get(field)
    expected = f"some of {', '.join(PROVIDERS)}"
    if claim is not None and claim.raw == [] and claim.where == field:
        return passed(field, "[]", "none is proven yet, so the client refuses to run it: spec-checker --browser")
    if claim is None or not claim.value:
        found = "nothing" if claim is None else repr(claim.raw)
        return failed(field, found, expected, "name them in the order in which to try them")
    wrong = [name for name in claim.value if name not in PROVIDERS]
    if "webgl" in wrong:
        return failed(field, repr(claim.raw), expected, _why_no_webgl(graph))
    if wrong:
        return failed(field, repr(claim.raw), expected, f"remove {', '.join(wrong)}")
    return passed(field, ", ".join(claim.value), "" if claim.where == field else f"read from {claim.where}")


def check_tested(claims: dict[str, Claim], graph: Graph | None) -> list[Finding]:
    """Check that what a spec lists as tested can have happened; an empty list is honest."""
    claim = claims.get("tested")
    if claim is None or claim.value is None:
        found = "nothing" if claim is None else repr(claim.raw)
        return [failed("tested", found, "a list of what was run in which browser", "write [] if nothing was")]
    if not claim.value:
        return [passed("tested", "[]", "nothing was run in a browser yet")]
    return [_check_entry(f"tested.{number}", entry, graph) for number, entry in enumerate(claim.value)]


def _check_entry(field: str, entry: Any, graph: Graph | None) -> Finding:
    todo = "list only what was run, as the browser check writes it"
    if not isinstance(entry, dict):
        return failed(field, repr(entry), "an object with execution_provider, browser, loads, ...", todo)
    provider, loads = entry.get("execution_provider"), entry.get("loads")
    difference, browser = entry.get("largest_difference"), entry.get("browser")
    if provider not in KNOWN_PROVIDERS:
        return failed(field, f"execution_provider {provider!r}", "one of " + ", ".join(KNOWN_PROVIDERS), todo)
    if not isinstance(browser, str) or not browser.strip():
        return failed(field, f"browser {browser!r}", "the browser's name and version", todo)
    if not isinstance(loads, bool):
        return failed(field, f"loads {loads!r}", "true or false", todo)
    if loads and provider == "webgl" and graph is not None and _has_what_webgl_lacks(graph):
        return failed(field, "loads true on webgl", "false", _why_no_webgl(graph))
    if loads and not _is_difference(difference):
        return failed(field, f"largest_difference {difference!r}", "a number from 0 to 1 for a graph that loads", todo)
    if not loads and difference is not None:
        return failed(field, f"largest_difference {difference!r}", "null for a graph that does not load", todo)
    if not _is_past(entry.get("created_utc")):
        return failed(field, f"created_utc {entry.get('created_utc')!r}", "a moment in the past, in UTC", todo)
    return passed(field, f"{provider} in {browser}: {'loads' if loads else 'does not load'}")


def _has_what_webgl_lacks(graph: Graph) -> bool:
    return graph.uses_int64 or any(name in graph.operators for name in _NO_WEBGL_OPERATORS)


def _is_difference(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 1


def _is_past(value: Any) -> bool:
    """Tell whether a moment is not in the future; a day of slack for clocks that are wrong."""
    try:
        moment = datetime.datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        return False
    return (moment - datetime.datetime.now(datetime.UTC)).total_seconds() < _CLOCK_SLACK_S
