"""Falsifies a hand-off in every way that is written down here, and says what spec-checker answers.

    python tests/spec_checker/falsifications.py --handoff artifacts/handoff/demo          (a table of each kind)
    python tests/spec_checker/falsifications.py --handoff artifacts/handoff/demo --all    (each lie)

Two hands: a careless one changes a file and nothing else; a careful one writes all hashes anew (spec, proof, manifest),
so that a lie must be known by what it says. Each folder is checked without a key and, signed before, with one. The
folder is copied, never changed; it must be sound, and should be proven in a browser: half of the lies are about that.
"""

import argparse
import collections
import copy
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from shared import contracts, paths
from shared.web import handoff_seal
from tools.spec_checker.static.check import check_file

HTML = b"<!doctype html><title>not here</title>"
# What no checker can know: it is true, or not, and nothing in the folder depends on it.
UNKNOWABLE = ("created_utc", "reason", "device", "browser", "meaning", "first", "p50", "p95", "largest_difference")


@dataclass(frozen=True)
class Lie:
    """A falsification.

    Attributes:
        kind: For the table.
        name: What is changed.
        words: One of them must stand in what the checker says.
        tell: Changes a copy of the folder.
        is_careful: All hashes are written anew afterwards.
    """

    kind: str
    name: str
    words: tuple[str, ...]
    tell: Callable[[Path], None]
    is_careful: bool


def list_lies(folder: Path) -> Iterator[Lie]:
    """List all lies about a folder."""
    yield from _careless(folder)
    for document, kind in ((paths.SPEC_FILE, "spec"), (paths.PROOF_FILE, "proof"), ("package.json", "package")):
        if (folder / document).is_file():
            yield from _about_leaves(folder, document, kind)
    spec = contracts.read_json(folder / paths.SPEC_FILE)
    for graph in spec["graphs"]:
        yield from _about_graph(graph)
    yield from _about_golden(folder)
    yield from _about_client(folder)


def _careless(folder: Path) -> Iterator[Lie]:
    names = [paths.SPEC_FILE, paths.PROOF_FILE, "manifest.json", "package.json", "head.onnx", "encoder.onnx"]
    names += [paths.MODEL_FILE, "golden/golden.json", "smile-detector.mjs", "smile-detector.window.mjs"]
    names += ["smile-detector.worker.mjs", "smile-detector.d.mts", "index.html", "copy-assets.mjs", "README.md"]
    bins = sorted(path.relative_to(folder).as_posix() for path in (folder / "golden").glob("*.bin"))
    changes: dict[str, Callable[[Path], object]] = {
        "a byte more": lambda path: path.write_bytes(path.read_bytes() + b" "),
        "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        "a web page instead": lambda path: path.write_bytes(HTML),
        "gone": lambda path: path.unlink(),
    }
    for name in [name for name in (*names, *bins[:1]) if (folder / name).is_file()]:
        words = (name, Path(name).stem.replace(".mjs", ""))
        for what, change in changes.items():
            if (name, what) == (paths.PROOF_FILE, "gone"):
                continue  # a folder that was not proven, which is no lie
            yield Lie("a file changed", f"{name}: {what}", words, _on(name, change), is_careful=False)


def _on(name: str, change: Callable[[Path], object]) -> Callable[[Path], None]:
    def tell(folder: Path) -> None:
        change(folder / name)

    return tell


def _about_leaves(folder: Path, document: str, kind: str) -> Iterator[Lie]:
    """Change every number, text and yes or no of a document to another one, and leave each key out."""
    content = contracts.read_json(folder / document)
    seen: collections.Counter[str] = collections.Counter()
    for place, value in _leaves(content):
        shape = ".".join(key for key in place if not isinstance(key, int))
        seen[shape] += 1
        if seen[shape] > 1:
            continue  # one of each kind of place
        words = tuple(str(key) for key in place if not isinstance(key, int))[-2:]
        for what, other in _others(value):
            yield Lie(
                f"{kind}: {what}", f"{document} {'.'.join(map(str, place))}: {value!r:.30} -> {other!r:.30}", words,
                _edit(document, place, other), is_careful=True,
            )  # fmt: skip


def _leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(each, (*place, key))
    elif place:
        yield place, value


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, bool):
        yield "the contrary", not value
    elif isinstance(value, int | float):
        yield "half of a number", value / 2 if isinstance(value, float) else value // 2
        yield "an absurd number", -abs(value) - 1e6
    elif isinstance(value, str):
        is_hash = len(value) == 64 and all(sign in "0123456789abcdef" for sign in value)
        yield "another text", ("0" * 64 if is_hash else f"{value}x")
    elif value is None:
        yield "something for nothing", 1


def _edit(document: str, place: tuple[Any, ...], other: Any) -> Callable[[Path], None]:
    def tell(folder: Path) -> None:
        content = json.loads((folder / document).read_text(encoding="utf-8"))
        at = content
        for key in place[:-1]:
            at = at[key]
        at[place[-1]] = other
        (folder / document).write_text(json.dumps(content, indent=2), encoding="utf-8")

    return tell


def _about_graph(graph: dict[str, Any]) -> Iterator[Lie]:
    """Other weights, another threshold inside, other names: the ONNX itself lies, with its hash written anew."""

    def scaled(factor: float) -> Callable[[onnx.ModelProto], None]:
        def change(model: onnx.ModelProto) -> None:
            largest = max(model.graph.initializer, key=lambda each: np.prod(each.dims) if each.data_type == 1 else 0)
            largest.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(largest) * np.float32(factor), largest.name))

        return change

    def renamed(model: onnx.ModelProto) -> None:
        old = model.graph.output[0].name
        model.graph.output[0].name = "other"
        for node in model.graph.node:
            for at, name in enumerate(node.output):
                if name == old:
                    node.output[at] = "other"

    def newer(model: onnx.ModelProto) -> None:
        model.opset_import[0].version = 26

    changes = {"its weights times 1.5": scaled(1.5), "its weights times 1.01": scaled(1.01)}
    changes |= {"its output renamed": renamed, "an opset that no runtime has": newer}
    for what, change in changes.items():
        words = (graph["name"], graph["file"], "golden", "graph")
        yield Lie("other graphs", f"{graph['file']}: {what}", words, _on_graph(graph["file"], change), is_careful=True)


def _on_graph(file: str, change: Callable[[onnx.ModelProto], None]) -> Callable[[Path], None]:
    def tell(folder: Path) -> None:
        model = onnx.load(folder / file)
        change(model)
        (folder / file).write_bytes(model.SerializeToString())

    return tell


def _about_golden(folder: Path) -> Iterator[Lie]:
    """Golden vectors that agree with another model, with their hash written anew."""
    for place, value in _leaves(contracts.read_json(folder / "golden" / "golden.json")):
        key = next((key for key in reversed(place) if not isinstance(key, int)), "")
        if isinstance(value, float) and not isinstance(value, bool) and place[-2:] and 0 < abs(value) < 1:
            tell = _edit("golden/golden.json", place, 1 - value)
            yield Lie(
                "golden vectors",
                f"golden.json {'.'.join(map(str, place))}",
                ("golden", str(key)),
                tell,
                is_careful=True,
            )
            break
    for path in sorted((folder / "golden").glob("*.bin"))[:3]:
        name = path.relative_to(folder).as_posix()

        def other(path: Path) -> None:
            data = np.frombuffer(path.read_bytes(), np.uint8).copy()
            data[: data.size // 2] = data[: data.size // 2][::-1]
            path.write_bytes(data.tobytes())

        yield Lie("golden vectors", name, ("golden", name), _on(name, other), is_careful=True)


def _about_client(folder: Path) -> Iterator[Lie]:
    """A client that decides otherwise, with the manifest written anew: only who knows the right one can tell."""
    for name in ("smile-detector.window.mjs", "smile-detector.worker.mjs"):
        if (folder / name).is_file():
            change = _on(name, lambda path: path.write_bytes(path.read_bytes().replace(b">", b">=", 1) + b" "))
            yield Lie("another client", name, (name,), change, is_careful=True)


def make_fit(folder: Path) -> None:
    """Write all hashes anew, as a careful liar does: graphs and golden vectors in the spec, the spec in the proof."""
    path, proof_path = folder / paths.SPEC_FILE, folder / paths.PROOF_FILE
    spec = json.loads(path.read_text(encoding="utf-8"))
    before = copy.deepcopy(spec)
    renamed = {}
    for graph in [*spec.get("graphs", []), spec.get("model", {})]:
        file = folder / str(graph.get("file"))
        if file.is_file() and file.suffix == ".onnx" and "sha256" in graph:
            own = contracts.sha256_file(file)
            if own != graph["sha256"] and graph["sha256"] != "0" * 64:
                renamed[graph["sha256"]] = own
                graph |= {"sha256": own, "bytes": file.stat().st_size}
    golden = folder / "golden" / "golden.json"
    if golden.is_file() and isinstance(spec.get("golden"), dict) and spec["golden"].get("sha256") != "0" * 64:
        spec["golden"]["sha256"] = contracts.sha256_file(golden)
    if spec != before:
        path.write_text(json.dumps(spec, indent=2), encoding="utf-8")
    if proof_path.is_file():
        text = proof_path.read_text(encoding="utf-8")
        for old, new in renamed.items():
            text = text.replace(old, new)
        proof = json.loads(text)
        if proof.get("spec_sha256") != "0" * 64:
            proof["spec_sha256"] = contracts.sha256_file(path)
        proof_path.write_text(json.dumps(proof, indent=2), encoding="utf-8")
    handoff_seal.write_manifest(
        folder, [name for name in handoff_seal.listed_files(folder) if (folder / name).is_file()]
    )


def judge(folder: Path, lie: Lie, public_key: str) -> tuple[str, str]:
    """Say what the checker makes of a lie: refused (with the right reason), refused otherwise, signature, or missed."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / folder.name
        shutil.copytree(folder, place, ignore=shutil.ignore_patterns("node_modules"))
        lie.tell(place)
        if lie.is_careful:
            make_fit(place)
        answers = []
        for key in (None, public_key):
            try:
                report = check_file(place / paths.SPEC_FILE, None, public_key=key)
                answers.append([str(each) for each in report.findings if each.status == "fail"])
            except Exception as error:
                answers.append([f"{type(error).__name__}: {error}"])
    plain, signed = answers
    plain = [text for text in plain if not text.startswith("signature")]
    if any(word in text for text in plain for word in lie.words):
        return "refused", plain[0]
    if plain:
        return "refused otherwise", plain[0]
    return ("signature", signed[0]) if signed else ("missed", "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--handoff", type=Path, required=True)
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["SMILEBENCH_HOME"] = home
        folder = Path(home) / given.handoff.name
        shutil.copytree(given.handoff, folder, ignore=shutil.ignore_patterns("node_modules"))
        key, public, _ = handoff_seal.read_or_make_key(None)
        handoff_seal.sign(folder, key)
        (handoff_seal.key_folder() / handoff_seal.PUBLIC_KEY_FILE).unlink()  # a front end's computer does not know it
        sound = [
            str(each)
            for each in check_file(folder / paths.SPEC_FILE, None, public_key=public).findings
            if each.status == "fail"
        ]
        if sound:
            print("the folder is not sound:", *sound, sep="\n", file=sys.stderr)
            return 1
        table: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        for lie in list_lies(folder):
            answer, text = judge(folder, lie, public)
            table[lie.kind][answer] += 1
            if given.all or answer in ("missed", "refused otherwise"):
                print(f"{answer:18} {lie.name}  | {text[:150]}", flush=True)
    answers = ("refused", "refused otherwise", "signature", "missed")
    print("\n| lie |", " | ".join(answers), "|\n|---|" + "---|" * len(answers))
    for kind, counts in table.items():
        print(f"| {kind} |", " | ".join(str(counts[answer]) for answer in answers), "|")
    total: collections.Counter[str] = sum(table.values(), collections.Counter())
    print("| all |", " | ".join(str(total[answer]) for answer in answers), "|")
    return 0


if __name__ == "__main__":
    sys.exit(main())
