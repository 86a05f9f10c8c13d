"""From a torch module to a simplified ONNX graph: the export that exporter and handoff share. Writes no files."""

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
import onnxsim
import torch
from torch import nn

from shared.errors import CheckFailed, InvalidInput
from shared.models import build_network
from shared.models.network import Network
from shared.onnx.contract import SMILE_PROB, outputs_of

OPSET = 18


def export_module(
    module: nn.Module,
    example: torch.Tensor,
    input_name: str,
    output_names: tuple[str, ...],
    dynamic: dict[int, Any] | None = None,
) -> onnx.ModelProto:
    """Export a module of one input as a simplified graph, shapes fixed to those of the example.

    Args:
        module: What to export.
        example: Its input.
        input_name: How the graph calls it.
        output_names: How the graph calls what comes out.
        dynamic: Axes of the input that stay free, by number.

    Raises:
        CheckFailed: The simplified graph does not answer like the exported one.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter about its own internals; the parity check is the judge
        program: Any = torch.onnx.export(
            module.eval(),
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=[input_name],
            output_names=list(output_names),
            dynamic_shapes=None if dynamic is None else (dynamic,),
            optimize=True,
            verbose=False,
        )
    graph, same = onnxsim.simplify(program.model_proto)
    if not same:
        raise CheckFailed("onnxsim", found="a simplified graph that answers differently", expected="the same answers")
    del graph.graph.value_info[:]  # shapes of intermediates: not needed to run, and quantisers stumble over them
    onnx.checker.check_model(graph, full_check=True)
    return graph


def load_network(
    weights: Path, network: str, frame_count: int, image_size_px: int, settings: Mapping[str, Any] | None = None
) -> Network:
    """Build a network with the weights of a file, ready to answer.

    Args:
        weights: The .safetensors file.
        network: One of `shared.models.NETWORKS`.
        frame_count: Frames of a window.
        image_size_px: S.
        settings: As in `shared.models.build_network`.

    Raises:
        InvalidInput: The weights cannot be read or are another network's.
    """
    import safetensors.torch

    built = build_network(network, frame_count, settings, image_size_px)
    try:
        built.load_state_dict(safetensors.torch.load_file(weights))
    except FileNotFoundError:
        raise InvalidInput(str(weights), found="no such file", expected="the network's weights") from None
    except Exception as error:  # safetensors' own error, whose home differs between its versions, or torch's
        reason = " ".join(str(error).split())[:160]
        raise InvalidInput(
            str(weights), found=f"no weights of {network} ({reason})", expected="those that the ONNX was exported from"
        ) from None
    return built.eval()


def export_stream(
    weights: Path,
    network: str,
    frame_count: int,
    image_size_px: int,
    temperature: float,
    settings: Mapping[str, Any] | None = None,
    prob: str = SMILE_PROB,
) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """Export a network's two halves: the encoder of one frame, and the head over the features of the last frames.

    Args:
        weights: The .safetensors file.
        network: One of `shared.models.NETWORKS`.
        frame_count: Frames of a window.
        image_size_px: S.
        temperature: Divides the logit of the positive class.
        settings: As in `shared.models.build_network`.
        prob: The name of the output that decides.

    Returns:
        ``frame`` (1, 3, S, S) to ``features`` (1, F), and ``features`` (1, T, F) to `prob` (1,) and ``emotion_logits``
        (1, 7).

    Raises:
        InvalidInput: The weights cannot be read or are another network's.
    """
    built = load_network(weights, network, frame_count, image_size_px, settings)
    modules = built.stream_modules(temperature)
    if modules is None:
        raise InvalidInput(str(weights), found=f"a {network}", expected="a network with an encoder/head split")
    picture = torch.rand(1, 3, image_size_px, image_size_px)
    with torch.no_grad():
        n_features = modules[0](picture).shape[1]
    encoder = export_encoder(modules[0], image_size_px)
    head = export_module(modules[1], torch.rand(1, frame_count, n_features), "features", outputs_of("frames", prob))
    return encoder, _without_traces(head)


def export_encoder(module: nn.Module, image_size_px: int) -> onnx.ModelProto:
    """Export the encoder of one frame: ``frame`` (1, 3, S, S) to ``features`` (1, F)."""
    picture = torch.rand(1, 3, image_size_px, image_size_px)
    return _without_traces(export_module(module, picture, "frame", ("features",)))


def _without_traces(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Remove what the exporter notes of its own source lines: paths of this computer, which differ between runs."""
    for node in graph.graph.node:
        node.ClearField("doc_string")
        del node.metadata_props[:]
    for value in (*graph.graph.input, *graph.graph.output, *graph.graph.initializer):
        value.ClearField("doc_string")
        del value.metadata_props[:]
    graph.graph.ClearField("doc_string")
    del graph.graph.metadata_props[:]
    del graph.metadata_props[:]
    graph.ClearField("doc_string")
    return graph
