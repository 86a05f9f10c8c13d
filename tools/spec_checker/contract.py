"""The model contract, and whether an ONNX keeps it: names, shapes, types, size, and what it answers to known inputs.

Source: our own choice, made for a web page: one window of five pictures in, a probability and seven emotions out, in a
file that a phone loads in a moment.
"""

from typing import Any

import numpy as np

from shared.errors import InvalidInput
from shared.onnx_graph import Arrays, Graph, Tensor, run_graph
from shared.preprocess import SIZE_PX
from shared.protocol import EMOTIONS
from tools.spec_checker.findings import Finding, failed, passed

INPUT_NAME = "frames"
INPUT_SHAPE = (1, 5, 3, SIZE_PX, SIZE_PX)
OUTPUT_SHAPES = {"smile_prob": (1,), "emotion_logits": (1, len(EMOTIONS))}
DTYPE = "float32"
MAX_BYTES = 7_700_000

_EXPORT = "export the model again with the contract's names, shapes and float32 (./inv export does)"


def check_graph(graph: Graph) -> list[Finding]:
    """Check an ONNX against the contract; it is run only if its input can take what the contract sends."""
    findings = [_check_size(graph), _check_one_file(graph), *_check_input(graph), *_check_outputs(graph)]
    if all(finding.status == "pass" for finding in findings if finding.field.startswith("graph.input")):
        findings += _check_answers(graph)
    return findings


def _check_size(graph: Graph) -> Finding:
    if graph.n_bytes > MAX_BYTES:
        return failed(
            "graph.bytes",
            f"{graph.n_bytes:,}",
            f"at most {MAX_BYTES:,}",
            "take a smaller network, or store the weights in half precision",
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


def _check_input(graph: Graph) -> list[Finding]:
    if len(graph.inputs) != 1:
        return [failed("graph.input", _describe(graph.inputs), f"one input, {INPUT_NAME} {INPUT_SHAPE}", _EXPORT)]
    tensor = graph.inputs[0]
    return [
        _check_name("graph.input.name", tensor.name, INPUT_NAME),
        *_check_tensor("graph.input", tensor, INPUT_SHAPE),
    ]


def _check_name(field: str, found: str, expected: str) -> Finding:
    return passed(field, found) if found == expected else failed(field, repr(found), repr(expected), _EXPORT)


def _check_tensor(field: str, tensor: Tensor, shape: tuple[int, ...]) -> list[Finding]:
    """Check shape and type; a length that the file leaves open is settled when it is run."""
    text = _shape_text(tensor)
    return [
        passed(f"{field}.shape", text) if tensor.fits(shape) else failed(f"{field}.shape", text, shape, _EXPORT),
        passed(f"{field}.dtype", tensor.dtype)
        if tensor.dtype == DTYPE
        else failed(f"{field}.dtype", tensor.dtype, DTYPE, _EXPORT),
    ]


def _check_outputs(graph: Graph) -> list[Finding]:
    findings = []
    present = {tensor.name: tensor for tensor in graph.outputs}
    for name, shape in OUTPUT_SHAPES.items():
        field = f"graph.outputs.{name}"
        if name not in present:
            findings.append(failed(field, _describe(graph.outputs), f"{name} {shape} {DTYPE}", _EXPORT))
        elif present[name].shape:
            findings += _check_tensor(field, present[name], shape)
        else:
            # Exporters leave output shapes out; what the run gives decides.
            findings.append(passed(f"{field}.dtype", present[name].dtype))
    if extra := sorted(set(present) - set(OUTPUT_SHAPES)):
        findings.append(failed("graph.outputs", ", ".join(extra), "only " + ", ".join(OUTPUT_SHAPES), _EXPORT))
    return findings


def _known_inputs() -> dict[str, Any]:
    noise = np.random.default_rng(0).random(INPUT_SHAPE, dtype=np.float32)
    return {"zeros": np.zeros(INPUT_SHAPE, np.float32), "ones": np.ones(INPUT_SHAPE, np.float32), "noise": noise}


def _check_answers(graph: Graph) -> list[Finding]:
    """Run the graph on black, white and noise."""
    findings: list[Finding] = []
    for kind, batch in _known_inputs().items():
        field = f"graph.run.{kind}"
        try:
            answer = run_graph(graph, {graph.inputs[0].name: batch})
        except InvalidInput as error:
            return [*findings, failed(field, error.found, error.expected, _EXPORT)]
        wrong = [text for name in OUTPUT_SHAPES if (text := _wrong_with(name, answer))]
        if wrong:
            findings.append(
                failed(
                    field,
                    "; ".join(wrong),
                    "smile_prob (1,) from 0 to 1 and emotion_logits (1, 7), all finite",
                    "end the smile head in a sigmoid; look for a division by zero or a logarithm of 0",
                )
            )
        else:
            findings.append(passed(field, f"smile_prob {answer['smile_prob'].item():.4f}"))
    return findings


def _wrong_with(name: str, answer: Arrays) -> str:
    """Say what is wrong with one output; nothing if it is right."""
    if name not in answer:
        return f"no {name}"
    values = answer[name]
    if values.shape != OUTPUT_SHAPES[name]:
        return f"{name} of shape {values.shape}"
    if not np.isfinite(values).all():
        return f"{name} {values.ravel()[:3].tolist()}"
    if name == "smile_prob" and not 0 <= values.item() <= 1:
        return f"{name} {values.item():g}"
    return ""
