"""A real Chromium, without a window, for one kind of execution provider; and the server that its pages come from.

Knows flags and how to say that something is missing; knows nothing of graphs.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shared.errors import CheckFailed, MissingOutside
from shared.provenance import describe_machine
from shared.web.npm import ONNXRUNTIME_WEB, TASKS_VISION
from shared.web.server import PageServer

PAGES = Path(__file__).with_name("pages")
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
# Without the second and third line, Chromium asks its maker's servers things that a proof has no business with.
FLAGS = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    # A page that is not on top must not be slowed down: what is measured is the model.
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    # performance.measureUserAgentSpecificMemory() answers at once, not at the next garbage collection.
    "--enable-blink-features=ForceEagerMeasureMemory",
)
PROVIDER_FLAGS: Mapping[str, tuple[str, ...]] = {
    "wasm": (),
    "webgpu": ("--enable-unsafe-webgpu", "--enable-features=Vulkan"),
    "webgl": ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
}
SOFTWARE_WEBGPU = ("--use-webgpu-adapter=swiftshader",)
PAGE_TIMEOUT_MS = 60_000
_POLL_MS = 50


def find_chromium(chosen: str | None = None) -> str:
    """Find a Chromium or Chrome.

    Args:
        chosen: A program's path or name; None looks in SMILEBENCH_CHROMIUM, then for the usual names.

    Raises:
        MissingOutside: There is none.
    """
    wanted = chosen or os.environ.get("SMILEBENCH_CHROMIUM")
    for name in (wanted,) if wanted else NAMES:
        if program := shutil.which(name):
            return program
    raise MissingOutside(
        "the browser",
        found=f"no program {wanted}" if wanted else "no Chromium",
        expected="Chromium or Chrome, to run the graphs in",
        todo="install it (Debian, Ubuntu: apt install chromium), or name it with --chromium PATH",
    )


@contextlib.contextmanager
def open_chromium(program: str, flags: tuple[str, ...] = ()) -> Iterator[Any]:
    """Start a Chromium with these flags beside the usual ones; gives Playwright's Browser.

    Raises:
        MissingOutside: It does not start.
    """
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=[*FLAGS, *flags])
        except Error as error:
            raise MissingOutside(
                program,
                found=f"a browser that does not start ({first_line(error)})",
                expected="a running Chromium",
                todo="try it by hand: chromium --headless --dump-dom about:blank",
            ) from None
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def serve(
    folder: Path, film_dir: Path | None = None, landmarker: tuple[Path, Path] | None = None
) -> Iterator[PageServer]:
    """Serve a hand-off at "/" and "/model/", the proof's page, onnxruntime-web, and raw frames of a film.

    Args:
        folder: The hand-off.
        film_dir: Served at "/film/".
        landmarker: The folders of tasks-vision and of the landmarker's model, for a model of features.

    Raises:
        MissingOutside: onnxruntime-web is not here and cannot be fetched.
    """
    dist = ONNXRUNTIME_WEB.install() / "dist"
    folders = {
        "/": folder,
        "/model/": folder,
        "/proof/": PAGES,
        "/ort/": dist,
        f"/node_modules/{ONNXRUNTIME_WEB.name}/dist/": dist,
    }
    if film_dir is not None:
        folders["/film/"] = film_dir
    if landmarker is not None:
        package, folders["/landmarker/"] = landmarker
        folders["/tasks/"] = folders[f"/node_modules/{TASKS_VISION.name}/"] = package
    with PageServer(folders) as server:
        yield server


class ProofPage:
    """The proof's page in a browser, with onnxruntime-web loaded for one configuration.

    Args:
        browser: Playwright's.
        server: What `serve` gave.
        provider: wasm, webgpu or webgl.
        threads: Of wasm.
    """

    def __init__(self, browser: Any, server: PageServer, provider: str, threads: int) -> None:
        self._page = browser.new_page()
        self._page.set_default_timeout(PAGE_TIMEOUT_MS)
        self._page.goto(server.url + "proof/proof.html")
        wait_until(self._page, "globalThis.proof !== undefined")
        self.environment = self.call("environment", provider)
        self.call("start", {"module": f"ort.{provider}.min.mjs", "threads": threads})

    def call(self, function: str, argument: Any = None) -> Any:
        """Call a function of proof.mjs.

        Raises:
            CheckFailed: It failed, or the page is gone.
        """
        from playwright.sync_api import Error

        try:
            return self._page.evaluate("([name, argument]) => proof[name](argument)", [function, argument])
        except Error as error:
            raise CheckFailed(f"the browser: {function}", found=first_line(error), expected="an answer") from None

    def collect_garbage(self) -> None:
        """Let V8 free what nothing refers to, so that two readings of memory can be compared."""
        session = self._page.context.new_cdp_session(self._page)
        session.send("HeapProfiler.enable")
        session.send("HeapProfiler.collectGarbage")
        session.detach()

    def close(self) -> None:
        """Close the page; its memory goes with it."""
        self._page.close()


@contextlib.contextmanager
def open_page(browser: Any, server: PageServer, provider: str, threads: int = 1) -> Iterator[ProofPage]:
    """Open the proof's page for one configuration and close it afterwards."""
    page = ProofPage(browser, server, provider, threads)
    try:
        yield page
    finally:
        page.close()


def wait_until(page: Any, expression: str, timeout_ms: float = PAGE_TIMEOUT_MS) -> None:
    """Wait until an expression is true in a page.

    Playwright's own wait_for_function needs eval, which the pages' policy forbids.

    Raises:
        CheckFailed: It never becomes true.
    """
    for _ in range(round(timeout_ms / _POLL_MS)):
        if page.evaluate(f"Boolean({expression})"):
            return
        page.wait_for_timeout(_POLL_MS)
    found = f"nothing after {timeout_ms / 1000:.0f} s"
    raise CheckFailed("the page", found=found, expected=expression, todo="open it in a browser and look at its console")


def first_line(error: Exception) -> str:
    """Shorten Playwright's error to its first line, without its own prefix."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return re.sub(r"^(Page|BrowserType)\.\w+: (Error: )?", "", text)[:200]


def describe_processor() -> str:
    """Name this computer's processor and its cores: figures of time mean nothing without them."""
    machine = describe_machine()
    return f"{machine['processor']}, {machine['cores']} cores"
