"""Checks what lies beside a spec: each graph that it lists, and the golden vectors, run once in Python.

Reads the hand-off's folder; writes nothing. A graph is compared with its entry, the golden pictures with the one
preprocessing, and the golden answers with what the graphs answer here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts
from shared.errors import InvalidInput
from shared.onnx_graph import Graph, Tensor, read_graph
from shared.preprocess import F32, U8, crop_and_resize, to_batch
from shared.streaming import OnnxGraph
from tools.spec_checker.findings import Finding, failed, passed, skipped
from tools.spec_checker.tested import SAME_ARITHMETIC, has_what_webgl_lacks, why_no_webgl

_COPY = "copy the whole folder again, or write it again: handoff --model MODEL"


def listed_graphs(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the entries of `graphs` that say at least which file is meant under which name."""
    entries = spec.get("graphs")
    if not isinstance(entries, list):
        return []
    needed = ("name", "role", "variant", "file", "sha256")
    return [e for e in entries if isinstance(e, dict) and all(isinstance(e.get(key), str) for key in needed)]


def read_listed(folder: Path, entries: list[dict[str, Any]]) -> dict[str, Graph | InvalidInput]:
    """Read each listed graph, or say why not; files outside of the folder are never opened."""
    found: dict[str, Graph | InvalidInput] = {}
    for entry in entries:
        path = (folder / entry["file"]).resolve()
        if not path.is_relative_to(folder.resolve()):
            found[entry["name"]] = InvalidInput(
                entry["file"], found="a path out of the folder", expected="a file in it"
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
        spec: A spec whose `graphs` says at least names and files.
        folder: Where it lies.
        files: What `read_listed` found.
    """
    entries = listed_graphs(spec)
    findings = _check_roles(spec, entries)
    for entry in entries:
        findings += _check_entry(entry, files[entry["name"]])
    if isinstance(spec.get("golden"), dict):
        findings += _check_golden(spec, folder, {f.field for f in findings if f.status == "fail"})
    return findings


def _check_roles(spec: Mapping[str, Any], entries: list[dict[str, Any]]) -> list[Finding]:
    """Check that names are unique, that the window is the model, and that an encoder has its head."""
    names = [entry["name"] for entry in entries]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        return [
            failed("graphs.roles", f"{', '.join(doubled)} more than once", "one graph a name", "rename or remove one")
        ]
    windows = [entry for entry in entries if (entry["role"], entry["variant"]) == ("window", "plain")]
    model = spec.get("model")
    file = model.get("file") if isinstance(model, dict) else None
    if [entry["file"] for entry in windows] != [file]:
        found = ", ".join(entry["file"] for entry in windows) or "no plain window"
        return [failed("graphs.roles", found, f"one plain window, {file} (model.file)", _COPY)]
    roles = {entry["role"] for entry in entries if entry["variant"] == "plain"}
    if len(roles & {"encoder", "head"}) == 1 or ("head" not in roles and any(e["role"] == "encoder" for e in entries)):
        return [failed("graphs.roles", ", ".join(names), "an encoder with its head, or neither", _COPY)]
    return [passed("graphs.roles", ", ".join(names))]


def _check_entry(entry: Mapping[str, Any], graph: Graph | InvalidInput) -> list[Finding]:
    """Compare one entry with its file; one finding if all is right, one for each difference if not."""
    field = f"graphs.{entry['name']}"
    if isinstance(graph, InvalidInput):
        return [failed(field, f"{entry['file']}: {graph.found}", graph.expected, graph.todo or _COPY)]
    if graph.sha256 != entry["sha256"]:
        todo = f"the file is not the one that was handed off, be it by one byte; {_COPY}"
        return [failed(f"{field}.sha256", entry["sha256"], f"{graph.sha256} ({entry['file']})", todo)]
    facts = {"bytes": graph.n_bytes, "opset": graph.opset, "operators": sorted(graph.operators)}
    findings = []
    for key, fact in facts.items():
        said = sorted(map(str, entry.get(key) or [])) if key == "operators" else entry.get(key)
        if said != fact:
            findings.append(
                failed(f"{field}.{key}", repr(entry.get(key)), f"{fact} (the ONNX)", "write the graph's own")
            )
    for key, tensors in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        findings += _check_tensors(f"{field}.{key}", entry.get(key), tensors)
    if graph.uses_other_files:
        findings.append(failed(field, "weights in other files", "everything in the one .onnx", _COPY))
    if entry["variant"] == "webgl" and has_what_webgl_lacks(graph):
        findings.append(failed(f"{field}.variant", "webgl", "a graph that WebGL can load", why_no_webgl(graph)))
    if (entry["variant"] in ("fp16", "int8")) and not isinstance(entry.get("verdict"), dict):
        todo = "say what it costs and gives, measured against the plain graph"
        findings.append(failed(f"{field}.verdict", "null", "a verdict", todo))
    return findings or [passed(field, f"{entry['file']}, {graph.n_bytes:,} bytes")]


def _check_tensors(field: str, said: Any, tensors: tuple[Tensor, ...]) -> list[Finding]:
    """Compare declared names, shapes and types; an open axis may carry any name."""
    entries = {e.get("name"): e for e in said if isinstance(e, dict)} if isinstance(said, list) else {}
    if set(entries) != {tensor.name for tensor in tensors}:
        names = ", ".join(tensor.name for tensor in tensors)
        return [failed(field, ", ".join(map(str, entries)) or "nothing", f"{names} (the ONNX)", "list them all")]
    findings = []
    for tensor in tensors:
        shape = entries[tensor.name].get("shape")
        lengths = shape if isinstance(shape, list) else []
        # Exporters leave output shapes out, so that nothing contradicts what the spec says.
        fits = len(lengths) == len(tensor.shape) or (lengths and not tensor.shape)
        if not fits or any(
            axis is not None and axis != mine for axis, mine in zip(tensor.shape, lengths, strict=False)
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
    """Check the golden vectors' files, then what they say."""
    said = spec["golden"]
    path = folder / "golden" / "golden.json"
    try:
        found = contracts.sha256_file(path)
        if found != said.get("sha256"):
            return [failed("golden.sha256", said.get("sha256"), f"{found} ({path.name})", _COPY)]
        golden = contracts.read_document(path, "golden")
        if len(golden["cases"]) != said.get("n_cases"):
            return [failed("golden.n_cases", said.get("n_cases"), len(golden["cases"]), "write how many there are")]
        cases = [read_case(path.parent, case) for case in golden["cases"]]
    except InvalidInput as error:
        return [failed("golden", f"{error.what}: {error.found}", error.expected, _COPY)]
    findings = [_check_crops(golden, cases)]
    if refused or contracts.explain(spec, "frontend_spec") is not None:
        return [*findings, skipped("golden.answers", "the spec and its graphs must be in order first")]
    return [*findings, _check_answers(spec, folder, golden, cases)]


def read_case(folder: Path, case: Mapping[str, Any]) -> tuple[list[U8], U8, F32 | None]:
    """Read one golden case: its pictures, its crops (T, S, S, 3) and its features (T, n); all hashes are checked.

    Raises:
        InvalidInput: A file is missing, another one, or no picture.
    """
    pictures = [_read_picture(folder, frame["picture"]) for frame in case["frames"]]
    crops = np.stack([_read_picture(folder, frame["crop"]) for frame in case["frames"]])
    features = None
    if case["features"] is not None:
        data = _read_hashed(folder, case["features"])
        features = np.frombuffer(data, "<f4").reshape(case["features"]["shape"])
    return pictures, crops, features


def _read_hashed(folder: Path, said: Mapping[str, Any]) -> bytes:
    path: Path = folder / said["file"]
    found = contracts.sha256_file(path)
    if found != said["sha256"]:
        raise InvalidInput(path.name, found=f"sha256 {found[:12]}...", expected=f"{said['sha256'][:12]}...")
    return path.read_bytes()


def _read_picture(folder: Path, said: Mapping[str, Any]) -> U8:
    import cv2

    data = cv2.imdecode(np.frombuffer(_read_hashed(folder, said), np.uint8), cv2.IMREAD_COLOR)
    if data is None:
        raise InvalidInput(said["file"], found="no picture", expected="a PNG")
    return np.ascontiguousarray(np.asarray(data, np.uint8)[..., ::-1])


def _check_crops(golden: Mapping[str, Any], cases: list[tuple[list[U8], U8, F32 | None]]) -> Finding:
    """Check that the golden crops are those of the one preprocessing."""
    size_px = cases[0][1].shape[1]
    for case, (pictures, crops, _) in zip(golden["cases"], cases, strict=True):
        for k, picture in enumerate(pictures):
            if not np.array_equal(crop_and_resize(picture, size_px), crops[k]):
                where = f"{case['name']}, frame {k}"
                return failed("golden.crops", f"another crop of {where}", "the centred square, area averages", _COPY)
    return passed("golden.crops", f"{sum(len(pictures) for pictures, _, _ in cases)} pictures cropped as Python does")


def _check_answers(
    spec: Mapping[str, Any], folder: Path, golden: Mapping[str, Any], cases: list[tuple[list[U8], U8, F32 | None]]
) -> Finding:
    """Run the window, and encoders and head of the same arithmetic, on the golden crops."""
    by_role = {(e["role"], e["variant"]): e for e in listed_graphs(spec)}
    tolerance = spec["tolerance"]
    window = OnnxGraph(folder, by_role["window", "plain"])
    encoders = [
        OnnxGraph(folder, e) for (role, kind), e in by_role.items() if role == "encoder" and kind in SAME_ARITHMETIC
    ]
    largest = 0.0
    for case, (_, crops, features) in zip(golden["cases"], cases, strict=True):
        batch = to_batch(crops)
        prob, logits = window.run(batch)
        wanted = [(np.asarray(case["smile_prob"]), prob.reshape(()), "smile_prob")]
        wanted.append((np.asarray(case["emotion_logits"]), logits.reshape(-1), "emotion_logits"))
        if features is not None:
            for encoder in encoders:
                mine = np.concatenate([encoder.run(frame[None])[0] for frame in batch[0]])
                wanted.append((features, mine, "features"))
        for said, mine, key in wanted:
            difference = float(np.abs(said - mine).max())
            largest = max(largest, difference)
            if not difference <= tolerance[key]:
                found = f"{key} of {case['name']} differs by {difference:.2g} from what the graphs answer here"
                return failed("golden.answers", found, f"at most {tolerance[key]:g}", _COPY)
        if case["is_smile"] != (float(prob.reshape(())) > spec["decision"]["threshold"]):
            return failed("golden.answers", f"is_smile of {case['name']} is {case['is_smile']}", "the graph's", _COPY)
    return passed("golden.answers", f"{len(cases)} windows answered as here; largest difference {largest:.1e}")
