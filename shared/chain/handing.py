"""What goes on after a quantisation: the hand-off is written again, with the smaller encoders that pass."""

from collections.abc import Mapping
from typing import Any

from invoke.context import Context

from shared import paths
from shared.chain.running import run_tool


def over(c: Context, given: Mapping[str, Any]) -> None:
    """Write the hand-off of the model that was quantised, unless that went to a folder of its own."""
    if not given.get("out") and any(paths.artifacts("quantized").glob(f"*/{paths.QUANTIZATION_FILE}")):
        run_tool(c, "handoff", *(["--model", given["model"]] if given.get("model") else []))
