"""Checks the files beside a spec: the listed graphs, the golden vectors, package.json, the landmarker's model.

Reads the hand-off's folder; writes nothing. A graph is compared with its entry, the golden pictures with the one
preprocessing, and the golden outputs with the graphs' outputs here.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.errors import InvalidInput
from shared.faces import landmarker
from shared.onnx.graph import Graph, Tensor, read_graph
from tools.spec_checker.findings import Finding, failed, passed, skipped
from tools.spec_checker.golden_vectors import is_of_features, read_case, read_feature_case
from tools.spec_checker.static.golden import COPY, check_crops, check_feature_outputs, check_outputs
from tools.spec_checker.static.plausible import check_figures
from tools.spec_checker.static.webgl import has_what_webgl_lacks, why_no_webgl

_DOORS = ("main", "types", "exports", "bin", "sideEffects")
_PACKAGE_KEYS = frozenset(
    {*_DOORS, "name", "version", "description", "private", "license", "type", "files", "dependencies"}
)
_CLIENT = "smile-detector*.mjs"  # only a folder that handoff wrote has these


def listed_graphs(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the entries of `graphs` that have at least a name and a file."""
    entries = spec.get("graphs")
    if not isinstance(entries, list):
        return []
    needed = ("name", "role", "variant", "file", "sha256")
    return [e for e in entries if isinstance(e, dict) and all(isinstance(e.get(key), str) for key in needed)]


def read_listed(folder: Path, entries: list[dict[str, Any]]) -> dict[str, Graph | InvalidInput]:
    """Read each listed graph, or keep its error; files outside the folder are never opened."""
    found: dict[str, Graph | InvalidInput] = {}
    for entry in entries:
        path = (folder / entry["file"]).resolve()
        if not path.is_relative_to(folder.resolve()):
            found[entry["name"]] = InvalidInput(
                entry["file"], found="a path outside the folder", expected="a file in it"
            )
            continue
        try:
            found[entry["name"]] = read_graph(path)
        except InvalidInput as error:
            found[entry["name"]] = error
    return found


def check_folder(spec: Mapping[str, Any], folder: Path, files: Mapping[str, Graph | InvalidInput]) -> list[Finding]:
    """Check the graphs and the golden vectors beside a spec.

    Args:
        spec: A spec in any format.
        folder: The spec's folder.
        files: The result of `read_listed`.
    """
    entries = listed_graphs(spec)
    findings = _check_roles(spec, entries)
    for entry in entries:
        findings += _check_entry(entry, files[entry["name"]])
    findings += _check_companions(spec, folder)
    if isinstance(spec.get("golden"), dict):
        findings += _check_golden(spec, folder, {f.field for f in findings if f.status == "fail"})
    return findings


def _check_roles(spec: Mapping[str, Any], entries: list[dict[str, Any]]) -> list[Finding]:
    """Check that names are unique, that the window is the model, and that an encoder has its head."""
    names = [entry["name"] for entry in entries]
    if duplicates := sorted({name for name in names if names.count(name) > 1}):
        return [
            failed("graphs.roles", f"{', '.join(duplicates)} more than once", "unique names", "rename or remove one")
        ]
    windows = [entry for entry in entries if (entry["role"], entry["variant"]) == ("window", "plain")]
    model = spec.get("model")
    file = model.get("file") if isinstance(model, dict) else None
    if [entry["file"] for entry in windows] != [file]:
        found = ", ".join(entry["file"] for entry in windows) or "no plain window"
        return [failed("graphs.roles", found, f"one plain window, {file} (model.file)", COPY)]
    roles = {entry["role"] for entry in entries if entry["variant"] == "plain"}
    if len(roles & {"encoder", "head"}) == 1 or ("head" not in roles and any(e["role"] == "encoder" for e in entries)):
        return [failed("graphs.roles", ", ".join(names), "an encoder with its head, or neither", COPY)]
    return [passed("graphs.roles", ", ".join(names))]


def _check_entry(entry: Mapping[str, Any], graph: Graph | InvalidInput) -> list[Finding]:
    """Compare one entry with its file; one finding if all is right, else one per difference."""
    field = f"graphs.{entry['name']}"
    if isinstance(graph, InvalidInput):
        return [failed(field, f"{entry['file']}: {graph.found}", graph.expected, graph.todo or COPY)]
    if graph.sha256 != entry["sha256"]:
        todo = f"the file differs from the one that was handed off; {COPY}"
        return [failed(f"{field}.sha256", entry["sha256"], f"{graph.sha256} ({entry['file']})", todo)]
    facts = {"bytes": graph.n_bytes, "opset": graph.opset, "operators": sorted(graph.operators)}
    findings = []
    for key, fact in facts.items():
        stated = sorted(map(str, entry.get(key) or [])) if key == "operators" else entry.get(key)
        if stated != fact:
            findings.append(
                failed(f"{field}.{key}", repr(entry.get(key)), f"{fact} (the ONNX)", "write the graph's own")
            )
    for key, tensors in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        findings += _check_tensors(f"{field}.{key}", entry.get(key), tensors)
    if graph.uses_other_files:
        findings.append(failed(field, "weights in other files", "everything in the one .onnx", COPY))
    if entry["variant"] == "webgl" and has_what_webgl_lacks(graph):
        findings.append(failed(f"{field}.variant", "webgl", "a graph that WebGL can load", why_no_webgl(graph)))
    if (entry["variant"] in ("fp16", "int8")) and not isinstance(entry.get("verdict"), dict):
        todo = "write its measured size, speed and differences from the plain graph"
        findings.append(failed(f"{field}.verdict", "null", "a verdict", todo))
    return findings or [passed(field, f"{entry['file']}, {graph.n_bytes:,} bytes")]


def _check_tensors(field: str, stated: Any, tensors: tuple[Tensor, ...]) -> list[Finding]:
    """Compare declared names, shapes and types; a dynamic axis may have any name."""
    entries = {e.get("name"): e for e in stated if isinstance(e, dict)} if isinstance(stated, list) else {}
    if set(entries) != {tensor.name for tensor in tensors}:
        names = ", ".join(tensor.name for tensor in tensors)
        return [failed(field, ", ".join(map(str, entries)) or "nothing", f"{names} (the ONNX)", "list them all")]
    findings = []
    for tensor in tensors:
        shape = entries[tensor.name].get("shape")
        lengths = shape if isinstance(shape, list) else []
        # Exporters leave output shapes out: then the spec's shape has no reference.
        fits = len(lengths) == len(tensor.shape) or (lengths and not tensor.shape)
        if not fits or any(
            axis is not None and axis != length for axis, length in zip(tensor.shape, lengths, strict=False)
        ):
            axes = ["?" if axis is None else axis for axis in tensor.shape]
            findings.append(
                failed(f"{field}.{tensor.name}.shape", shape, f"{axes} (the ONNX)", "write the graph's shape")
            )
        if entries[tensor.name].get("dtype") != tensor.dtype:
            found = entries[tensor.name].get("dtype")
            findings.append(
                failed(f"{field}.{tensor.name}.dtype", found, f"{tensor.dtype} (the ONNX)", "write its type")
            )
    return findings


def _check_golden(spec: Mapping[str, Any], folder: Path, refused: set[str]) -> list[Finding]:
    """Check the golden vectors' files, then their values."""
    stated = spec["golden"]
    path = folder / "golden" / "golden.json"
    try:
        found = contracts.sha256_file(path)
        if found != stated.get("sha256"):
            return [failed("golden.sha256", stated.get("sha256"), f"{found} ({path.name})", COPY)]
        golden = contracts.read_document(path, "golden")
        if len(golden["cases"]) != stated.get("n_cases"):
            return [failed("golden.n_cases", stated.get("n_cases"), len(golden["cases"]), "write the number of cases")]
        of_features = is_of_features(golden["cases"][0])
        read: Any = read_feature_case if of_features else read_case
        cases = [read(path.parent, case) for case in golden["cases"]]
    except InvalidInput as error:
        return [failed("golden", f"{error.what}: {error.found}", error.expected, COPY)]
    findings = [] if of_features else [check_crops(golden, cases)]
    if contracts.explain(spec, "frontend_spec") is None:
        features = [] if of_features else [np.abs(values).max() for _, _, values in cases if values is not None]
        findings += check_figures(spec, float(max(features)) if features else None)
    if refused or contracts.explain(spec, "frontend_spec") is not None or not _has_own_tolerances(spec):
        return [*findings, skipped("golden.answers", "the spec and its graphs must be valid first")]
    if of_features == (spec["input"].get("kind", "frames") == "frames"):
        kind = "landmarks or blendshapes" if of_features else "pictures"
        return [failed("golden.answers", f"golden {kind}", f"golden {spec['input']['name']}", COPY)]
    check: Any = check_feature_outputs if of_features else check_outputs
    return [*findings, check(spec, folder, golden, cases)]


def _has_own_tolerances(spec: Mapping[str, Any]) -> bool:
    """Tell whether the tolerances are of the output that decides, which a schema cannot ask for."""
    prob = spec["decision"]["output"]
    return {prob, f"{prob}_javascript"} <= set(spec["tolerance"])


def _check_companions(spec: Mapping[str, Any], folder: Path) -> list[Finding]:
    """Check package.json and the landmarker's model file."""
    stated, runtime = spec.get("input"), spec.get("runtime")
    stated_landmarker = stated.get("landmarker") if isinstance(stated, dict) else None
    findings = []
    if isinstance(runtime, dict):
        findings.append(_check_package(folder, runtime))
    if isinstance(stated_landmarker, dict):
        path = folder / landmarker.MODEL_NAME
        if not path.is_file():
            findings.append(
                skipped("landmarker", f"no {path.name} beside the spec: the page must load it from elsewhere")
            )
        elif (found := contracts.sha256_file(path)) != stated_landmarker.get("sha256"):
            todo = f"use the landmarker that produced the training features; {COPY}"
            findings.append(
                failed("landmarker.sha256", f"{found} ({path.name})", stated_landmarker.get("sha256"), todo)
            )
        else:
            findings.append(passed("landmarker", f"{path.name}, {path.stat().st_size:,} bytes"))
    return findings


def _check_package(folder: Path, runtime: Mapping[str, Any]) -> Finding:
    """Check that package.json pins the spec's packages; only a spec without the client may lack one."""
    path = folder / "package.json"
    if not path.is_file():
        if any(folder.glob(_CLIENT)):
            todo = f"without it npm install fetches nothing; {COPY}"
            return failed("package.json", "no such file", "one that pins the packages of runtime", todo)
        return skipped("package.json", "neither it nor the client is beside the spec: the page must pin its packages")
    try:
        stated = contracts.read_json(path)
    except InvalidInput as error:
        return failed("package.json", error.found, error.expected, COPY)
    dependencies = stated.get("dependencies") if isinstance(stated, dict) else None
    found = dependencies if isinstance(dependencies, dict) else {}
    for named in (runtime, runtime.get("landmarker")):
        if isinstance(named, dict) and found.get(str(named.get("npm_package"))) != named.get("npm_version"):
            wanted = f"{named.get('npm_package')} {named.get('npm_version')}, as in the spec's runtime"
            shown = ", ".join(f"{name} {version}" for name, version in found.items()) or "no dependencies"
            return failed("package.json", shown, wanted, f"pin it there; {COPY}")
    if wrong := _find_foreign(stated, folder):
        what, expected = wrong
        return failed("package.json", what, expected, COPY)
    return passed("package.json", ", ".join(f"{name} {version}" for name, version in found.items()))


def _find_foreign(package: Mapping[str, Any], folder: Path) -> tuple[str, str] | None:
    """Find what does not belong into a hand-off's package.json: a script that npm would run, a door to no file."""
    if unknown := sorted(package.keys() - _PACKAGE_KEYS):
        return ", ".join(unknown), f"only {', '.join(sorted(_PACKAGE_KEYS))}"
    if package.get("type", "module") != "module" or package.get("private", True) is not True:
        return f"type {package.get('type')!r}, private {package.get('private')!r}", "type 'module', private true"
    doors = [package.get(key) for key in _DOORS]
    for door in _texts(doors):
        if door != f"./{paths.PROOF_FILE}" and (
            not door.startswith("./") or ".." in door or not (folder / door).is_file()
        ):
            return door, "a file of this folder"
    return None


def _texts(value: Any) -> Iterator[str]:
    """Give all texts in a JSON value, without the keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
