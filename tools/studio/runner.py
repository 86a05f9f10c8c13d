"""Runs one job of the studio in a process of its own, which outlives the studio.

python -m tools.studio.runner FOLDER COMMAND
"""

import sys
from pathlib import Path

from tools.studio.jobs import run_job

if __name__ == "__main__":
    raise SystemExit(run_job(Path(sys.argv[1]), sys.argv[2:]))
