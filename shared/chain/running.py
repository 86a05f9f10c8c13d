"""How tasks run tools: as programs, with the terminal's own look, or as the remembered steps of a chain."""

import argparse
import contextlib
import functools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.runners import Result

from shared import cli, paths
from shared.chain import cache
from shared.chain.ab_parts import added
from shared.errors import InvalidInput, SmilebenchError, WrongUsage
from shared.system import portable
from shared.text import language
from shared.text.catalogue import Lang

PROJECT = Path(__file__).resolve().parents[2]
ACTOR_FPS = 20  # drawing costs; at this rate frames still lie exactly the protocol's 100 ms apart


def run_tool(c: Context, tool: str, *arguments: object, task: str = "") -> None:
    """Run a tool, for a task that takes its flags; exits with its exit code where it fails."""
    _run(c, cache.command_of(tool, *arguments), task, pty=portable.can_use_pty())


def run_python(c: Context, *words: object) -> None:
    """Run Python in this environment, from the project's folder."""
    with contextlib.chdir(PROJECT):
        _run(c, portable.join_words([sys.executable, *map(str, words)]), pty=portable.can_use_pty())


def _run(c: Context, command: str, task: str = "", **how: object) -> Result:
    """Run a command that writes as this program's own output is encoded, so that what it cannot write is its to say."""
    encoding = sys.stdout.encoding or "utf-8"
    environment = {"PYTHONIOENCODING": encoding, cli.TASK_VARIABLE: task and f"./inv {task}"}
    return c.run(command, in_stream=False, encoding=encoding, env=environment, **how)


ALLOW = "--allow-no-consent"
ASK_FOR_CONSENT = (
    "splitter",
    "featurizer",
    "trainer",
    "exporter",
    "evaluator",
    "evaluator time",
    "evaluator fuse",
    "evaluator emotions",
)


def open_chain(
    c: Context,
    name: str,
    dataset: Path | None = None,
    given: argparse.Namespace | None = None,
    lang: Lang | None = None,
) -> cache.Chain:
    """Open a chain of remembered steps.

    Args:
        c: The task's context.
        name: What the chain is called.
        dataset: Whose people it uses; steps are done again where consent leaves out others than before.
        given: Flags of the chain; allow_no_consent is read.
        lang: Language of what is announced; None for the one that SMILEBENCH_LANG or the locale says.

    Raises:
        CheckFailed: Consent leaves nobody.
    """
    state, is_allowed = "", given is not None and given.allow_no_consent
    if dataset is not None:
        from shared.dataset import consent, reader

        state = consent.permitted(reader.open_dataset(dataset), allow_no_consent=is_allowed).withheld_hash

    def announce(text: str) -> None:
        print(f"[{name}] {text}", file=sys.stderr, flush=True)

    words = dict.fromkeys(ASK_FOR_CONSENT, (ALLOW,)) if is_allowed else {}
    record, spoken = paths.artifacts("chains") / f"{name}.json", lang or language.choose(None)
    return cache.Chain(record, run_quietly(c), announce, lang=spoken, state=state, words=words)


def run_quietly(c: Context) -> Callable[[str], tuple[int, str]]:
    """Return what runs a chain's commands: its stdout is returned with its exit code, its stderr goes to the user."""

    def execute(command: str) -> tuple[int, str]:
        done = _run(c, command, hide="stdout", warn=True)
        return done.exited, done.stdout

    return execute


@contextlib.contextmanager
def exit_codes() -> Iterator[None]:
    """Exit with the code of the tool that failed, which has printed why; print what the chain itself refuses."""
    try:
        yield
    except cache.StepFailed as error:
        raise Exit(code=error.exit_code) from None
    except SmilebenchError as error:
        raise Exit(str(error), code=error.exit_code) from None


def find_dataset(name: str) -> Path:
    """Return a dataset's folder.

    Raises:
        InvalidInput: There is none; says how to record one.
        WrongUsage: Neither a good name nor a path.
    """
    folder = paths.dataset_dir(name)
    if not (folder / "dataset.json").is_file():
        todo = f"record it: ./inv collect --dataset {name}"
        raise InvalidInput(str(folder), found="no dataset", expected="one", todo=todo)
    return folder


def open_joined(c: Context, given: argparse.Namespace) -> tuple[Path, tuple[str, ...]]:
    """Return the dataset of a comparison, and the names of those that were added to an old one.

    Of ``people,game`` the joined dataset is brought up to date, and the old test people become those of the flags.

    Raises:
        WrongUsage: Folds or test people beside several datasets.
        InvalidInput: A dataset is not there, or the joined one holds what none of them holds.
    """
    names = added.parse_names(given.dataset)
    if len(names) == 1:
        return find_dataset(given.dataset), ()
    for flag, value in (("--test", given.test), ("--folds", given.folds)):
        if value:
            expected = "neither with several datasets: the old test people are measured"
            raise WrongUsage(flag, found=f"it beside --dataset {given.dataset}", expected=expected)
    folders, joined = [find_dataset(name) for name in names], added.joined_dir(names)
    added.join(functools.partial(run_tool, c), folders, joined)

    def freeze(dataset: Path, seed: int) -> Path:
        allowed = [ALLOW] if given.allow_no_consent else []
        command = cache.command_of("splitter", "--dataset", dataset, "--seed", seed, *allowed, "--json")
        done = _run(c, command, hide="stdout", warn=True)
        if done.exited:
            raise cache.StepFailed("split", done.exited)
        return Path(json.loads(done.stdout)["file"])

    baseline = given.baseline.resolve() if given.baseline else None
    given.test = added.find_test_people(folders[0], joined, baseline, given.seed, freeze)
    given.folds = 0
    return joined, tuple(folder.name for folder in folders[1:])


def record_actors(c: Context, dataset: Path, prefix: str, count: int, *, difficulty: str, seed: int) -> None:
    """Record a take of each drawn actor; those that are there already are left as they are."""
    if _count_subjects(dataset) >= count:
        return
    who = ["--source", "synthetic", "--subject", prefix, "--actors", count, "--dataset", dataset, "--target", 1]
    how = ["--difficulty", difficulty, "--seed", seed, "--fps", ACTOR_FPS]
    run_tool(c, "recorder", *who, *how, "--quiet", "--no-preview")


def _count_subjects(dataset: Path) -> int:
    """Count the people of a dataset; 0 where there is none yet."""
    manifest = dataset / "dataset.json"
    return int(json.loads(manifest.read_text(encoding="utf-8"))["counts"]["subjects"]) if manifest.exists() else 0
