"""./inv on machines that we do not have: another Python, odd folders, two at once, cut off in the middle.

A stub stands for Python, which makes a stub .venv and writes down what pip was asked; installing for real takes minutes
and is what ./inv does on first use anyway. The shell script is the real one.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

# "python -c ..." tells a version, "python -m venv DIR" makes a stub environment.
PYTHON = """#!/bin/sh
case "$1 $2" in
"-c "*) [ -n "${STUB_VERSION-3.11}" ] && echo "${STUB_VERSION-3.11}" || exit 1 ;;
"-m venv")
    echo "venv" >>"$STUB_LOG"
    mkdir -p "$3/bin"
    cp "$STUB_VENV_PYTHON" "$3/bin/python"
    chmod +x "$3/bin/python" ;;
*) exit 64 ;;
esac
"""
VENV_PYTHON = r"""#!/bin/sh
case "$*" in
"-m pip"*)
    printf "pip begins in %s: %s\n" "$PWD" "$*" >>"$STUB_LOG"
    touch "$STUB_LOG.began"
    sleep "${STUB_PIP_S:-0}"
    [ -z "${STUB_PIP_FAILS-}" ] || { echo "pip: no network" >&2; exit 1; }
    echo "pip ends" >>"$STUB_LOG" ;;
"-P -m invoke"*)
    printf "invoke from %s\n" "$PWD" >>"$STUB_LOG"
    for word in "$@"; do printf '<%s>' "$word"; done
    echo ;;
*) exit 65 ;;
esac
"""


class Checkout:
    """A folder with inv and pyproject.toml in it, and a stub for Python."""

    def __init__(self, folder: Path, stubs: Path) -> None:
        folder.mkdir(parents=True)
        stubs.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "inv", folder)
        shutil.copy(ROOT / "pyproject.toml", folder)
        self.folder = folder
        self.log_file = stubs / "log"
        for name, text in (("python", PYTHON), ("venv_python", VENV_PYTHON)):
            (stubs / name).write_text(text)
            (stubs / name).chmod(0o755)
        self.environment = {
            **os.environ,
            "PYTHON": str(stubs / "python"),
            "STUB_LOG": str(self.log_file),
            "STUB_VENV_PYTHON": str(stubs / "venv_python"),
        }

    def start(self, words: Sequence[str] = ("demo",), cwd: Path | None = None, **more: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [str(self.folder / "inv"), *words],
            env={**self.environment, **more},
            cwd=cwd or self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, cwd: Path | None = None, **more: str) -> tuple[int, str, str]:
        process = self.start(words or ("demo",), cwd, **more)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def log(self) -> list[str]:
        return self.log_file.read_text().splitlines() if self.log_file.exists() else []

    def count(self, beginning: str) -> int:
        return sum(line.startswith(beginning) for line in self.log())

    def wait_for_pip(self) -> None:
        began = Path(f"{self.log_file}.began")
        deadline = time.monotonic() + 60
        while not began.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert began.exists()

    def cut_off_while_installing(self, **more: str) -> None:
        """Start it and kill it, pip and all, as soon as pip is at work."""
        Path(f"{self.log_file}.began").unlink(missing_ok=True)
        process = self.start(STUB_PIP_S="30", **more)
        self.wait_for_pip()
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "house", tmp_path / "stubs")


def test_the_first_use_makes_the_environment_and_the_second_one_does_not(checkout: Checkout) -> None:
    code, out, err = checkout.run("demo")
    assert code == 0
    assert out == f"<-P><-m><invoke><--search-root><{checkout.folder}><demo>\n"
    assert "making .venv with Python 3.11" in err
    assert checkout.run("demo")[2] == ""
    assert (checkout.count("venv"), checkout.count("pip begins"), checkout.count("invoke")) == (1, 1, 2)


def test_words_reach_invoke_as_they_were_typed(checkout: Checkout) -> None:
    words = ("collect", "--source", "my film.mp4", "--name", "김 민수", "$HOME", "*", "")
    code, out, _ = checkout.run(*words)
    assert code == 0
    assert out.endswith("<" + "><".join(words) + ">\n")


@pytest.mark.parametrize(
    "words", [("collect", "--help"), ("collect", "-h"), ("--help", "collect"), ("collect", "--dataset", "d", "--help")]
)
def test_help_is_the_tasks_wherever_it_stands(checkout: Checkout, words: tuple[str, ...]) -> None:
    assert checkout.run(*words)[1].endswith("<--help><collect>\n")


def test_help_without_a_task_is_invokes_own(checkout: Checkout) -> None:
    assert checkout.run("--help")[1].endswith(f"<{checkout.folder}><--help>\n")


def test_every_extra_that_it_installs_exists(checkout: Checkout) -> None:
    import tomllib

    checkout.run()
    line = next(line for line in checkout.log() if line.startswith("pip begins"))
    asked = line.rpartition("[")[2].rstrip("]").split(",")
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(asked) == set(known)


@pytest.mark.parametrize("version", ["3.10", "3.9", "2.7", "", "nonsense"])
def test_an_old_python_or_none_is_refused_in_one_line(checkout: Checkout, version: str) -> None:
    code, out, err = checkout.run(STUB_VERSION=version)
    assert code == 3
    assert out == ""
    assert err.count("\n") == 1
    assert f"found Python {version or 'none'}" in err
    assert "expected 3.11 or newer" in err
    assert sorted(path.name for path in checkout.folder.iterdir()) == ["inv", "pyproject.toml"]


def test_no_python_at_all_is_refused_in_one_line(checkout: Checkout) -> None:
    code, _, err = checkout.run(PYTHON="/nowhere/python3")
    assert (code, err.count("\n")) == (3, 1)
    assert "found Python none (/nowhere/python3)" in err


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.19", "3.20", "4.0"])
def test_newer_pythons_are_welcome(checkout: Checkout, version: str) -> None:
    assert checkout.run(STUB_VERSION=version)[0] == 0


@pytest.mark.parametrize("name", ["two words", "웃음 벤치", "it's (1)", "-dash", "a\\b"])
def test_it_works_in_folders_with_odd_names_and_from_any_other(tmp_path: Path, name: str) -> None:
    house = Checkout(tmp_path / name / "하우스 1", tmp_path / "stubs")
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    code, out, _ = house.run("demo", cwd=elsewhere)
    assert code == 0
    assert f"<{house.folder}><demo>" in out
    assert f"invoke from {elsewhere}" in house.log()
    assert any(line.startswith(f"pip begins in {house.folder}:") for line in house.log())
    relative = subprocess.run(
        ["sh", f"../{name}/하우스 1/inv", "x"], cwd=elsewhere, env=house.environment, capture_output=True, check=False
    )
    assert relative.returncode == 0
    assert house.count("pip begins") == 1


def test_a_link_or_cdpath_does_not_lead_it_astray(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "trap" / "house").mkdir(parents=True)
    done = subprocess.run(
        ["sh", "house/inv", "x"],
        cwd=tmp_path,
        env={**checkout.environment, "CDPATH": str(tmp_path / "trap")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"<{checkout.folder}>" in done.stdout


@pytest.mark.parametrize("n_processes", [2, 5])
def test_several_at_the_same_time_install_once(checkout: Checkout, n_processes: int) -> None:
    processes = [checkout.start(STUB_PIP_S="1") for _ in range(n_processes)]
    ends = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * n_processes
    assert all("<demo>" in out for out, _ in ends)
    assert (checkout.count("venv"), checkout.count("pip begins")) == (1, 1)
    assert sum("another ./inv" in err for _, err in ends) == n_processes - 1
    assert not (checkout.folder / ".venv.lock").exists()


def test_a_first_install_that_was_killed_is_begun_anew(checkout: Checkout) -> None:
    checkout.cut_off_while_installing()
    (checkout.folder / ".venv" / "rubble").write_text("half a package")
    code, out, err = checkout.run()
    assert code == 0
    assert "<demo>" in out
    assert "making .venv" in err
    assert not (checkout.folder / ".venv" / "rubble").exists()
    assert checkout.count("venv") == 2
    assert not list(checkout.folder.glob(".venv.lock*"))


def test_after_a_killed_install_several_at_once_still_install_once(checkout: Checkout) -> None:
    # Those who came late once moved away the lock that the first one had just taken over from the dead.
    checkout.cut_off_while_installing()
    before = checkout.count("pip begins")
    processes = [checkout.start(STUB_PIP_S="0.5") for _ in range(10)]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0] * 10
    assert checkout.count("pip begins") == before + 1


@pytest.mark.slow
def test_a_lock_without_an_owner_is_given_up_after_a_while(checkout: Checkout) -> None:
    (checkout.folder / ".venv.lock").mkdir()  # its owner was killed before it could say who it is
    assert checkout.run()[0] == 0


def test_an_interrupted_install_gives_its_lock_back(checkout: Checkout) -> None:
    process = checkout.start(STUB_PIP_S="5")
    checkout.wait_for_pip()
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)
    assert not (checkout.folder / ".venv.lock").exists()
    assert checkout.run()[0] == 0


def test_an_install_that_fails_says_so_and_is_tried_again(checkout: Checkout) -> None:
    code, out, err = checkout.run(STUB_PIP_FAILS="1")
    assert (code, out) == (3, "")
    assert "pip: no network" in err
    assert "the installation failed" in err
    assert checkout.run()[0] == 0


def edit(checkout: Checkout) -> None:
    with (checkout.folder / "pyproject.toml").open("a") as file:
        file.write("\n# another dependency\n")


def touch(checkout: Checkout) -> None:
    os.utime(checkout.folder / "pyproject.toml")


@pytest.mark.parametrize(("change", "n_installs"), [(edit, 2), (touch, 1)])
def test_it_installs_again_when_pyproject_says_something_else_and_only_then(
    checkout: Checkout, change: Callable[[Checkout], Any], n_installs: int
) -> None:
    checkout.run()
    change(checkout)
    for _ in range(3):
        assert checkout.run()[0] == 0
    assert checkout.count("pip begins") == n_installs
    assert checkout.count("venv") == 1


def test_an_install_again_that_was_killed_is_begun_anew(checkout: Checkout) -> None:
    checkout.run()
    edit(checkout)
    checkout.cut_off_while_installing()
    code, out, _ = checkout.run()
    assert (code, "<demo>" in out) == (0, True)
    assert checkout.count("venv") == 2


def test_a_folder_that_has_moved_is_installed_again(checkout: Checkout, tmp_path: Path) -> None:
    checkout.run()
    checkout.folder = checkout.folder.rename(tmp_path / "moved house")
    assert checkout.run()[0] == 0
    assert checkout.count("pip begins") == 2


def test_it_is_plain_posix_shell_and_executable() -> None:
    text = (ROOT / "inv").read_text(encoding="utf-8")
    assert text.startswith("#!/bin/sh\n")
    assert os.access(ROOT / "inv", os.X_OK)
    for word in ("[[", "function ", "local ", "<<<", "$'", "source "):
        assert word not in text
    assert subprocess.run(["sh", "-n", str(ROOT / "inv")], check=False).returncode == 0
