"""A hand-off from a model's folder to the folder that a front-end team copies.

    model.json + ONNX + weights → graphs, each run and compared → golden vectors, client, spec → swapped in as a whole

Nothing is written unless every check passes, and an unchanged folder is not touched.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import cli, contracts, paths, stale_models
from shared.errors import CheckFailed, InvalidInput, WrongUsage
from shared.faces import landmarker
from shared.faces.synthetic import depends_on_z
from shared.golden.pictures import GOLDEN_FILE, draw_cases, write_golden
from shared.onnx.pair import Stream, Window
from shared.web import handoff_seal
from shared.web.browser_proof import read_proof
from shared.web.npm import NPMRC
from shared.web.spec_file import READMES, stale_entry, stale_line, write_spec
from tools.handoff import folder as folders
from tools.handoff.config import HandoffConfig
from tools.handoff.golden.features import draw_feature_cases, write_feature_golden
from tools.handoff.graphs.build import Made, make_graphs
from tools.handoff.graphs.smaller import take_smaller
from tools.handoff.package import PACKAGE_FILE, describe_package
from tools.handoff.parity import Proof, prove_encoder, prove_pixels, prove_stream
from tools.handoff.phone.kit import FOLDER, phone_files
from tools.handoff.readme import PAGE, fit_page, fit_readme
from tools.handoff.source import Source, read_source
from tools.handoff.spec import build_spec, packages_of

GRAPH_FILES = (
    paths.MODEL_FILE,
    "encoder.onnx",
    "head.onnx",
    "encoder_wasm.onnx",
    "encoder_webgl.onnx",
    "encoder_pixels.onnx",
    "encoder_fp16.onnx",
    "encoder_int8.onnx",
)
_DOCUMENTS = (paths.SPEC_FILE, paths.PROOF_FILE)
_FORMER_FILES = ("smile-detector.d.ts",)  # of earlier releases: they go where a folder is written anew
_SEALS = (handoff_seal.MANIFEST_FILE, handoff_seal.SIGNATURE_FILE)
_OTHER_NAMES = ("golden", FOLDER, PACKAGE_FILE, ".npmrc", *_DOCUMENTS, landmarker.MODEL_NAME, *_SEALS, *_FORMER_FILES)


@dataclass(frozen=True)
class Written:
    """A hand-off that is in place.

    Attributes:
        folder: Where.
        spec: The content of its frontend_spec.json.
        proof: Encoder and head compared with the window; None if there is only the window.
        proven: Execution providers of the browser proof in the folder; empty without one.
        changed: The files that this run wrote or removed, by their path in the folder.
        notes: What was left out, and why.
        public_key: The key that the folder was signed with now, as base64; None if it was not.
    """

    folder: Path
    spec: dict[str, Any]
    proof: Proof | None
    proven: tuple[str, ...]
    changed: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())
    public_key: str | None = None
    exit_code: int = 0

    def as_text(self) -> str:
        """List the graphs, the comparison and the notes."""
        lines = []
        for graph in self.spec["graphs"]:
            verdict = graph["verdict"]
            judged = (
                "" if verdict is None else f"  {'offered' if verdict['offer'] else 'not offered'}: {verdict['reason']}"
            )
            lines.append(f"{graph['name']:<16} {graph['bytes']:>10,} bytes{judged}")
        if self.proof is not None:
            lines.append(
                f"encoder and head equal the window: largest difference {self.proof.largest_difference:.1e} on "
                f"{self.proof.n_frames} frames"
            )
        lines += [f"note: {note}" for note in self.notes]
        if self.public_key is not None:
            lines.append(f"signed; public key {self.public_key}")
        unchanged = f"unchanged since {self.spec['created_utc']} (ab hands off, too)"
        done = f"{len(self.changed)} files written" if self.changed else unchanged
        where = f"proven on {', '.join(self.proven)}" if self.proven else ""
        where = where or "not proven in a browser yet: ./inv validate-spec --browser"
        lines.append(f"{paths.shown(self.folder)}: {done}; {where}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give the folder, the spec, the comparison and the notes."""
        proof = self.proof and {"n_frames": self.proof.n_frames, "largest_difference": self.proof.largest_difference}
        return {
            "folder": str(self.folder),
            "spec": str(self.folder / paths.SPEC_FILE),
            "model_id": self.spec["spec_id"],
            "graphs": self.spec["graphs"],
            "stream_equals_window": proof,
            "changed": list(self.changed),
            "notes": list(self.notes),
            "public_key": self.public_key,
        }


def write_handoff(config: HandoffConfig) -> Written:
    """Write a model's hand-off.

    Args:
        config: The settings.

    Raises:
        InvalidInput: The model's files are missing, broken or do not belong together.
        CheckFailed: A graph's outputs differ from the window's. Nothing is written then.
    """
    source = read_source(config.model)
    threshold = source.card["threshold"]["value"]
    if config.release_threshold is not None and config.release_threshold > threshold:
        raise WrongUsage("--release-threshold", found=str(config.release_threshold), expected=f"at most {threshold}")
    place = config.out or paths.artifacts("handoff") / source.card["model_id"]
    client = folders.client_files()
    landmarker_bytes, missing = _find_landmarker(source)
    own_names = frozenset({*client, *GRAPH_FILES, *_OTHER_NAMES})
    with folders.draft(place, own_names) as new:
        graphs = make_graphs(source)
        window = Window(graphs[0].data)
        stream, proof, notes = None, None, list[str]()
        if source.weights is None:
            notes = [f"only the window is handed off: {source.why_no_stream}"] if source.why_no_stream else []
        else:
            cli.note("handoff: comparing every graph with the window ...")
            stream = Stream(graphs[1].data, graphs[2].data)
            proof = prove_stream(window, stream, source.frame_count, source.image_size_px)
            graphs, differing = _prove_rewrites(graphs, stream, source)
            smaller, notes = take_smaller(source, graphs)
            notes = [*differing, *notes]
            graphs += smaller
        files = client if landmarker_bytes is None else {**client, landmarker.MODEL_NAME: landmarker_bytes}
        spec, left_out = _fill(new, source, config, graphs, window, stream, files, place.name)
        spec, changed = _swap_if_changed(new, place, own_names, spec)
    notes += [*missing, *left_out]
    if (reason := stale_models.why_stale(spec["model"]["sha256"])) is not None:
        notes.append(f"this model is {reason}; do not ship it")
    browser_proof = read_proof(place / paths.SPEC_FILE)
    proven = tuple(browser_proof["execution_providers"]) if browser_proof else ()
    public_key = None
    if config.is_signed:
        key, public_key, is_new = handoff_seal.read_or_make_key(config.key)
        handoff_seal.sign(place, key)
        if is_new:
            made = paths.shown(handoff_seal.key_folder() / handoff_seal.KEY_FILE)
            risk = "keep a copy in a safe place (lost, it cannot be made again; stolen, others can sign)"
            notes.append(f"a key was made, {made}: {risk}, and give the public key to whoever checks")
        if not proven:
            notes.append("signed without a browser proof: sign again after ./inv validate-spec --browser")
    return Written(place, spec, proof, proven, changed, tuple(notes), public_key)


def _prove_rewrites(graphs: list[Made], plain: Stream, source: Source) -> tuple[list[Made], list[str]]:
    """Compare every encoder that should be the plain one in other operators; one that differs is left out.

    Returns:
        The graphs that a page may run, and a note on each other.
    """
    kept, notes = graphs[:3], []
    for graph in graphs[3:]:
        prove = prove_pixels if graph.entry["variant"] == "pixels" else prove_encoder
        rewritten = Stream(graph.data, graphs[2].data, graph.name)
        try:
            prove(rewritten, plain, graph.name, source.frame_count, source.image_size_px)
        except CheckFailed as error:
            notes.append(f"{graph.name} was left out: {error.found}, expected {error.expected}")
            continue
        kept.append(graph)
    return kept, notes


def _fill(
    new: Path,
    source: Source,
    config: HandoffConfig,
    graphs: list[Made],
    window: Window,
    stream: Stream | None,
    files: dict[str, bytes],
    folder_name: str,
) -> tuple[dict[str, Any], list[str]]:
    """Write all files but the spec; returns the spec, and a note on what was left out."""
    cli.note("handoff: writing golden vectors ...")
    about = {
        "prob": source.prob,
        "threshold": source.card["threshold"]["value"],
        "interval_ms": source.card["frame_interval_ms"],
        "size_px": source.image_size_px,
        "model_sha256": graphs[0].entry["sha256"],
    }
    folder = new / Path(GOLDEN_FILE).parent
    if source.kind == "frames":
        golden = write_golden(folder, draw_cases(source.frame_count), window, stream, about)
    else:
        cases = draw_feature_cases(source.kind, source.frame_count, window)
        golden = write_feature_golden(folder, cases, window, about)
    for graph in graphs:
        contracts.write_bytes(new / graph.entry["file"], graph.data)
    contracts.write_bytes(new / ".npmrc", NPMRC.encode())
    uses_z = source.kind == "landmarks" and depends_on_z(lambda points: window.run(points).prob, source.frame_count)
    stale = stale_models.find_stale(graphs[0].entry["sha256"])
    spec = build_spec(source, graphs, config, golden, uses_z) | stale_entry(stale)
    phone, phone_notes = phone_files(source, config.model, spec)
    for name, data in phone.items():
        contracts.write_bytes(new / name, data)
    for name, data in files.items():
        if name in READMES:
            text = data.decode("utf-8")
            text = fit_readme(text, spec, folder_name, has_landmarker=landmarker.MODEL_NAME in files)
            data = stale_line(text, READMES[name], stale).encode()
        elif name == PAGE:
            data = fit_page(data.decode("utf-8"), spec).encode()
        contracts.write_bytes(new / name, data)
    client = {name: data for name, data in files.items() if name not in {*READMES, landmarker.MODEL_NAME}}
    contracts.write_bytes(new / PACKAGE_FILE, describe_package(spec, client, packages_of(source)))
    return spec, phone_notes


def _find_landmarker(source: Source) -> tuple[bytes | None, list[str]]:
    """Return the landmarker's model file for the page if it is installed, else a note."""
    if source.kind == "frames":
        return None, []
    wanted = source.card["input"]["landmark_model_sha256"]
    for folder in landmarker.model_folders():
        path = folder / landmarker.MODEL_NAME
        if path.is_file() and contracts.sha256_file(path) == wanted:
            return path.read_bytes(), []
    note = f"{landmarker.MODEL_NAME} (sha256 {wanted[:12]}...) is not here: ./inv fetch-models, then run this again"
    return None, [f"{note}, or put it beside the spec"]


def _swap_if_changed(
    new: Path, place: Path, own_names: frozenset[str], spec: dict[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Put the new folder in place unless it equals the old one; keep the browser proof if it still fits."""
    old, written = place / paths.SPEC_FILE, new / paths.SPEC_FILE
    old_spec = contracts.read_json(old) if old.is_file() else None
    if isinstance(old_spec, dict) and {**spec, "created_utc": ""} == {**old_spec, "created_utc": ""}:
        spec = old_spec
        shutil.copyfile(old, written)
    else:
        write_spec(written, spec)
    _keep_proof(new, place / paths.PROOF_FILE)
    handoff_seal.write_manifest(new, folders.files_of(new, own_names))
    _keep_signature(new, place)
    before, after = folders.files_of(place, own_names), folders.files_of(new, own_names)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if changed:
        folders.swap_in(new, place, own_names)
    return spec, tuple(changed)


def _keep_signature(new: Path, place: Path) -> None:
    """Copy a signature into the new folder if it is of the same manifest; a checker compares the proof itself."""
    manifests = [folder / handoff_seal.MANIFEST_FILE for folder in (new, place)]
    signature = place / handoff_seal.SIGNATURE_FILE
    if signature.is_file() and manifests[1].is_file() and manifests[0].read_bytes() == manifests[1].read_bytes():
        shutil.copyfile(signature, new / signature.name)


def _keep_proof(new: Path, old_proof: Path) -> None:
    """Copy a browser proof into the new folder if it belongs to the spec there."""
    if not old_proof.is_file():
        return
    shutil.copyfile(old_proof, new / paths.PROOF_FILE)
    try:
        belongs = read_proof(new / paths.SPEC_FILE) is not None
    except InvalidInput:  # of another version of this program
        belongs = False
    if not belongs:
        (new / paths.PROOF_FILE).unlink()
