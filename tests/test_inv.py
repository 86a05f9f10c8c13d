"""./inv on machines that we do not have: another Python, odd folders, two at once, cut off in the middle.

Stubs stand for the module venv, pip and uv, and write down what they were asked; installing for real takes a while and
is what ./inv does on first use anyway. The doors and inv.py are the real ones.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

# The Python that the door finds: it tells a version, and is the real one for inv.py.
PYTHON = f"""#!/bin/sh
version=${{STUB_VERSION-3.11}}
case "$1 $2" in
"-S -c") case $version in 3.1[1-9] | 3.[2-9][0-9] | [4-9].*) exit 0 ;; *) exit 1 ;; esac ;;
"-c "*) [ -n "$version" ] && echo "$version" || exit 1 ;;
*) exec {sys.executable} "$@" ;;
esac
"""
VENV_MODULE = """
import os, pathlib, shutil, sys
with open(os.environ["STUB_LOG"], "a") as log:
    log.write("venv\\n")
python = pathlib.Path(sys.argv[1]) / "bin" / "python"
python.parent.mkdir(parents=True)
shutil.copy(os.environ["STUB_VENV_PYTHON"], python)
"""
VENV_PYTHON = r"""#!/bin/sh
log() { printf "%s\n" "$*" >>"$STUB_LOG"; }
case "$*" in
"-m pip "*" config list") printf "%b" "${STUB_SETTINGS-}" ;;
"-m pip "*" install -qq uv "*) [ -z "${STUB_NO_UV-}" ] || exit 1 ;;
"-m uv "*"--dry-run"*)
    log "plan: $*"
    case "$*" in *torch-backend*) [ -n "${STUB_SMALL-}" ] || exit 2 ;; *) printf "%b" "${STUB_PLAN-}" >&2 ;; esac ;;
"-m uv "* | "-m pip "*)
    log "installer begins in $PWD: $*"
    log "certificate ${SSL_CERT_FILE-}"
    touch "$STUB_LOG.began"
    sleep "${STUB_S:-0}"
    [ -z "${STUB_FAILS-}" ] || { echo "no network" >&2; exit 1; }
    log "installer ends" ;;
"-m compileall "*) ;;
"-P -m shared.chain.program"*)
    log "program from $PWD"
    shift 3
    for word in "$@"; do printf '<%s>' "$word"; done
    echo ;;
*) exit 65 ;;
esac
"""


class Checkout:
    """A folder with the launcher in it, and stubs for what it starts."""

    def __init__(self, folder: Path, stubs: Path) -> None:
        folder.mkdir(parents=True)
        stubs.mkdir(parents=True, exist_ok=True)
        for name in ("inv", "inv.py", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, folder)
        (folder / "shared").mkdir()
        shutil.copy(ROOT / "shared" / "__init__.py", folder / "shared")
        shutil.copytree(ROOT / "shared" / "system", folder / "shared" / "system")
        self.folder = folder
        self.log_file = stubs / "log"
        for name, text in (("python", PYTHON), ("venv_python", VENV_PYTHON), ("venv.py", VENV_MODULE)):
            (stubs / name).write_text(text)
            (stubs / name).chmod(0o755)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("INV_", "UV_", "SSL_"))},
            "PYTHON": str(stubs / "python"),
            "PYTHONPATH": str(stubs),
            "PYTHONDONTWRITEBYTECODE": "1",
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

    def wait_for_the_installer(self) -> None:
        began = Path(f"{self.log_file}.began")
        deadline = time.monotonic() + 60
        while not began.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert began.exists()

    def cut_off_while_installing(self, **more: str) -> None:
        """Start it and kill it, installer and all, as soon as something is being installed."""
        Path(f"{self.log_file}.began").unlink(missing_ok=True)
        process = self.start(STUB_S="30", **more)
        self.wait_for_the_installer()
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "house", tmp_path / "stubs")


def test_the_first_use_makes_the_environment_and_the_second_one_does_not(checkout: Checkout) -> None:
    code, out, err = checkout.run("demo")
    assert code == 0
    assert out == "<demo>\n"
    assert "making .venv with Python 3.11" in err
    assert checkout.run("demo")[2] == ""
    assert (checkout.count("venv"), checkout.count("installer begins"), checkout.count("program")) == (1, 1, 2)


def test_words_reach_invoke_as_they_were_typed(checkout: Checkout) -> None:
    words = ("collect", "--source", "my film.mp4", "--name", "김 민수", "$HOME", "*", "")
    code, out, _ = checkout.run(*words)
    assert code == 0
    assert out == "<" + "><".join(words) + ">\n"


def extras_asked_for(checkout: Checkout) -> set[str]:
    line = [line for line in checkout.log() if line.startswith("installer begins")][-1]
    return set(line.partition("-e .[")[2].partition("]")[0].split(","))


def known_extras() -> set[str]:
    """Name the extras but ray, 240 MB that only a team with a cluster installs, by hand."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return set(project["optional-dependencies"]) - {"ray"}


def test_all_extras_are_installed_but_those_that_few_tasks_need(checkout: Checkout) -> None:
    checkout.run("demo")
    assert extras_asked_for(checkout) == known_extras() - {
        "dev",
        "spec-checker",
        "timeline-sound",
        "near-duplicates",
        "litert",
    }
    assert checkout.run("demo", "--lang", "en")[2] == ""
    assert "also needs: timeline-sound" in checkout.run("timeline", "--film", "talk.mp4")[2]
    assert "also needs: spec-checker" in checkout.run("validate-spec", "--browser")[2]
    assert "also needs: near-duplicates" in checkout.run("duplicates", "--dataset", "people")[2]
    assert extras_asked_for(checkout) == known_extras() - {"dev", "litert"}
    assert "also needs: dev" in checkout.run("test")[2]
    assert extras_asked_for(checkout) == known_extras() - {"litert"}  # it has a place of its own
    assert [checkout.run(task)[2] for task in ("check", "bench", "demo", "validate-spec")] == [""] * 4
    assert (checkout.count("venv"), checkout.count("installer begins")) == (1, 5)


def test_a_name_that_is_a_tasks_is_no_task(checkout: Checkout) -> None:
    checkout.run("collect", "--dataset", "test")
    assert "dev" not in extras_asked_for(checkout)


SETTINGS = """:env:.cert='/etc/ca.crt'
:env:.find-links='/opt/my-wheels /opt/more'
:env:.default-timeout='180'
global.constraint='/etc/caps.txt'
global.extra-index-url='file:///opt/simple'
global.find-links='/not/this'
install.no-index='false'
freeze.timeout='1'
user.trusted-host='my.host'
"""


def test_pips_settings_are_handed_on_to_uv_which_does_not_read_them(checkout: Checkout) -> None:
    assert checkout.run(STUB_SETTINGS=SETTINGS.replace("\n", "\\n").replace("user.", "global."))[0] == 0
    line = next(line for line in checkout.log() if line.startswith("installer begins"))
    assert "-m uv pip install" in line
    for words in (
        "--find-links /opt/my-wheels --find-links /opt/more",
        "--constraints /etc/caps.txt",
        "--index file:///opt/simple",
        "--allow-insecure-host my.host",
        "--index-strategy unsafe-best-match",
        f"-c {checkout.folder}/constraints.txt",
    ):
        assert f" {words} " in f"{line} "
    assert "/not/this" not in line
    assert "--no-index" not in line
    assert "certificate /etc/ca.crt" in checkout.log()


def installers(checkout: Checkout) -> list[str]:
    lines = [line for line in checkout.log() if line.startswith("installer begins")]
    return [line.split(" -m ", 1)[1].split()[0] + (" small" if "torch-backend" in line else "") for line in lines]


CUDA = " + nvidia-cublas==13.1\\n + torch==2.13.0\\n"


@pytest.mark.parametrize(
    ("stubs", "expected", "text"),
    [
        ({}, "uv", ""),
        ({"STUB_NO_UV": "1"}, "pip", "installing by pip"),
        ({"INV_INSTALLER": "pip"}, "pip", "installing by pip"),
        ({"STUB_PLAN": CUDA, "STUB_SMALL": "1"}, "uv small", ""),
        ({"STUB_PLAN": CUDA}, "uv", "4 GB more are fetched"),
        # uv would fetch gigabytes where pip, by its own settings, has a small build: pip does it.
        ({"STUB_PLAN": CUDA, "STUB_SETTINGS": "global.find-links='/opt/wheels'\\n"}, "pip", "installing by pip"),
    ],
)
def test_torch_never_comes_with_gigabytes_that_can_be_spared(
    stubs: dict[str, str], expected: str, text: str, checkout: Checkout
) -> None:
    code, _, err = checkout.run(**stubs)
    assert code == 0
    assert installers(checkout) == [expected]
    assert text in err
    assert "1.9 GB" in err


def test_constraints_name_every_package_that_is_asked_for_and_no_host() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in text.splitlines()}
    assert all("==" in line for line in text.splitlines())
    assert "://" not in text
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = [
        *project["dependencies"],
        *(name for names in project["optional-dependencies"].values() for name in names),
    ]
    phones = (ROOT / "constraints-litert.txt").read_text(encoding="utf-8")
    for_phones = {line.partition("==")[0] for line in phones.splitlines()}
    assert {name.partition("==")[0] for name in required} - for_phones <= pinned
    assert "litert-torch" in for_phones
    assert {name for name in pinned if name.startswith("opencv")} == {"opencv-contrib-python"}, "one OpenCV only"


@pytest.mark.parametrize("version", ["3.10", "3.9", "2.7", "", "nonsense"])
def test_an_old_python_or_none_is_refused_in_one_line(checkout: Checkout, version: str) -> None:
    code, out, err = checkout.run(STUB_VERSION=version)
    assert code == 3
    assert out == ""
    assert err.count("\n") == 1
    assert f"found Python {version or 'none'}" in err
    assert "expected 3.11 or newer" in err
    assert not (checkout.folder / ".venv").exists()


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
    assert out == "<demo>\n"
    assert f"program from {elsewhere}" in house.log()
    assert any(line.startswith(f"installer begins in {house.folder}:") for line in house.log())
    relative = subprocess.run(
        ["sh", f"../{name}/하우스 1/inv", "x"], cwd=elsewhere, env=house.environment, capture_output=True, check=False
    )
    assert relative.returncode == 0
    assert house.count("installer begins") == 1


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
    assert done.stdout == "<x>\n"
    assert checkout.count(f"installer begins in {checkout.folder}:") == 1


@pytest.mark.parametrize("n_processes", [2, 5])
def test_several_at_the_same_time_install_once(checkout: Checkout, n_processes: int) -> None:
    processes = [checkout.start(STUB_S="1") for _ in range(n_processes)]
    ends = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * n_processes
    assert all("<demo>" in out for out, _ in ends)
    assert (checkout.count("venv"), checkout.count("installer begins")) == (1, 1)
    assert sum("another ./inv" in err for _, err in ends) == n_processes - 1


def test_a_first_install_that_was_killed_is_begun_anew(checkout: Checkout) -> None:
    checkout.cut_off_while_installing()
    (checkout.folder / ".venv" / "rubble").write_text("half a package")
    code, out, err = checkout.run()
    assert code == 0
    assert "<demo>" in out
    assert "making .venv" in err
    assert not (checkout.folder / ".venv" / "rubble").exists()
    assert checkout.count("venv") == 2


def test_after_a_killed_install_several_at_once_still_install_once(checkout: Checkout) -> None:
    # Those who came late once moved away the lock that the first one had just taken over from the dead.
    checkout.cut_off_while_installing()
    before = checkout.count("installer begins")
    processes = [checkout.start(STUB_S="0.5") for _ in range(10)]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0] * 10
    assert checkout.count("installer begins") == before + 1


def test_an_interrupted_install_gives_its_lock_back(checkout: Checkout) -> None:
    process = checkout.start(STUB_S="5")
    checkout.wait_for_the_installer()
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)
    assert checkout.run()[0] == 0


def test_an_install_that_fails_says_so_and_is_tried_again(checkout: Checkout) -> None:
    code, out, err = checkout.run(STUB_FAILS="1")
    assert (code, out) == (3, "")
    assert err.count("no network") == 2, "uv first, then pip"
    assert "pip failed" in err
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
    assert checkout.count("installer begins") == n_installs
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
    assert checkout.count("installer begins") == 2


def edit_constraints(checkout: Checkout) -> None:
    (checkout.folder / "constraints.txt").write_text("numpy==2.4.6\n")


def test_new_constraints_are_installed(checkout: Checkout) -> None:
    checkout.run()
    edit_constraints(checkout)
    assert "the packages have changed" in checkout.run()[2]
    assert checkout.run()[2] == ""


def test_the_converter_for_phones_has_an_environment_of_its_own(checkout: Checkout) -> None:
    (checkout.folder / "constraints-litert.txt").write_text("typing-extensions==4.12.2\n")
    code, out, err = checkout.run("export", "--run", "r", "--target", "litert")
    assert (code, out) == (0, "<export><--run><r><--target><litert>\n")
    assert "making .venv-litert" in err
    assert not (checkout.folder / ".venv").exists()
    (installed,) = [line for line in checkout.log() if line.startswith("installer begins")]
    assert "[exporter,litert,tasks,trainer]" in installed
    assert "constraints-litert.txt" in installed
    checkout.run("export", "--run", "r")
    assert "litert" not in [line for line in checkout.log() if line.startswith("installer begins")][1]
    checkout.run("export", "--run", "r", "--target=litert")
    assert checkout.count("installer begins") == 2


def test_the_environment_of_an_older_launcher_is_made_anew(checkout: Checkout) -> None:
    checkout.run()
    (checkout.folder / ".venv" / "installed").write_text(f"{checkout.folder}\n[build-system]\n")
    assert "making .venv" in checkout.run()[2]


def test_an_environment_whose_python_has_gone_is_made_anew(checkout: Checkout) -> None:
    checkout.run()
    (checkout.folder / ".venv" / "bin" / "python").unlink()
    assert "making .venv" in checkout.run()[2]


def test_an_installer_that_outlives_its_launcher_keeps_the_lock(checkout: Checkout) -> None:
    first = checkout.start(STUB_S="2")
    checkout.wait_for_the_installer()
    os.kill(first.pid, signal.SIGKILL)
    code, out, err = checkout.run()
    first.communicate()
    assert (code, out) == (0, "<demo>\n")
    assert "another ./inv" in err
    ends = [line.split()[1] for line in checkout.log() if line.startswith("installer")]
    assert ends == ["begins", "ends", "begins", "ends"], "one after the other"


def test_the_doors_are_thin_and_the_shell_is_plain() -> None:
    text = (ROOT / "inv").read_text(encoding="utf-8")
    assert text.startswith("#!/bin/sh\n")
    assert os.access(ROOT / "inv", os.X_OK)
    for word in ("[[", "function ", "local ", "<<<", "$'", "source "):
        assert word not in text
    assert subprocess.run(["sh", "-n", str(ROOT / "inv")], check=False).returncode == 0
    batch = (ROOT / "inv.cmd").read_bytes()
    assert batch.count(b"\n") == batch.count(b"\r\n") > 5, "cmd.exe needs CRLF"
    assert b'"%~dp0inv.py" %*' in batch
    assert b"exit /b %errorlevel%" in batch
    batch.decode("ascii")


def test_the_launcher_needs_the_standard_library_only() -> None:
    code = (
        "import sys, inv; print({name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names - {'__main__'})"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout in ("{'inv', 'shared'}\n", "{'shared', 'inv'}\n")
