"""What this computer is, for documents that hold times. Reads /proc/cpuinfo where there is one."""

import os
import platform
from pathlib import Path
from typing import Any


def describe_machine() -> dict[str, Any]:
    """Name the processor, its cores and the load of the last minute (None where the system does not say)."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    name = platform.processor() or platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return name
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return " ".join(models[0].split()) if models else name
