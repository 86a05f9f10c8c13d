"""The model contract, and whether an ONNX keeps it: names, shapes, types, size, and its outputs for known inputs.

Source: our own choice, made for a web page: one window of five pictures in, a probability and seven emotions out, in a
file that a phone loads in a moment. A model of landmarks or blendshapes takes those of any number of pictures and
gives the probability alone.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shared.dataset.protocol import EMOTIONS
from shared.errors import InvalidInput
from shared.faces.synthetic import Pose, draw_points, draw_scores
from shared.onnx.contract import DTYPE, EMOTION_LOGITS, FEATURE_SHAPES, LAYOUTS, MAX_BYTES, SMILE_PROB, find_prob
from shared.onnx.graph import Graph, Tensor, run_graph
from shared.onnx.session import Arrays
from shared.preprocess import SIZE_PX
from tools.spec_checker.findings import Finding, failed, passed


@dataclass(frozen=True)
class Contract:
    """The contract of graphs of one input kind.

    Attributes:
        kind: ``frames``, ``landmarks`` or ``blendshapes``; the input's name as well.
        input_shape: With five pictures; a model of photos takes one, a model of features any number.
        outputs: Shapes by name; the first is the output that decides.
        layout: Of the input's axes.
        axes: The same in words.
        scale: How a picture's bytes are scaled for the network, or the landmarker.
        tolerances: The tolerances that a spec must state.
    """

    kind: str
    input_shape: tuple[int, ...]
    outputs: dict[str, tuple[int, ...]]
    layout: str
    axes: str
    scale: str
    tolerances: tuple[str, ...]

    @property
    def prob(self) -> str:
        """The output that decides."""
        return next(iter(self.outputs))

    @property
    def takes_frames(self) -> bool:
        """Whether its input is pictures."""
        return self.kind == FRAMES.kind

    def of_class(self, prob: str) -> "Contract":
        """Return the contract of a model whose output that decides has another name."""
        outputs = {prob if name == self.prob else name: shape for name, shape in self.outputs.items()}
        tolerances = tuple(
            prob + key.removeprefix(self.prob) if key.startswith(self.prob) else key for key in self.tolerances
        )
        return replace(self, outputs=outputs, tolerances=tolerances)


FRAMES = Contract(
    "frames",
    (1, 5, 3, SIZE_PX, SIZE_PX),
    {SMILE_PROB: (1,), EMOTION_LOGITS: (1, len(EMOTIONS))},
    LAYOUTS["frames"],
    "batch, time, channel, height, width",
    "pixel / 255",
    ("smile_prob", "emotion_logits", "features", "smile_prob_javascript", "smile_prob_pixels"),
)


def _of_features(kind: str, axes: str) -> Contract:
    """Return the contract of graphs that take landmarks or blendshapes of five pictures and give the probability."""
    tolerances = ("smile_prob", "smile_prob_javascript", "landmarks_javascript", "blendshapes_javascript")
    return Contract(kind, (1, 5, *FEATURE_SHAPES[kind]), {SMILE_PROB: (1,)}, LAYOUTS[kind], axes, "bytes", tolerances)


LANDMARKS = _of_features("landmarks", "batch, time, point, x y z")
BLENDSHAPES = _of_features("blendshapes", "batch, time, score")
CONTRACTS = {contract.kind: contract for contract in (FRAMES, LANDMARKS, BLENDSHAPES)}


def contract_of(graph: Graph | None, stated: str | None = None, prob: str | None = None) -> Contract:
    """Return the contract of a graph's input kind and class; that of frames and smiles where nothing else fits.

    Args:
        graph: The ONNX, or None.
        stated: The kind that a spec states; used where there is no graph.
        prob: The output that decides as card or spec state it; used where the graph does not tell.
    """
    contract = _contract_of_kind(graph, stated)
    if graph is not None:
        positive = graph.metadata.get("positive_class")
        positive = positive if isinstance(positive, str) else None
        found = find_prob((tensor.name for tensor in graph.outputs), positive)
        prob = found or (f"{positive}_prob" if positive else prob)
    return contract.of_class(prob) if prob else contract


def _contract_of_kind(graph: Graph | None, stated: str | None) -> Contract:
    """Return the contract of smiles of a graph's input kind."""
    if graph is None or len(graph.inputs) != 1:
        return CONTRACTS.get(str(stated), FRAMES)
    tensor = graph.inputs[0]
    for kind, rest in FEATURE_SHAPES.items():
        if tensor.name == kind or (len(tensor.shape) == len(rest) + 2 and list(tensor.shape[2:]) == rest):
            return CONTRACTS[kind]
    return FRAMES


_EXPORT = "export the model again with the contract's names, shapes and float32 (./inv export does)"


def check_graph(graph: Graph) -> list[Finding]:
    """Check an ONNX against the contract; it is run only if its input fits the contract."""
    contract = contract_of(graph)
    findings = [
        _check_size(graph),
        _check_one_file(graph),
        *_check_input(graph, contract),
        *_check_outputs(graph, contract),
    ]
    if all(finding.status == "pass" for finding in findings if finding.field.startswith("graph.input")):
        findings += _check_outputs_of_run(graph, contract)
    return findings


def _check_size(graph: Graph) -> Finding:
    if graph.n_bytes > MAX_BYTES:
        return failed(
            "graph.bytes",
            f"{graph.n_bytes:,}",
            f"at most {MAX_BYTES:,}",
            "use a smaller network, or store the weights in half precision",
        )
    return passed("graph.bytes", f"{graph.n_bytes:,} of at most {MAX_BYTES:,}")


def _check_one_file(graph: Graph) -> Finding:
    if graph.uses_other_files:
        return failed(
            "graph.files",
            "weights in other files",
            "everything in the one .onnx",
            "save it with save_as_external_data=False",
        )
    return passed("graph.files", "one")


def _describe(tensors: tuple[Tensor, ...]) -> str:
    return ", ".join(f"{t.name} {_shape_text(t)} {t.dtype}" for t in tensors) or "none"


def _shape_text(tensor: Tensor) -> str:
    return "(" + ", ".join("?" if axis is None else str(axis) for axis in tensor.shape) + ")"


def _check_input(graph: Graph, contract: Contract) -> list[Finding]:
    if len(graph.inputs) != 1:
        expected = f"one input, {contract.kind} {contract.input_shape}"
        return [failed("graph.input", _describe(graph.inputs), expected, _EXPORT)]
    tensor = graph.inputs[0]
    return [
        _check_name("graph.input.name", tensor.name, contract.kind),
        *_check_tensor("graph.input", tensor, _known_shape(tensor, contract)),
    ]


def _known_shape(tensor: Tensor, contract: Contract) -> tuple[int, ...]:
    """Give the contract's shape: one picture for photos; a model of features may be fixed to any number."""
    is_other = len(tensor.shape) != len(contract.input_shape)
    if is_other or (contract.takes_frames and tensor.shape[1] != 1):
        return contract.input_shape
    return (1, tensor.shape[1] or contract.input_shape[1], *contract.input_shape[2:])


def _check_name(field: str, found: str, expected: str) -> Finding:
    return passed(field, found) if found == expected else failed(field, repr(found), repr(expected), _EXPORT)


def _check_tensor(field: str, tensor: Tensor, shape: tuple[int, ...]) -> list[Finding]:
    """Check shape and type; a dynamic length is checked when the graph is run."""
    text = _shape_text(tensor)
    return [
        passed(f"{field}.shape", text) if tensor.fits(shape) else failed(f"{field}.shape", text, shape, _EXPORT),
        passed(f"{field}.dtype", tensor.dtype)
        if tensor.dtype == DTYPE
        else failed(f"{field}.dtype", tensor.dtype, DTYPE, _EXPORT),
    ]


def _check_outputs(graph: Graph, contract: Contract) -> list[Finding]:
    findings = []
    present = {tensor.name: tensor for tensor in graph.outputs}
    for name, shape in contract.outputs.items():
        field = f"graph.outputs.{name}"
        if name not in present:
            findings.append(failed(field, _describe(graph.outputs), f"{name} {shape} {DTYPE}", _EXPORT))
        elif present[name].shape:
            findings += _check_tensor(field, present[name], shape)
        else:
            # Exporters leave output shapes out; the run checks them.
            findings.append(passed(f"{field}.dtype", present[name].dtype))
    if extra := sorted(set(present) - set(contract.outputs)):
        findings.append(failed("graph.outputs", ", ".join(extra), "only " + ", ".join(contract.outputs), _EXPORT))
    return findings


def _known_inputs(shape: tuple[int, ...], contract: Contract) -> dict[str, Any]:
    noise = np.random.default_rng(0).random(shape, dtype=np.float32)
    if contract.kind == LANDMARKS.kind:
        # All points in one place are not a face: the outputs for them are not defined.
        faces = {
            "face": draw_points(0.3),
            "tilted": draw_points(1, pose=Pose(0.2, 0.3, 0.05, 40)),
            "noise": noise[0, 0],
        }
        return {name: np.broadcast_to(face, shape).copy() for name, face in faces.items()}
    known = {"zeros": np.zeros(shape, np.float32), "ones": np.ones(shape, np.float32), "noise": noise}
    if contract.kind == BLENDSHAPES.kind:
        known["face"] = np.broadcast_to(draw_scores(0.3), shape).copy()
    return known


def _check_outputs_of_run(graph: Graph, contract: Contract) -> list[Finding]:
    """Run the graph on black, white and noise, or on synthetic faces."""
    findings: list[Finding] = []
    expected = " and ".join(f"{name} {shape}" for name, shape in contract.outputs.items())
    for kind, batch in _known_inputs(_known_shape(graph.inputs[0], contract), contract).items():
        field = f"graph.run.{kind}"
        try:
            outputs = run_graph(graph, {graph.inputs[0].name: batch})
        except InvalidInput as error:
            return [*findings, failed(field, error.found, error.expected, _EXPORT)]
        errors = [
            text
            for name, shape in contract.outputs.items()
            if (text := _describe_error(name, shape, outputs, contract.prob))
        ]
        if errors:
            findings.append(
                failed(
                    field,
                    "; ".join(errors),
                    f"{expected}, all finite, {contract.prob} from 0 to 1",
                    "end the head of the positive class in a sigmoid; look for a division by zero or a logarithm of 0",
                )
            )
        else:
            findings.append(passed(field, f"{contract.prob} {outputs[contract.prob].item():.4f}"))
    return findings


def _describe_error(name: str, shape: tuple[int, ...], outputs: Arrays, prob: str) -> str:
    """Describe what is wrong with one output; empty if it is right."""
    if name not in outputs:
        return f"no {name}"
    values = outputs[name]
    if values.shape != shape:
        return f"{name} of shape {values.shape}"
    if not np.isfinite(values).all():
        return f"{name} {values.ravel()[:3].tolist()}"
    if name == prob and not 0 <= values.item() <= 1:
        return f"{name} {values.item():g}"
    return ""
