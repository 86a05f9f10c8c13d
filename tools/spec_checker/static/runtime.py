"""Checks a spec's browser runtime: the npm packages and the execution providers."""

import re

from shared.web.npm import ONNXRUNTIME_WEB, TASKS_VISION
from tools.spec_checker.findings import Finding, failed, passed
from tools.spec_checker.static.claims import Claim
from tools.spec_checker.static.evidence import Evidence, FieldChecker
from tools.spec_checker.static.webgl import why_no_webgl


def check_runtime(checker: FieldChecker) -> list[Finding]:
    """Check the packages, their versions and the execution providers."""
    claims = checker.claims
    findings = [_check_package(claims), _check_version(claims)]
    if not checker.contract.takes_frames or "runtime.landmarker" in claims:
        findings.append(_check_landmarker(claims, needed=not checker.contract.takes_frames))
    claim = claims.get("runtime.execution_providers")
    return findings if claim is None else [*findings, _check_providers(claim, checker.evidence)]


def _check_landmarker(claims: dict[str, Claim], *, needed: bool) -> Finding:
    """Check the landmarker's package, which is pinned like onnxruntime-web."""
    field, claim = "runtime.landmarker", claims.get("runtime.landmarker")
    wanted = TASKS_VISION.specifier
    if not needed:
        assert claim is not None
        return failed(field, repr(claim.raw), "nothing", "remove it: a model of frames uses no landmarker")
    if claim is None or claim.value is None:
        found = "nothing" if claim is None else repr(claim.raw)
        return failed(field, found, wanted, f"name the landmarker's package: npm install {wanted}")
    name, version = claim.value.get("npm_package"), claim.value.get("npm_version")
    if name != TASKS_VISION.name:
        return failed(f"{field}.npm_package", repr(name), TASKS_VISION.name, f"npm install {wanted}")
    if not re.fullmatch(r"\d+\.\d+\.\d+", str(version)):
        expected = f"an exact version such as {TASKS_VISION.version}"
        return failed(f"{field}.npm_version", repr(version), expected, "pin it: landmarks differ between releases")
    if version != TASKS_VISION.version:
        todo = "another release was never tested, and its landmarks differ: pin this one"
        return failed(f"{field}.npm_version", version, f"{TASKS_VISION.version}, which was tested", todo)
    note = ""
    return passed(field, f"{name}@{version}", note)


def _check_package(claims: dict[str, Claim]) -> Finding:
    field = "runtime.npm_package"
    claim = claims.get(field)
    todo = f"npm install {ONNXRUNTIME_WEB.name}@{ONNXRUNTIME_WEB.version}"
    if claim is None:
        return failed(field, "nothing", ONNXRUNTIME_WEB.name, todo)
    if claim.value == ONNXRUNTIME_WEB.name:
        return passed(field, claim.value, "" if claim.where == field else f"read from {claim.where}")
    if isinstance(claim.value, str) and re.fullmatch(r"on+x?m?l?.*runtime[-_.]?web", claim.value, re.IGNORECASE):
        todo = f"there is no such package as {claim.value}; the right name is {ONNXRUNTIME_WEB.name}: {todo}"
    return failed(field, repr(claim.raw), ONNXRUNTIME_WEB.name, todo)


def _check_version(claims: dict[str, Claim]) -> Finding:
    field = "runtime.npm_version"
    claim = claims.get(field)
    expected = f"an exact version such as {ONNXRUNTIME_WEB.version}"
    if claim is None or not re.fullmatch(r"\d+\.\d+\.\d+", str(claim.value)):
        found = "nothing" if claim is None else repr(claim.raw)
        return failed(field, found, expected, "pin it: operators and providers differ between releases")
    if claim.value != ONNXRUNTIME_WEB.version and "graphs" in claims:  # a hand-off, whose graphs were run with it
        todo = "another release was never tested: pin this one, or write the folder with a release that pins yours"
        return failed(field, claim.value, f"{ONNXRUNTIME_WEB.version}, which was tested", todo)
    note = "" if claim.value == ONNXRUNTIME_WEB.version else f"the figures were measured with {ONNXRUNTIME_WEB.version}"
    return passed(field, claim.value, note)


def _check_providers(claim: Claim, evidence: Evidence) -> Finding:
    """Check the providers of a spec that names some; in frontend_spec only the browser proof does."""
    field = "runtime.execution_providers"
    if not claim.value:
        return failed(field, repr(claim.raw), "nothing", "remove it: the browser proof lists the execution providers")
    if "webgl" in claim.value:
        return failed(
            field, repr(claim.raw), "execution providers that a browser proof shows", why_no_webgl(evidence.graph)
        )
    if unproven := [name for name in claim.value if name not in evidence.proven]:
        shown = ", ".join(evidence.proven) or "nothing yet"
        expected = f"only providers whose outputs agree with Python's in a browser proof ({shown})"
        todo = f"remove it, and let ./inv validate-spec --browser prove {' and '.join(map(str, unproven))}"
        return failed(field, ", ".join(claim.value), expected, todo)
    return passed(field, ", ".join(claim.value), "" if claim.where == field else f"read from {claim.where}")
