"""A Firefox that nobody sees, driven by its own Marionette protocol: nothing has to be installed beside the browser.

Playwright drives a Firefox of its own only. Pages must allow inline scripts.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("firefox-esr", "firefox")
_PORT_FILE = "MarionetteActivePort"
_PREFERENCES = {
    "marionette.port": 0,
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "media.autoplay.default": 0,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
}
# Runs in the page, as a module of its own: with import(), and await at its top.
_RUN = """
const [code, argument, done] = arguments;
window.__answer = (value) => done(JSON.stringify(value ?? null));
window.__argument = argument;
const script = document.createElement('script');
script.type = 'module';
script.textContent = `
  const argument = JSON.parse(window.__argument);
  try { window.__answer({ value: await (${code})(argument) }); }
  catch (error) { window.__answer({ error: String(error?.stack ? error + ' ' + error.stack : error) }); }`;
document.head.append(script);
"""


class Firefox:
    """A page in a Firefox.

    Args:
        socket: Of Marionette, connected.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")
        self._number = 0
        self._read()
        capabilities = self._call("WebDriver:NewSession", {})["capabilities"]
        self.version = str(capabilities["browserVersion"])

    def _read(self) -> Any:
        digits = b""
        while (sign := self._file.read(1)) != b":":
            if not sign:
                raise ConnectionError("Firefox has gone")
            digits += sign
        return json.loads(self._file.read(int(digits)))

    def _call(self, command: str, parameters: dict[str, Any]) -> Any:
        self._number += 1
        data = json.dumps([0, self._number, command, parameters]).encode()
        self._connection.sendall(str(len(data)).encode() + b":" + data)
        _, _, error, result = self._read()
        if error:
            raise RuntimeError(f"{command}: {error['error']}: {error['message']}")
        return result

    def goto(self, url: str) -> None:
        self._call("WebDriver:Navigate", {"url": url})

    def evaluate(self, code: str, argument: Any = None, timeout_s: float = 60) -> Any:
        """Call a function of the page's language with one argument, await it, and return its result."""
        parameters = {
            "script": _RUN,
            "args": [code, json.dumps(argument)],
            "scriptTimeout": round(timeout_s * 1000),
            "sandbox": None,
        }
        answer = json.loads(self._call("WebDriver:ExecuteAsyncScript", parameters)["value"])
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer.get("value")


def find_firefox() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def open_firefox(program: str, folder: Path) -> Iterator[Firefox]:
    """Start a Firefox with a new profile in a folder; it ends with the context."""
    profile = folder / "profile"
    profile.mkdir(parents=True)
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    command = [program, "--marionette", "--no-remote", "--profile", str(profile)]
    with (folder / "firefox.log").open("wb") as log, _open_screen(log) as display:
        environment = {**os.environ, **({"DISPLAY": display} if display else {"MOZ_HEADLESS": "1"})}
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            with _connect(profile / _PORT_FILE, process) as connection:
                yield Firefox(connection)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def _open_screen(log: Any) -> Iterator[str | None]:
    """Start an Xvfb, on which Firefox has WebGL; gives its name, or None where there is none (no WebGL, then)."""
    if shutil.which("Xvfb") is None:
        yield None
        return
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1024x768x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, stdout=log, stderr=log, pass_fds=(writing,))
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            yield f":{answer.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


def _connect(port_file: Path, process: "subprocess.Popen[bytes]") -> socket.socket:
    for _ in range(1200):
        if process.poll() is not None:
            raise ConnectionError(f"Firefox ended with {process.returncode}")
        with contextlib.suppress(OSError, ValueError):
            return socket.create_connection(("127.0.0.1", int(port_file.read_text())))
        time.sleep(0.1)
    raise ConnectionError("Firefox opened no port")
