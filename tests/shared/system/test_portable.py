"""Calls that one system has and another one does not are made in one module; the others run on each as they are."""

import ast
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.system import portable

ROOT = Path(__file__).parents[3]
HOME = ROOT / "shared" / "system" / "portable.py"
SOURCES = [
    ROOT / "tasks.py",
    ROOT / "inv.py",
    *sorted((ROOT / "shared").rglob("*.py")),
    *sorted((ROOT / "tools").rglob("*.py")),
]

MODULES = {
    "curses",
    "fcntl",
    "grp",
    "msvcrt",
    "nis",
    "nt",
    "posix",
    "pty",
    "pwd",
    "resource",
    "termios",
    "tty",
    "winreg",
}
# Of os, signal, socket, time and subprocess: what Windows has not, or means otherwise (os.kill ends a process there).
NAMES = set(
    """
    chown chroot confstr ctermid copy_file_range eventfd fchdir fchmod fchown fork forkpty fpathconf fstatvfs getegid
    geteuid getgid getgrouplist getgroups getloadavg getpgid getpgrp getpriority getresgid getresuid getsid getuid
    getxattr initgroups kill killpg lchown listxattr lockf login_tty major makedev memfd_create minor mkfifo mknod nice
    openpty pathconf pidfd_open pipe2 posix_fadvise posix_fallocate posix_openpt posix_spawn posix_spawnp pread preadv
    pwrite pwritev readv register_at_fork removexattr sched_getaffinity sched_setaffinity sched_yield sendfile setegid
    seteuid setgid setgroups setns setpgid setpriority setregid setresgid setresuid setreuid setsid setuid setxattr
    splice statvfs sync sysconf tcgetpgrp tcsetpgrp ttyname uname unshare wait wait3 wait4 waitid writev
    O_CLOEXEC O_DIRECTORY O_DSYNC O_NOCTTY O_NOFOLLOW O_NONBLOCK O_PATH O_SYNC O_TMPFILE
    SIGALRM SIGCHLD SIGCONT SIGHUP SIGIO SIGKILL SIGPIPE SIGPROF SIGQUIT SIGSTOP SIGTSTP SIGUSR1 SIGUSR2 SIGWINCH
    SIG_IGN alarm pause pthread_kill pthread_sigmask setitimer siginterrupt sigpending sigtimedwait sigwait sigwaitinfo
    AF_UNIX SO_REUSEADDR SO_REUSEPORT tzset clock_settime pthread_getcpuclockid
    execl execle execlp execlpe execv execve execvp execvpe symlink_to hardlink_to owner group lchmod
    """.split()  # noqa: SIM905
)
CALLS = {"os.rename", "os.renames", "os.replace", "os.symlink", "os.system", "os.popen", "shlex.join", "shlex.quote"}
KEYWORDS = {"preexec_fn", "start_new_session", "pass_fds", "process_group", "dir_fd", "extra_groups", "umask", "shell"}
PLACES = ("/dev/", "/proc/", "/sys/", "/tmp", "/etc/", "/usr/", "/bin/", "/var/", "/home/", "C:\\")


def find_calls(text: str) -> Iterator[str]:
    """Name what a source asks of one system only, with its line."""
    tree = ast.parse(text)
    paths = {id(docstring) for docstring in _docstrings(tree)}
    for node in ast.walk(tree):
        found = ""
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            names += [f"{node.module}.{alias.name}" for alias in node.names] if isinstance(node, ast.ImportFrom) else []
            found = next((name for name in names if name.split(".")[0] in MODULES or name in CALLS), "")
        elif isinstance(node, ast.Attribute):
            whole = ast.unparse(node)
            is_renaming = node.attr in ("rename", "replace") and whole.startswith(("Path(", "path."))
            owner = whole.split(".")[0]
            is_known = owner in ("os", "signal", "socket", "time", "asyncio") or node.attr.endswith("link_to")
            asks_which = whole in ("os.name", "sys.platform", "platform.system")
            found = whole if (node.attr in NAMES and is_known) or whole in CALLS or is_renaming or asks_which else ""
        elif isinstance(node, ast.keyword) and node.arg in KEYWORDS:
            found = node.arg
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in paths:
            found = node.value if node.value.startswith(PLACES) else ""
        if found:
            yield f"{found} (line {node.lineno})"


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        is_documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
        if is_documented and isinstance(first := node.body[0], ast.Expr) and isinstance(first.value, ast.Constant):
            yield first.value


def test_no_other_module_calls_what_one_system_alone_has() -> None:
    found = {path: list(find_calls(path.read_text(encoding="utf-8"))) for path in SOURCES if path != HOME}
    bad = {path.relative_to(ROOT).as_posix(): calls for path, calls in found.items() if calls}
    assert bad == {}, "put it into shared/system/portable.py, for every system"


@pytest.mark.parametrize(
    "line",
    [
        "import fcntl",
        "from os import replace",
        "os.kill(pid, 0)",
        "signal.signal(signal.SIGHUP, f)",
        "os.replace(a, b)",
        "path.rename(other)",
        "subprocess.run(words, start_new_session=True)",
        "open('/proc/meminfo')",
        "os.open(folder, os.O_DIRECTORY)",
        "if os.name == 'posix': pass",
        "subprocess.run('ls', shell=True)",
        "c.run(shlex.join(words))",
        "link.symlink_to(there)",
        "os.sched_getaffinity(0)",
    ],
)
def test_what_it_would_find(line: str) -> None:
    assert list(find_calls(line))
    assert list(find_calls(HOME.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "line", ["text.replace(a, b)", "os.path.join(a)", "'''/dev/video0 is a camera'''", "os.link(a, b)"]
)
def test_what_it_lets_pass(line: str) -> None:
    assert list(find_calls(line)) == []


def test_text_files_are_utf_8_on_every_system() -> None:
    """Windows writes cp949 or cp1252 where nothing is said."""
    for node in (node for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        given = {keyword.arg for keyword in node.keywords}
        modes = [
            word.value for word in (*node.args, *(k.value for k in node.keywords)) if isinstance(word, ast.Constant)
        ]
        is_binary = any(isinstance(mode, str) and "b" in mode and len(mode) < 4 for mode in modes)
        if name in ("read_text", "write_text") and "encoding" not in given:
            assert ast.unparse(node.func).startswith("importlib.resources"), f"line {node.lineno}: no encoding"
        if name in ("open", "fdopen", "NamedTemporaryFile") and ast.unparse(node.func) in (
            "open",
            "os.fdopen",
            "path.open",
        ):
            assert "encoding" in given or is_binary, f"line {node.lineno}: no encoding"


@pytest.mark.parametrize(
    "words", [["a b", "c"], ["it's"], ['say "hi"'], ["$HOME", "*", "&", "100%"], [""], ["웃음 영상.mp4"]]
)
def test_words_reach_a_program_as_they_are(words: list[str]) -> None:
    command = portable.join_words([sys.executable, "-c", "import sys; print(sys.argv[1:])", *words])
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == f"{words}\n"
    assert shlex.split(command)[3:] == words


def test_windows_words_are_quoted_as_its_programs_read_them() -> None:
    command = portable.join_words(["py.exe", "two words", 'say "hi"', "C:\\a b\\"], windows=True)
    assert command == 'py.exe "two words" "say \\"hi\\"" "C:\\a b\\\\"'


def test_an_open_file_is_replaced_where_the_system_lets_go_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").write_text("new")
    (tmp_path / "old").write_text("old")
    refusals, real = iter([PermissionError(), PermissionError()]), os.replace

    def busy(source: Path, target: Path) -> None:
        if error := next(refusals, None):
            raise error
        real(source, target)

    monkeypatch.setattr(os, "replace", busy)
    monkeypatch.setattr(portable, "_BUSY_WAIT_S", 0.0)
    portable.replace(tmp_path / "new", tmp_path / "old", windows=True)
    assert (tmp_path / "old").read_text() == "new"
    with pytest.raises(FileNotFoundError):
        portable.replace(tmp_path / "nothing", tmp_path / "old", windows=True)


def test_a_lock_is_one_process_at_a_time_and_ends_with_it(tmp_path: Path) -> None:
    code = "import sys; from shared.system import portable; print(portable.try_lock(open(sys.argv[1], 'a')))"
    words = [sys.executable, "-c", code, str(tmp_path / "lock")]

    def can_lock() -> bool:
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout == "True\n"

    with (tmp_path / "lock").open("a", encoding="ascii") as file:
        assert portable.try_lock(file)
        assert not can_lock()
        portable.unlock(file)
        assert can_lock()
        assert can_lock()


@pytest.mark.parametrize(
    ("system", "backends"),
    [("win32", ["MSMF", "DSHOW"]), ("darwin", ["AVFOUNDATION"]), ("linux", ["ANY"])],
)
def test_cameras_are_opened_as_the_system_has_them(
    system: str, backends: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import cv2

    monkeypatch.delenv("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", raising=False)
    names = portable.camera_backends(system)
    assert [name.removeprefix("CAP_") for name in names] == backends
    assert all(isinstance(getattr(cv2, name), int) for name in names)


def test_paths_in_documents_have_no_backslashes() -> None:
    """On Windows ``str`` of a relative path has them; ``as_posix`` has none. `paths.shown` is for people's eyes."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_text = isinstance(node, ast.Call) and ast.unparse(node.func) == "str" and bool(node.args)
            if is_text and ".relative_to(" in ast.unparse(node.args[0]):
                found.append(f"{path.relative_to(ROOT).as_posix()}:{node.lineno}")
    assert [place for place in found if not place.startswith("shared/paths.py")] == []
