"""The one opener of onnxruntime sessions: on the CPU, with a number of threads, silent, its errors as one line.

Knows no contract and no names of inputs; `shared.onnx.model` and `shared.onnx.stream` do. Reads the graph, writes
nothing.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidInput, first_line

Arrays = dict[str, npt.NDArray[Any]]
_FATAL = 4  # onnxruntime's reasons come as exceptions; the same text on stderr would be noise


def open_session(source: Path | bytes, what: str, threads: int = 1) -> Any:
    """Open a graph in onnxruntime on the CPU.

    Args:
        source: The file, or its bytes. Of bytes, weights in other files are never opened.
        what: How to call it in an error.
        threads: Threads for one inference; 0 lets onnxruntime decide.

    Returns:
        The ``onnxruntime.InferenceSession``.

    Raises:
        InvalidInput: The file is missing, or onnxruntime cannot load it.
    """
    if isinstance(source, Path) and not source.is_file():
        raise InvalidInput(what, found="no such file", expected="an ONNX model")
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = _FATAL
    graph = source if isinstance(source, bytes) else str(source)
    try:
        return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a dozen classes that share no parent of their own
        raise InvalidInput(
            what, found=f"a file that onnxruntime cannot load ({first_line(error)})", expected="an ONNX model"
        ) from None


def run_session(session: Any, inputs: Arrays, what: str) -> Arrays:
    """Run an open graph once; gives its outputs by name.

    Raises:
        InvalidInput: onnxruntime cannot run it on these inputs.
    """
    try:
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, map(np.asarray, session.run(names, inputs)), strict=True))
    except Exception as error:
        raise InvalidInput(
            what, found=f"a graph that onnxruntime does not run ({first_line(error)})", expected="one that runs"
        ) from None
