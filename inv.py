"""Run an invoke task in the project's own environment (.venv), which is made on first use. Standard library only.

    ./inv demo        inv demo on Windows

It installs again only when pyproject.toml, constraints.txt or the folder's place has changed, or when a task needs
packages that no other one does. PYTHON=/path/to/python3.11 picks another Python. Exit codes are those of the task; 3:
it could not be installed. Reads pip's settings; writes .venv and .inv.lock.
"""

import ast
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from shared.system import console, portable  # noqa: E402

LOCK = HERE / ".inv.lock"
LAYOUT = 2  # of the environment and its stamp; another number makes it anew


class Environment(NamedTuple):
    """A place for packages, and the versions that they must have."""

    venv: Path
    constraints: Path
    size: str

    @property
    def stamp(self) -> Path:
        """The file that says what is installed."""
        return self.venv / "installed"


USUAL = Environment(HERE / ".venv", HERE / "constraints.txt", "1.9 GB")
# What converts for phones wants older versions of packages that others need newer: it has a place of its own.
PHONES = Environment(HERE / ".venv-litert", HERE / "constraints-litert.txt", "2.5 GB")
FOR_PHONES = {"exporter", "trainer", "tasks", "litert"}

TOOLS = (
    "recorder,importer,grid-viewer,reviewer,verifier,splitter,featurizer,trainer,exporter,evaluator,predictor,mistakes,reporter,"
    "handoff,quantizer,game,timeline,model-fetcher,consent,drift,studio,kaggle-publisher,tasks"
)
# What only these tasks need is installed when one of them is first run.
_HOUSE = {"test", "check", "bench"}
MORE = {
    "spec-checker": {"validate-spec", "costs", "spec-checker", *_HOUSE},
    "timeline-sound": {"timeline", *_HOUSE},
    "near-duplicates": {"duplicates", *_HOUSE},
    "dev": _HOUSE,
}

# pip's settings that uv has as well. uv does not read them; without them it would take torch from elsewhere.
FLAGS = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "constraint": "--constraints",
    "no-index": "--no-index",
    "pre": "--prerelease=allow",
    "trusted-host": "--allow-insecure-host",
    "only-binary": "--only-binary",
    "no-binary": "--no-binary",
}
VARIABLES = {
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
    "retries": "UV_HTTP_RETRIES",
    "proxy": "ALL_PROXY",
}
GIGABYTES = ("nvidia-", "triton")  # what torch brings for graphics cards
WHEELS = ("--only-binary", ":all:", "--no-binary", "jsonpath-rw")  # nothing is compiled here; that one has no wheel
NOT_COMPILED = r"[\\/](tests?|testing|_inductor|_dynamo|distributed)[\\/]"  # a tenth of the whole, and hardly imported


class NotInstalled(Exception):
    """It could not be installed; the text says why."""


def say(text: str) -> None:
    """Tell people something."""
    print(f"inv: {text}", file=sys.stderr, flush=True)


def wanted(words: Sequence[str]) -> tuple[Environment, set[str]]:
    """Name the environment and the extras that a command line needs; its task is its first word that is no flag."""
    task = next((word for word in words if not word.startswith("-")), "")
    if task in ("export", "exporter") and "--target litert" in " ".join(words).replace("--target=", "--target "):
        return PHONES, FOR_PHONES
    return USUAL, {*TOOLS.split(","), *(extra for extra, names in MORE.items() if task in names)}


def read_stamp(place: Environment) -> dict[str, Any]:
    """Return what is installed; nothing where no installation was finished, or where its Python has gone."""
    try:
        stamp: dict[str, Any] = json.loads(place.stamp.read_text(encoding="utf-8"))
        is_usable = stamp["layout"] == LAYOUT and stamp["folder"] == str(HERE)
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return stamp if is_usable and portable.venv_python(place.venv).exists() else {}


def source_hash(place: Environment) -> str:
    """Hash what says which packages are wanted."""
    files = [HERE / "pyproject.toml", place.constraints]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files if file.is_file())).hexdigest()


def is_installed(place: Environment, extras: set[str]) -> bool:
    """Tell whether an environment has these extras, as pyproject.toml and its constraints say now."""
    stamp = read_stamp(place)
    return bool(stamp) and stamp["source"] == source_hash(place) and extras <= set(stamp["extras"])


@contextlib.contextmanager
def lock() -> Iterator[None]:
    """Wait until no other ./inv installs here."""
    with LOCK.open("a+", encoding="ascii") as file:
        os.set_inheritable(file.fileno(), True)  # pip and uv hold it too, should this process be killed
        for n_tries in range(sys.maxsize):
            if portable.try_lock(file):
                break
            if n_tries == 0:
                file.seek(0)
                say(f"another ./inv (process {file.read() or 'unknown'}) is installing; waiting for it")
            time.sleep(0.2)
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            portable.unlock(file)


def install(place: Environment, extras: set[str]) -> None:
    """Make or complete an environment.

    Raises:
        NotInstalled: It could not be.
    """
    stamp, python = read_stamp(place), portable.venv_python(place.venv)
    if not stamp:  # nothing here yet, or an installation that was cut off: start clean
        version = ".".join(map(str, sys.version_info[:2]))
        say(
            f"making {place.venv.name} with Python {version} and installing {place.size} of packages; this is done once"
        )
        if place.venv.exists():
            shutil.rmtree(place.venv)
        if _call([sys.executable, "-m", "venv", str(place.venv)]):
            raise NotInstalled(f"could not make {place.venv}; on Debian and Ubuntu: apt install python3-venv")
    else:
        extras = extras | set(stamp["extras"])
        new = sorted(extras - set(stamp["extras"]))
        why = f"this task also needs: {', '.join(new)}" if new else "the packages have changed"
        say(f"{why}; installing")
        place.stamp.unlink()
    target = ["-e", f".[{','.join(sorted(extras))}]", *WHEELS]
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    limits = ["-c", str(place.constraints)] if place.constraints.is_file() else []
    if not _install_by_uv(place, [*target, *limits]):
        say("installing by pip, which takes some minutes")
        if _call([*pip, "install", "-qq", *target, *limits]):
            raise NotInstalled("pip failed (its reason stands above); mend that and run the same command again")
    new_stamp = {"layout": LAYOUT, "folder": str(HERE), "source": source_hash(place), "extras": sorted(extras)}
    part = place.stamp.with_suffix(".new")
    part.write_text(json.dumps(new_stamp), encoding="utf-8")
    portable.replace(part, place.stamp)


def _install_by_uv(place: Environment, words: Sequence[str]) -> bool:
    """Install by uv, which takes a fifth of pip's time; returns False where pip must do it."""
    python = portable.venv_python(place.venv)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    if os.environ.get("INV_INSTALLER") == "pip" or _call([*pip, "install", "-qq", "uv", *words[2:]]):
        return False
    listed = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=False, cwd=HERE).stdout
    settings = parse_settings(listed)
    environment = {**os.environ, **{VARIABLES[name]: value for name, value in settings.items() if name in VARIABLES}}
    if "cert" not in settings:
        environment.setdefault("UV_SYSTEM_CERTS", "true")
    # Like pip, and unlike uv alone: the best release of all places, not of the first place that has any.
    how = ["--python", str(python), "--index-strategy", "unsafe-best-match", *flags_of(settings)]
    uv = [str(python), "-m", "uv", "pip", "install", *how, *words]
    brings = plan(uv, environment)
    if brings is None:
        return False
    if any(name.startswith(GIGABYTES) for name in brings):
        # The usual index has torch for graphics cards; PyTorch's own, where it can be reached, has the right one.
        lean = [*uv, "--torch-backend", "auto"]
        if plan(lean, environment) is not None:
            uv = lean
        elif settings.keys() & FLAGS.keys():
            return False  # pip may know a smaller one
        else:
            say("torch's small build cannot be reached: 4 GB more are fetched, for graphics cards")
    if _call(uv, environment):
        return False
    _call([str(python), "-m", "compileall", "-qq", "-j", "0", "-x", NOT_COMPILED, str(place.venv)])  # as pip does
    return True


def parse_settings(listed: str) -> dict[str, str]:
    """Read what ``pip config list`` prints; variables win over files, and an install's own settings over the rest."""
    found: dict[str, tuple[int, str]] = {}
    order = {"global": 0, "install": 1, ":env:": 2}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        place, _, name = key.partition(".")
        if place in order and order[place] >= found.get(name, (0, ""))[0]:
            found[name] = (order[place], str(ast.literal_eval(value)))
    return {name: value for name, (_, value) in found.items()}


def flags_of(settings: Mapping[str, str]) -> list[str]:
    """Write pip's settings as uv's flags."""
    words = []
    for name, flag in FLAGS.items():
        for value in settings.get(name, "").split():
            if name in ("no-index", "pre"):
                words += [flag] if value.lower() in ("1", "true", "yes", "on") else []
            else:
                words += [flag, value]
    return words


def plan(uv: Sequence[str], environment: Mapping[str, str]) -> list[str] | None:
    """Return the names of the packages that an installation would bring; None where it would fail."""
    done = subprocess.run(
        [*uv, "--dry-run"], capture_output=True, text=True, encoding="utf-8", env=environment, check=False, cwd=HERE
    )
    if done.returncode:
        return None
    return [line.removeprefix(" + ").partition("==")[0] for line in done.stderr.splitlines() if line.startswith(" + ")]


def _call(words: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Run a program; what it prints goes to stderr, since stdout is the task's."""
    how: dict[str, Any] = {"stdout": sys.stderr, "stdin": subprocess.DEVNULL, "close_fds": False}
    return subprocess.call(words, env=environment, cwd=HERE, **how)


def main(words: Sequence[str]) -> int:
    """Install what is missing, and run a task; returns the exit code."""
    console.make_safe()
    place, extras = wanted(words)
    try:
        if not is_installed(place, extras):
            with lock():
                if not is_installed(place, extras):
                    install(place, extras)
    except (NotInstalled, OSError) as error:
        say(str(error))
        return 3
    except KeyboardInterrupt:
        return 130
    # -P: a folder named tools/ or shared/ where the user stands must not shadow ours.
    python = str(portable.venv_python(place.venv))
    return portable.become([python, "-P", "-m", "shared.chain.program", *words])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
