"""What is done to the project itself: its tests, its checks, its benchmarks, its pinned versions.

The tasks ``test``, ``check``, ``bench`` and ``lock`` of tasks.py; none of them touches data.
"""

import functools
import os
import tomllib

import invoke.tasks
from invoke.context import Context

from shared.chain.running import PROJECT, run_python

PHONES = "litert"  # the extra whose packages do not go together with the others
task = functools.partial(invoke.tasks.task, auto_shortflags=False)


@task(help={"slow": "also the end-to-end runs of minutes", "k": "only tests whose name matches"})
def test(c: Context, slow: bool = False, k: str = "") -> None:
    """Run the tests.

    Example: ./inv test
    """
    several = [] if k else ["-n", 3, "--dist", "loadfile"]  # one of them mostly waits, in tests that keep time
    # Threads of each process would only wait for those of the others, and use up half of the processor by spinning.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # They start hundreds of programs, and each would compile the project anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    chosen = [*([] if slow else ["-m", "not slow"]), *(["-k", k] if k else [])]
    run_python(c, "-m", "pytest", *several, *chosen, "--durations", 10)


@task
def check(c: Context) -> None:
    """Check format, lint, types and schemas.

    Example: ./inv check
    """
    for words in (["ruff", "format", "--check"], ["ruff", "check"], ["mypy"], ["pytest", "tests/schemas"]):
        run_python(c, "-m", *words)


@task(help={"only": "name of one benchmark"})
def bench(c: Context, only: str = "") -> None:
    """Measure speed as ratios within one run.

    Example: ./inv bench --only training
    """
    for file in sorted((PROJECT / "tests" / "benchmarks").glob(f"bench_{only or '*'}.py")):
        run_python(c, file)


@task
def lock(c: Context) -> None:
    """Renew constraints.txt and constraints-litert.txt: the newest versions that pyproject.toml allows, everywhere.

    Example: ./inv lock
    """
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    together = set(project["optional-dependencies"]) - {PHONES}
    for extras, file in (
        (together, "constraints.txt"),
        ({PHONES, "exporter", "trainer", "tasks"}, f"constraints-{PHONES}.txt"),
    ):
        chosen = [word for extra in sorted(extras) for word in ("--extra", extra)]
        how = [*chosen, "--universal", "--python-version", "3.11", "--no-header", "--no-annotate", "--upgrade"]
        run_python(c, "-m", "uv", "pip", "compile", "pyproject.toml", *how, "--quiet", "--output-file", file)
