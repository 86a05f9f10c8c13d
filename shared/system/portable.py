"""Every call that one operating system has and another one does not; no other module makes one.

Imports the standard library only, since inv.py uses it before anything is installed. Reads and writes nothing of the
project's own.

Example:
    >>> join_words(["python", "two words"], windows=True)
    'python "two words"'
"""

import contextlib
import errno
import os
import platform
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

IS_WINDOWS = sys.platform == "win32"
_BUSY_TRIES = 20  # a virus scanner, or a reader, holds a file for some tenths of a second
_BUSY_WAIT_S = 0.1
_LOCKED_BYTE = 1 << 30  # far behind what a lock's file says: Windows keeps others from reading a locked byte


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, where the system can do that (Windows cannot)."""
    if IS_WINDOWS:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace(source: str | Path, target: Path, *, windows: bool = IS_WINDOWS) -> None:
    """Rename a file or folder over another one.

    Windows refuses while any program has the target open; that is tried again for two seconds.

    Raises:
        OSError: It cannot be renamed.
    """
    for _ in range(_BUSY_TRIES if windows else 0):
        with contextlib.suppress(PermissionError):
            os.replace(source, target)
            return
        time.sleep(_BUSY_WAIT_S)
    os.replace(source, target)


def try_lock(file: IO[str]) -> bool:
    """Take the lock that a file stands for; the system gives it back when the process ends, however it ends.

    Programs that this process starts with open handles hold the lock with it on POSIX systems.

    Returns:
        False where another process has it.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(_LOCKED_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def unlock(file: IO[str]) -> None:
    """Give a lock back."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_UN)


def venv_python(venv: Path) -> Path:
    """Return where a virtual environment has its Python."""
    return venv / "Scripts" / "python.exe" if IS_WINDOWS else venv / "bin" / "python"


def become(words: Sequence[str]) -> int:
    """Run a program in this one's place; returns its exit code where the system cannot replace a process (Windows)."""
    if not IS_WINDOWS:
        os.execv(words[0], list(words))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the program itself, which says how it ended
    return subprocess.call(words)


def run_line(line: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a command line as `join_words` writes it, and catch what it prints; stderr is this program's."""
    return subprocess.run(line, shell=True, stdout=subprocess.PIPE, encoding="utf-8", env=environment, check=False)


def own_group() -> dict[str, Any]:
    """Return what subprocess.Popen needs so that a program and all that it starts can be ended as one."""
    if IS_WINDOWS:
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}


def end_group(process: "subprocess.Popen[bytes]", patience_s: float = 10.0) -> None:
    """End a program of `own_group` and all that it has started: as Ctrl-C does, then harder.

    Args:
        process: The program.
        patience_s: How long it may take before it is asked again, and at last killed.
    """
    signals = (
        [getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM), signal.SIGTERM]
        if IS_WINDOWS
        else [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
    )
    for number in signals:
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            process.send_signal(number) if IS_WINDOWS else os.killpg(process.pid, number)
            process.wait(patience_s)
        if process.poll() is not None:
            return


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """End a program of `own_group` at once, with all that it has started, also where it has ended itself already."""
    if IS_WINDOWS:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def ignore_interrupts() -> None:
    """Leave Ctrl-C, which reaches a whole group of processes, to the one that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def interrupt_on_terminate() -> None:
    """Let a request to end (``kill``, a scheduler's time limit, ``docker stop``) interrupt as Ctrl-C does.

    What this process has started in groups of its own is ended then, too; by itself the request would leave it behind.
    """
    if threading.current_thread() is threading.main_thread():  # no other one may say so
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def lower_thread_priority() -> None:
    """Let the calling thread, and those that it will start, stand back when others need the processor."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def count_cores() -> int:
    """Count the processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_average() -> float | None:
    """Return how many programs wanted the processor in the last minute; None where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def processor_name() -> str:
    """Return what the processor is called."""
    name = platform.processor() or platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return name
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return " ".join(models[0].split()) if models else name


def allow_quick_reuse(listener: socket.socket) -> None:
    """Let a server listen at once where one was killed; on Windows the same option would let two listen at a time."""
    if not IS_WINDOWS:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def has_screen(display: str) -> bool:
    """Tell whether a window can open.

    Args:
        display: The variable DISPLAY; asked on Linux only, as others always have a screen.
    """
    if not sys.platform.startswith("linux"):
        return True
    match = re.fullmatch(r"(?:unix)?(?P<host>[^:/]*):(?P<number>\d+)(?:\.\d+)?", display)
    if match is None:
        return bool(display)  # a socket's path: let the system try
    number = int(match["number"])
    try:
        if match["host"]:
            socket.create_connection((match["host"], 6000 + number), timeout=3).close()
            return True
    except OSError:
        return False
    for address in (f"/tmp/.X11-unix/X{number}", f"\0/tmp/.X11-unix/X{number}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(3)
            try:
                line.connect(address)
            except OSError:
                continue
            return True
    return False


def can_use_pty() -> bool:
    """Tell whether a program can be given a terminal of its own, and this one has a terminal."""
    return not IS_WINDOWS and sys.stdout.isatty() and sys.stdin.isatty()


def join_words(words: Sequence[str], *, windows: bool = IS_WINDOWS) -> str:
    """Write a command for the system's shell, so that each word arrives as it is.

    Example:
        >>> join_words(["echo", "two words"], windows=False)
        "echo 'two words'"
    """
    return subprocess.list2cmdline(words) if windows else shlex.join(words)


def camera_backends(system: str = sys.platform) -> tuple[str, ...]:
    """Name OpenCV's ways to a camera on this system, the best first.

    On Windows Media Foundation knows new cameras, and DirectShow the old and the virtual ones. Media Foundation takes
    half a minute to open a camera unless its hardware transforms are off, which this turns off.
    """
    if system == "win32":
        os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
        return ("CAP_MSMF", "CAP_DSHOW")
    return ("CAP_AVFOUNDATION",) if system == "darwin" else ("CAP_ANY",)


def is_too_long(error: OSError) -> bool:
    """Tell whether a system refused a path because of its length: Windows allows 260 letters if not set otherwise."""
    return error.errno == errno.ENAMETOOLONG or getattr(error, "winerror", None) == 206


def is_camera_path(name: str) -> bool:
    """Tell whether a name is a device of the system's own, such as /dev/video0."""
    return not IS_WINDOWS and name.startswith("/dev/")
